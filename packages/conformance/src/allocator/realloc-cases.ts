import type { BlockAllocator } from "@heapwright/core";

import { demand, quietly } from "../demand.js";
import { bytesAt, demandBytes, demandMarked, mallocMarked, type MarkedBlock } from "./contents.js";
import { demandUnchanged, pictureOf } from "./picture.js";
import { checkPrograms, type Law } from "./play.js";
import { memoryFor, withAllocator, type Draft, type Subject } from "./subject.js";
import { watchMemory } from "./watched-memory.js";

/** Lengths to change between, in bytes: small, large, and to either side of the usual limits. */
const LENGTHS: readonly number[] = [1, 16, 17, 512, 513, 5000, 64 * 1024, 300 * 1024];

const HOPELESS: readonly number[] = [-1, 0.5, Number.NaN, 2 ** 31, 2 ** 32, 2 ** 40];

/** More runs of pages than one call can need: tables, an arena, a chunk. */
const MOST_RUNS_A_CALL = 4;

const MARK = 0x5a;

/** `realloc`: what is kept, and what happens to the block when it fails. */
export function reallocCases(subject: Subject): Draft[] {
  return [
    {
      id: "realloc-keeps/lengths",
      rule: "realloc-keeps",
      title: "keeps the bytes that both lengths share, from any length to any other",
      origin: "PyMem_Realloc, Doc/c-api/memory.rst, CPython 3.11",
      run: () => {
        for (const from of LENGTHS) {
          for (const to of LENGTHS) withAllocator(subject, (allocator) => demandKept(allocator, from, to));
        }
      },
    },
    {
      id: "realloc-keeps/programs",
      rule: "realloc-keeps",
      title: "keeps the bytes that both lengths share in a random program",
      run: () => checkPrograms(subject, keepsPrefix),
    },
    {
      id: "realloc-null/malloc",
      rule: "realloc-null",
      title: "makes a new block when the address is 0",
      origin: "_PyObject_Realloc, Objects/obmalloc.c, CPython 3.11",
      run: () => withAllocator(subject, demandNullMakesBlock),
    },
    {
      id: "realloc-failure/hopeless-size",
      rule: "realloc-failure",
      title: "leaves the block as it was when the new length is bad or too large",
      origin: "PyMem_Realloc, Doc/c-api/memory.rst, CPython 3.11",
      run: () =>
        withAllocator(subject, (allocator) => {
          for (const bytes of HOPELESS) {
            const block = mallocMarked(allocator, 100, MARK);
            const what = `realloc(address, ${bytes})`;
            demandUnchanged(allocator, what, () => quietly(() => allocator.realloc(block.address, bytes)));
            demandMarked(allocator, block, `the block after ${what}`);
          }
        }),
    },
    {
      id: "realloc-failure/refused-growth",
      rule: "realloc-failure",
      title: "leaves the block as it was when the memory refuses to grow for the new one",
      origin: "PyMem_Realloc, Doc/c-api/memory.rst, CPython 3.11",
      run: () => {
        for (let nth = 1; nth <= MOST_RUNS_A_CALL; nth++) refuseGrowth(subject, nth);
      },
    },
  ];
}

function demandKept(allocator: BlockAllocator, from: number, to: number): void {
  const address = allocator.malloc(from);
  allocator.malloc(16); // stands in the way of growing in place
  bytesAt(allocator, address, from).fill(MARK);
  const moved = allocator.realloc(address, to);
  demandBytes(allocator, moved, Math.min(from, to), MARK, `a block reallocated from ${from} B to ${to} B`);
}

function keepsPrefix(): Law {
  return {
    leaving: ({ address, bytes, mark }, { allocator }) => {
      bytesAt(allocator, address, bytes).fill(mark);
    },
    reallocated: (before, after, { allocator }) =>
      demandBytes(allocator, after.address, Math.min(before.bytes, after.bytes), before.mark, after.name),
  };
}

function demandNullMakesBlock(allocator: BlockAllocator): void {
  const empty = [allocator.malloc(0), allocator.realloc(0, 0)];
  demand(
    (empty[0] === 0) === (empty[1] === 0),
    `realloc(0, 0) must do as malloc(0); they returned ${empty.join(", ")}.`,
  );
  for (const bytes of [1, 512, 513, 64 * 1024]) {
    const neighbour = allocator.malloc(bytes);
    const before = allocator.stats().liveBlocks;
    const address = allocator.realloc(0, bytes);
    demand(
      address !== 0 && address !== neighbour,
      `realloc(0, ${bytes}) must make a block; it returned ${address}.`,
    );
    const { liveBlocks } = allocator.stats();
    demand(
      liveBlocks === before + 1,
      `realloc(0, ${bytes}) must add a live block to ${before}; there are ${liveBlocks}.`,
    );
    allocator.free(address);
  }
}

/** Reallocates to ever larger lengths until the memory, which refuses one run of pages, makes a call fail. */
function refuseGrowth(subject: Subject, nth: number): void {
  let refusing = Infinity;
  const watched = watchMemory(memoryFor(subject), (call) => call === refusing);
  withAllocator(
    subject,
    (allocator) => {
      for (let bytes = 1024; bytes <= subject.maxBytes / 4; bytes *= 2) {
        refusing = Infinity;
        const block = mallocMarked(allocator, 100, MARK);
        refusing = watched.reserves() + nth;
        if (!failsUnchanged(allocator, block, bytes)) continue;
        demandMarked(allocator, block, `the block after realloc(address, ${bytes}) failed`);
        return;
      }
    },
    { memory: watched.memory },
  );
}

/** Tries to reallocate; says whether that failed, after demanding that nothing changed then. */
function failsUnchanged(allocator: BlockAllocator, block: MarkedBlock, bytes: number): boolean {
  const before = pictureOf(allocator);
  try {
    if (allocator.realloc(block.address, bytes) !== 0) return false;
  } catch {
    // Which error it is has a rule of its own.
  }
  demand(
    pictureOf(allocator) === before,
    `realloc(address, ${bytes}) must change nothing when the memory refuses to grow; the live blocks differ.`,
  );
  return true;
}
