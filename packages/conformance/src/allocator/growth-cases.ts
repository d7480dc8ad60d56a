/**
 * What happens when the memory refuses a run of pages: the first that is asked for, the second, and so on.
 *
 * CPython tries its own memory errors in the same way: `set_nomemory(start, stop)` of `_testcapi` makes the requests
 * from one number to another fail.
 */

import fc from "fast-check";

import { HeapwrightError, type Address, type BlockAllocator, type Memory } from "@heapwright/core";

import { demand } from "../demand.js";
import { demandMarked, markBytes, type MarkedBlock } from "./contents.js";
import { fillRest, freeScattered, tryMalloc } from "./fill.js";
import { pictureOf } from "./picture.js";
import { checkProperty } from "./play.js";
import { sizes } from "./program.js";
import { memoryFor, partOf, withAllocator, type Draft, type Subject } from "./subject.js";
import { watchMemory } from "./watched-memory.js";

/** Runs of pages that are refused in turn; each costs a run of the whole program. */
const MOST_REFUSALS = 20;

/** A length to allocate, or the wish to free the oldest block. */
type Request = number | "free";

/** Allocates a block, in the way of one rule. Returns 0 when that fails and may fail. */
type Serve = (allocator: BlockAllocator, bytes: number, refused: string) => Address;

/** Refusals of the memory itself. */
export function growthCases(subject: Subject): Draft[] {
  return [
    {
      id: "out-of-memory/refused-growth",
      rule: "out-of-memory",
      title: "throws when the n-th run of pages is refused, for each n",
      run: () => refuseEach(subject, serveOrThrow),
    },
    {
      id: "refused-growth/each-in-turn",
      rule: "refused-growth",
      title:
        "loses nothing when the n-th run of pages is refused, for each n, and succeeds at the second attempt",
      origin: "test_set_nomemory, Lib/test/test_capi/test_misc.py, CPython 3.11",
      run: () => refuseEach(subject, serveAtSecondAttempt),
    },
    {
      id: "refused-growth/when-made",
      rule: "refused-growth",
      title: "keeps nothing of a memory that refuses a run of pages while the allocator is made",
      run: () => refuseWhileMade(subject),
    },
    {
      id: "refused-growth/full",
      rule: "refused-growth",
      title: "keeps every block of a full memory, and frees them all",
      run: () => withAllocator(subject, (allocator) => fillAndFree(subject, allocator)),
    },
  ];
}

/** Runs random programs once undisturbed, and once for each run of pages they take, without that one. */
function refuseEach(subject: Subject, serve: Serve): void {
  const property = fc.property(requests(), (program) => {
    const { served, first, last } = runRefusing(subject, program, Infinity, serveIfPossible);
    for (let nth = first; nth <= Math.min(last, first + MOST_REFUSALS - 1); nth++) {
      runRefusing(subject, program, nth, serve, served);
    }
  });
  checkProperty(subject, property, Math.ceil(subject.runs / 5));
}

function requests(): fc.Arbitrary<Request[]> {
  const large = fc.integer({ min: 16 * 1024, max: 128 * 1024 });
  const request: fc.Arbitrary<Request> = fc.oneof(
    { weight: 4, arbitrary: sizes() },
    { weight: 4, arbitrary: large },
    { weight: 3, arbitrary: fc.constant("free" as const) },
  );
  return fc.array(request, { minLength: 1, maxLength: 30, size: "max" });
}

/** What a program did: which requests were served, and the numbers of the first and the last run of pages it took. */
interface Course {
  readonly served: readonly boolean[];
  readonly first: number;
  readonly last: number;
}

/**
 * Runs a program on a memory that refuses one run of pages.
 *
 * @param nth - which one, counted from 1
 * @param expected - the requests that are served when nothing is refused; the others may fail for want of memory
 */
function runRefusing(
  subject: Subject,
  program: readonly Request[],
  nth: number,
  serve: Serve,
  expected: readonly boolean[] = [],
): Course {
  const watched = watchMemory(memoryFor(subject), (call) => call === nth);
  const served: boolean[] = [];
  const live: MarkedBlock[] = [];
  let first = 0;

  function perform(allocator: BlockAllocator, request: Request, index: number): boolean {
    if (request === "free") {
      const oldest = live.shift();
      if (oldest) allocator.free(oldest.address);
      return true;
    }
    const address = (expected[index] ? serve : serveIfPossible)(
      allocator,
      request,
      `run of pages number ${nth}`,
    );
    if (address !== 0) live.push(markBytes(allocator, address, request, 1 + index));
    return address !== 0;
  }

  withAllocator(
    subject,
    (allocator) => {
      first = watched.reserves() + 1;
      program.forEach((request, index) => served.push(perform(allocator, request, index)));
      if (serve === serveAtSecondAttempt) live.forEach((block) => demandMarked(allocator, block));
    },
    { memory: watched.memory },
  );
  return { served, first, last: watched.reserves() };
}

function serveIfPossible(allocator: BlockAllocator, bytes: number): Address {
  return tryMalloc(allocator, bytes);
}

function serveOrThrow(allocator: BlockAllocator, bytes: number, refused: string): Address {
  const expected = `malloc(${bytes}) must succeed or throw ERR_OUT_OF_MEMORY when ${refused} is refused`;
  try {
    const address = allocator.malloc(bytes);
    demand(address !== 0, `${expected}; it returned 0.`);
    return address;
  } catch (error) {
    demand(HeapwrightError.is(error, "ERR_OUT_OF_MEMORY"), `${expected}; it threw ${String(error)}`);
    return 0;
  }
}

function serveAtSecondAttempt(allocator: BlockAllocator, bytes: number, refused: string): Address {
  const before = pictureOf(allocator);
  const address = serveIfPossible(allocator, bytes);
  if (address !== 0) return address;

  demand(pictureOf(allocator) === before, `malloc(${bytes}) must change nothing when ${refused} is refused.`);
  allocator.verify();
  const second = serveIfPossible(allocator, bytes);
  demand(
    second !== 0,
    `malloc(${bytes}) must succeed at the second attempt, when only ${refused} is refused.`,
  );
  return second;
}

function refuseWhileMade(subject: Subject): void {
  const undisturbed = watchMemory(memoryFor(subject));
  withAllocator(subject, () => undefined, { memory: undisturbed.memory });
  const last = undisturbed.reserves();
  for (let nth = 1; nth <= last; nth++) {
    const memory = memoryFor(subject);
    const before = JSON.stringify(memory.runs());
    const { memory: refusing } = watchMemory(memory, (call) => call === nth);
    if (isMade(subject, refusing, nth)) continue;
    const after = JSON.stringify(memory.runs());
    demand(
      after === before,
      `create must give back what it took. Runs before: ${before}; after it failed: ${after}.`,
    );
    withAllocator(subject, (allocator) => allocator.malloc(100), { memory });
  }
}

/** Whether an allocator can be made on a memory; it may also be refused with the code for that. */
function isMade(subject: Subject, memory: Memory, nth: number): boolean {
  try {
    subject.create({ memory });
    return true;
  } catch (error) {
    demand(
      HeapwrightError.is(error, "ERR_BUFFER_TOO_SMALL") || HeapwrightError.is(error, "ERR_OUT_OF_MEMORY"),
      `create must throw ERR_BUFFER_TOO_SMALL or ERR_OUT_OF_MEMORY when run of pages number ${nth} is refused; it threw ${String(error)}`,
    );
    return false;
  }
}

function fillAndFree(subject: Subject, allocator: BlockAllocator): void {
  const before = allocator.stats().liveBlocks;
  const blocks = [partOf(subject, 70), 2000, 24].flatMap((bytes) =>
    fillRest(allocator, bytes, 1000).map((address, index) =>
      markBytes(allocator, address, bytes, 1 + (index % 251)),
    ),
  );
  allocator.verify();
  for (const block of blocks) demandMarked(allocator, block);

  const expected = before + blocks.length;
  const { liveBlocks } = allocator.stats();
  demand(
    liveBlocks === expected,
    `A full memory must count ${expected} live blocks; it counts ${liveBlocks}.`,
  );
  const addresses = blocks.map(({ address }) => address);
  freeScattered(allocator, addresses);
  allocator.verify();
}
