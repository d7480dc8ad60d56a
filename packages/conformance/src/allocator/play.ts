/**
 * Plays a program against an allocator and a naive model of it, and asks a law after each step.
 *
 * A law looks at one thing: its rule. What else might go wrong is left to the other laws, so that an allocator which
 * breaks one rule fails that rule and no other. A request that is refused for want of memory is left out of the
 * model, and so is one that "succeeds" with address 0.
 */

import fc from "fast-check";

import { HeapwrightError, type Address, type AllocatorOptions, type BlockAllocator } from "@heapwright/core";

import { longPrograms, programs, type Step } from "./program.js";
import { withAllocator, type Subject } from "./subject.js";

/** Lines of a program that a message shows; a random program has no more. */
const LONGEST_LISTING = 60;

/** A block of the model. */
export interface ModelBlock {
  /** What it is called in the listing of the program. */
  readonly name: string;
  /** First byte. */
  readonly address: Address;
  /** What was asked for. */
  readonly bytes: number;
  /** What a law wrote into it, 1 to 251: no two blocks in a row have the same. */
  readonly mark: number;
}

/** A program under way. */
export interface World {
  /** The allocator under test. */
  readonly allocator: BlockAllocator;
  /** What must be live now. */
  readonly live: readonly ModelBlock[];
}

/** What must hold while a program runs. Each member throws when it does not. */
export interface Law {
  /** After a block came to be, by whichever call. */
  readonly allocated?: (block: ModelBlock, world: World, call: Step["call"]) => void;
  /** Before a block is freed or reallocated. */
  readonly leaving?: (block: ModelBlock, world: World) => void;
  /** After a `realloc`, before {@link Law.allocated}. */
  readonly reallocated?: (before: ModelBlock, after: ModelBlock, world: World) => void;
  /** After each step. */
  readonly stepped?: (world: World) => void;
  /** At the end, with the last blocks still live. */
  readonly ended?: (world: World) => void;
}

/**
 * Checks a law over random programs.
 *
 * @param law - makes the law, anew for each program
 * @throws Error with the shortest program found and the seed, when the law is broken
 */
export function checkPrograms(subject: Subject, law: () => Law, options?: AllocatorOptions): void {
  const property = fc.property(programs(), (steps) => {
    withAllocator(subject, (allocator) => play(allocator, steps, law()), options);
  });
  checkProperty(subject, property);
}

/** Checks a law over a few long programs. There is no shortest one: the listing has the last steps. */
export function checkLongPrograms(subject: Subject, law: () => Law): void {
  const property = fc.property(longPrograms(), (steps) => {
    withAllocator(subject, (allocator) => play(allocator, steps, law()));
  });
  checkProperty(subject, property, Math.ceil(subject.runs / 25));
}

/** Runs a property with the seed of the kit; a failure tells how to see it again. */
export function checkProperty<T>(
  subject: Subject,
  property: fc.IProperty<T>,
  numRuns: number = subject.runs,
): void {
  fc.assert(property, {
    numRuns,
    ...(subject.seed !== undefined && { seed: subject.seed }),
    reporter({ failed, errorInstance, seed }) {
      if (!failed) return;
      const found = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
      throw new Error(`${found}\n\nTo see it again: { seed: ${seed}, runs: ${subject.runs} }.`, {
        cause: errorInstance,
      });
    },
  });
}

/**
 * Plays one program.
 *
 * @throws Error with what went wrong and a listing of the program
 */
export function play(allocator: BlockAllocator, steps: readonly Step[], law: Law): void {
  const player = createPlayer(allocator, law);
  try {
    for (const step of steps) player.perform(step);
    law.ended?.(player.world);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw new Error(`${found}\n\n${indent(player.listing)}`, { cause: error });
  }
}

function indent(listing: readonly string[]): string {
  const lines = listing.slice(-LONGEST_LISTING);
  if (lines.length < listing.length) lines.unshift(`(${listing.length - lines.length} calls)`);
  return lines.map((line) => `  ${line}`).join("\n");
}

interface Player {
  readonly world: World;
  /** The program so far, a call a line, with what each returned. */
  readonly listing: readonly string[];
  perform(step: Step): void;
}

function createPlayer(allocator: BlockAllocator, law: Law): Player {
  const live: ModelBlock[] = [];
  const listing: string[] = [];
  const world: World = { allocator, live };
  let made = 0;
  let marks = 0;

  const nextMark = (): number => 1 + (marks++ % 251);

  /** Makes a call that may be refused for want of memory. Returns 0 then. */
  function request(line: string, call: () => Address): Address {
    listing.push(line);
    try {
      const address = call();
      listing.push(`${listing.pop() ?? ""} // ${address}`);
      return address;
    } catch (error) {
      if (!HeapwrightError.is(error, "ERR_OUT_OF_MEMORY")) throw error;
      listing.push(`${listing.pop() ?? ""} // ERR_OUT_OF_MEMORY`);
      return 0;
    }
  }

  function allocate(call: "malloc" | "calloc", text: string, bytes: number, run: () => Address): void {
    const name = `b${++made}`;
    const address = request(`${name} = ${text}`, run);
    if (address === 0) return;
    const block = { name, address, bytes, mark: nextMark() };
    live.push(block);
    law.allocated?.(block, world, call);
  }

  function reallocate(index: number, bytes: number): void {
    const before = live[index]!;
    law.leaving?.(before, world);
    const line = `${before.name} = realloc(${before.name}, ${bytes})`;
    const address = request(line, () => allocator.realloc(before.address, bytes));
    // C's realloc(p, 0) may free the block. That breaks the rule zero-size, which has its own case.
    if (address === 0 && bytes === 0) live.splice(index, 1);
    if (address === 0) return;
    const after = { ...before, address, bytes, mark: nextMark() };
    live[index] = after;
    law.reallocated?.(before, after, world);
    law.allocated?.(after, world, "realloc");
  }

  function free(index: number): void {
    const block = live[index]!;
    law.leaving?.(block, world);
    listing.push(`free(${block.name})`);
    live.splice(index, 1);
    allocator.free(block.address);
  }

  function perform(step: Step): void {
    if (step.call === "malloc") {
      allocate("malloc", `malloc(${step.bytes})`, step.bytes, () => allocator.malloc(step.bytes));
    } else if (step.call === "calloc") {
      const { count, bytes } = step;
      allocate("calloc", `calloc(${count}, ${bytes})`, count * bytes, () => allocator.calloc(count, bytes));
    } else {
      if (live.length === 0) return;
      const index = step.block % live.length;
      if (step.call === "realloc") reallocate(index, step.bytes);
      else if (step.call === "free") free(index);
      else {
        listing.push(`usableSize(${live[index]!.name})`);
        allocator.usableSize(live[index]!.address);
      }
    }
    law.stepped?.(world);
  }

  return { world, listing, perform };
}
