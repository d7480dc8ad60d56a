import type { BlockAllocator } from "@heapwright/core";

import { demandRefusal } from "../demand.js";
import { demandUnchanged } from "./picture.js";
import { partOf, withAllocator, type Draft, type Subject } from "./subject.js";

/** None is a number of bytes. The text is what a caller without types may pass. */
const BAD_SIZES: readonly number[] = [
  -1,
  0.5,
  Number.NaN,
  Infinity,
  -Infinity,
  2 ** 53,
  "12" as unknown as number,
];

/** Requests that are refused for their size alone. */
export function sizeCases(subject: Subject): Draft[] {
  return [
    {
      id: "bad-size/malloc",
      rule: "bad-size",
      title: "refuses to malloc a number of bytes that is none",
      run: () =>
        withAllocator(subject, (allocator) => {
          for (const bytes of BAD_SIZES)
            demandBadSize(allocator, `malloc(${write(bytes)})`, () => allocator.malloc(bytes));
        }),
    },
    {
      id: "bad-size/calloc",
      rule: "bad-size",
      title: "refuses to calloc when count or bytes is no whole number, whatever the product is",
      run: () => withAllocator(subject, demandBadCounts),
    },
    {
      id: "bad-size/realloc",
      rule: "bad-size",
      title: "refuses to realloc to a number of bytes that is none",
      run: () =>
        withAllocator(subject, (allocator) => {
          for (const bytes of BAD_SIZES) {
            const address = allocator.malloc(40);
            demandRefusal(`realloc(address, ${write(bytes)})`, ["ERR_BAD_SIZE"], () =>
              allocator.realloc(address, bytes),
            );
            demandBadSize(allocator, `realloc(0, ${write(bytes)})`, () => allocator.realloc(0, bytes));
          }
        }),
    },
    {
      id: "out-of-memory/huge-sizes",
      rule: "out-of-memory",
      title: "refuses what is larger than the memory, also when it wraps in 32 bits",
      origin: "PyMem_Malloc, Objects/obmalloc.c, CPython 3.11",
      run: () =>
        withAllocator(subject, (allocator) => {
          for (const bytes of hugeSizes(subject)) {
            demandFull(allocator, `malloc(${bytes})`, () => allocator.malloc(bytes));
            const address = allocator.malloc(40);
            demandRefusal(`realloc(address, ${bytes})`, ["ERR_OUT_OF_MEMORY"], () =>
              allocator.realloc(address, bytes),
            );
          }
          const { maxBytes } = subject;
          demandFull(allocator, `calloc(1, ${maxBytes})`, () => allocator.calloc(1, maxBytes));
        }),
    },
    {
      id: "out-of-memory/full",
      rule: "out-of-memory",
      title: "refuses when the memory is full, block after block",
      run: () => {
        for (const bytes of [partOf(subject, 4000), partOf(subject, 70)]) {
          withAllocator(subject, (allocator) => demandFills(subject, allocator, bytes));
        }
      },
    },
  ];
}

function write(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function demandBadSize(allocator: BlockAllocator, what: string, call: () => unknown): void {
  demandUnchanged(allocator, what, () => demandRefusal(what, ["ERR_BAD_SIZE"], call));
}

function demandFull(allocator: BlockAllocator, what: string, call: () => unknown): void {
  demandUnchanged(allocator, what, () => demandRefusal(what, ["ERR_OUT_OF_MEMORY"], call));
}

function demandBadCounts(allocator: BlockAllocator): void {
  // The products 1, 0 and -0 are whole numbers; their factors are not.
  const pairs: [number, number][] = [
    [0.5, 2],
    [2, 0.5],
    [-1, -1],
    [0, -1],
    [-1, 0],
    [0, Number.NaN],
    [0, 0.5],
  ];
  for (const bad of BAD_SIZES) pairs.push([bad, 1], [1, bad]);
  for (const [count, bytes] of pairs) {
    const what = `calloc(${write(count)}, ${write(bytes)})`;
    demandBadSize(allocator, what, () => allocator.calloc(count, bytes));
  }
}

/** Sizes beyond the memory, by themselves or together with any rounding. */
function hugeSizes({ maxBytes }: Subject): number[] {
  const wrapping = [
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 16,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 32 + 16,
    2 ** 40,
    2 ** 53 - 1,
  ];
  return [maxBytes, maxBytes + 1, ...wrapping.filter((bytes) => bytes >= maxBytes)];
}

function demandFills(subject: Subject, allocator: BlockAllocator, bytes: number): void {
  const most = subject.maxBytes / bytes;
  const refusal = (): void =>
    demandRefusal(`malloc(${bytes}) with a full memory`, ["ERR_OUT_OF_MEMORY"], () => {
      for (let i = 0; i <= most; i++) if (allocator.malloc(bytes) === 0) return 0;
      return `${Math.ceil(most)} blocks`;
    });
  refusal();
  refusal();
}
