import type { Address, BlockAllocator } from "@heapwright/core";

import { demand } from "../demand.js";
import { fillUp, freeScattered, tryMalloc } from "./fill.js";
import { demandUnchanged } from "./picture.js";
import { memoryFor, partOf, withAllocator, without, type Draft, type Subject } from "./subject.js";
import { watchMemory } from "./watched-memory.js";

/** Lengths that small, large and very large blocks have, in bytes. */
const LENGTHS: readonly number[] = [512, 513, 4096, 40_000, 300 * 1024];

/** `free`: what it does with 0, and where the room goes. */
export function freeingCases(subject: Subject): Draft[] {
  return [
    {
      id: "free-null/nothing",
      rule: "free-null",
      title: "does nothing when address 0 is freed",
      origin: "PyMem_Free, Doc/c-api/memory.rst, CPython 3.11",
      run: () =>
        withAllocator(subject, (allocator) => {
          demandUnchanged(allocator, "free(0) on a new allocator", () => allocator.free(0));
          allocator.malloc(100);
          demandUnchanged(allocator, "free(0)", () => allocator.free(0));
        }),
    },
    {
      id: "reuses/few-at-a-time",
      rule: "reuses",
      title: "runs a program that asks for several memories full, a few blocks at a time",
      skip: without(subject, "reuses"),
      run: () => {
        for (const bytes of lengthsFor(subject)) {
          withAllocator(subject, (allocator) => runThrough(subject, allocator, [bytes]));
        }
      },
    },
    {
      id: "reuses/many-lengths",
      rule: "reuses",
      title: "runs such a program with blocks of many lengths",
      skip: without(subject, "reuses"),
      run: () => withAllocator(subject, (allocator) => runThrough(subject, allocator, lengthsFor(subject))),
    },
    {
      id: "reuses/filled-again",
      rule: "reuses",
      title: "fills a memory again after everything in it was freed",
      skip: without(subject, "reuses"),
      run: () => {
        for (const bytes of lengthsFor(subject)) {
          withAllocator(subject, (allocator) => fillTwice(allocator, bytes));
        }
      },
    },
    {
      id: "returns/small-blocks",
      rule: "returns",
      title: "gives the pages of small blocks back when all are freed",
      origin: "insert_to_freepool, Objects/obmalloc.c, CPython 3.11",
      skip: without(subject, "returns"),
      run: () => demandReturns(subject, 256),
    },
    {
      id: "returns/large-blocks",
      rule: "returns",
      title: "gives the pages of large blocks back when all are freed",
      skip: without(subject, "returns"),
      run: () => demandReturns(subject, Math.max(100_000, partOf(subject, 80))),
    },
  ];
}

/** Several blocks of each length fit into the memory at once, with room to spare. */
function lengthsFor(subject: Subject): number[] {
  return LENGTHS.filter((bytes) => bytes <= subject.maxBytes / 16);
}

/** Allocates two memories full in all, with four blocks live at any moment. */
function runThrough(subject: Subject, allocator: BlockAllocator, lengths: readonly number[]): void {
  const live: Address[] = [];
  let total = 0;
  for (let i = 0; total < 2 * subject.maxBytes; i++) {
    if (live.length === 4) allocator.free(live.shift()!);
    const bytes = lengths[i % lengths.length]!;
    const address = tryMalloc(allocator, bytes);
    demand(
      address !== 0,
      `malloc(${bytes}) must find room when ${live.length} blocks are live; it failed after ${total} B in all.`,
    );
    live.push(address);
    total += bytes;
  }
}

/** A quarter may be lost to tables that grew and do not shrink. */
function fillTwice(allocator: BlockAllocator, bytes: number): void {
  const first = fillUp(allocator, bytes);
  freeScattered(allocator, first);
  const second = fillUp(allocator, bytes);
  demand(
    second.length >= first.length * 0.75,
    `The memory held ${first.length} blocks of ${bytes} B; after they were freed it held ${second.length}.`,
  );
}

/**
 * Fills half of the memory, frees everything, twice. What is kept each time may be one run, the longest that was taken:
 * an arena or a chunk that waits for the next request.
 */
function demandReturns(subject: Subject, bytes: number): void {
  const memory = memoryFor(subject);
  const watched = watchMemory(memory);
  const takenBytes = (): number => memory.usage().takenBytes;
  withAllocator(
    subject,
    (allocator) => {
      const atFirst = takenBytes();
      for (let round = 0; round < 2; round++) {
        freeScattered(allocator, fillUp(allocator, bytes, partOf(subject, 2 * bytes)));
        const kept = takenBytes() - atFirst;
        const most = watched.longestRunBytes();
        demand(kept <= most, `At most one run of ${most} B may be kept when all is freed; ${kept} B are.`);
      }
    },
    { memory: watched.memory },
  );
}
