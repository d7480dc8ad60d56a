import type { BlockAllocator } from "@heapwright/core";

import { demandRefusal } from "../demand.js";
import { demandBytes, markBlock } from "./contents.js";
import { demandUnchanged } from "./picture.js";
import { checkPrograms, type Law } from "./play.js";
import { EDGE_SIZES } from "./program.js";
import { usedMemoryFor, withAllocator, type Draft, type Subject } from "./subject.js";

/** Counts and lengths whose product is too large for any memory, though it may look small in 32 or 53 bits. */
const OVERFLOWS: readonly (readonly [count: number, bytes: number])[] = [
  [2 ** 16, 2 ** 16],
  [2 ** 16, 2 ** 16 + 1],
  [2 ** 31, 2],
  [3, 2 ** 32],
  [2 ** 32, 2 ** 32],
  [2 ** 52, 4096],
  [2 ** 53 - 1, 2 ** 53 - 1],
];

/** `calloc`: clears, and is not fooled by a product. */
export function callocCases(subject: Subject): Draft[] {
  return [
    {
      id: "calloc-clears/first-use",
      rule: "calloc-clears",
      title: "clears blocks of every length",
      run: () =>
        withAllocator(subject, (allocator) => EDGE_SIZES.forEach((bytes) => demandClear(allocator, bytes))),
    },
    {
      id: "calloc-clears/reused-block",
      rule: "calloc-clears",
      title: "clears a block that was written to and freed before",
      run: () => {
        for (const bytes of EDGE_SIZES)
          withAllocator(subject, (allocator) => demandClearAgain(allocator, bytes));
      },
    },
    {
      id: "calloc-clears/used-memory",
      rule: "calloc-clears",
      title: "clears blocks of a memory that was full of other data",
      run: () =>
        withAllocator(subject, (allocator) => EDGE_SIZES.forEach((bytes) => demandClear(allocator, bytes)), {
          memory: usedMemoryFor(subject),
        }),
    },
    {
      id: "calloc-clears/programs",
      rule: "calloc-clears",
      title: "clears what calloc returns in a random program that writes to every block",
      run: () => checkPrograms(subject, clearsAmongWrites),
    },
    {
      id: "calloc-overflow/products",
      rule: "calloc-overflow",
      title: "refuses products of count and bytes that no memory could hold",
      origin: "PyMem_Calloc, Objects/obmalloc.c, CPython 3.11",
      run: () =>
        withAllocator(subject, (allocator) => {
          for (const [count, bytes] of OVERFLOWS) {
            const what = `calloc(${count}, ${bytes})`;
            demandUnchanged(allocator, what, () =>
              demandRefusal(what, ["ERR_OUT_OF_MEMORY", "ERR_BAD_SIZE"], () =>
                allocator.calloc(count, bytes),
              ),
            );
          }
        }),
    },
  ];
}

const DIRT = 0xa5;

function demandClear(allocator: BlockAllocator, bytes: number): void {
  const address = allocator.calloc(1, bytes);
  demandBytes(allocator, address, bytes, 0, `calloc(1, ${bytes})`);
}

/** Frees a block full of dirt and asks for its like twice, so that one of them is likely to get its room. */
function demandClearAgain(allocator: BlockAllocator, bytes: number): void {
  allocator.malloc(16); // keeps the page of a small block
  const dirty = allocator.malloc(bytes);
  markBlock(allocator, dirty, DIRT);
  allocator.free(dirty);
  demandClear(allocator, bytes);
  demandClear(allocator, bytes);
}

function clearsAmongWrites(): Law {
  return {
    allocated: ({ name, address, bytes }, { allocator }, call) => {
      if (call === "calloc") demandBytes(allocator, address, bytes, 0, name);
      markBlock(allocator, address, DIRT);
    },
  };
}
