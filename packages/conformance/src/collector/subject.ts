/**
 * The collector under test on one of the allocators, with the options of the kit filled in.
 */

import type { AllocatorPlugin, CollectorPlugin, CollectorTraits, CounterPlugin } from "@heapwright/core";

import type { ConformanceCase } from "../conformance-case.js";
import type { CollectorConformanceOptions } from "./options.js";
import type { CollectorRule } from "./rules.js";

/** A case as the files of the kit write it: `kit.ts` adds the allocator to its id and the rule to its message. */
export interface CollectorDraft extends Omit<ConformanceCase, "skip" | "run"> {
  /** A rule of the catalogue. */
  readonly rule: CollectorRule;
  /** Why the case does not apply, or undefined. */
  readonly skip?: string | undefined;
  /** Throws when the rule is broken. */
  readonly run: () => void;
}

/** What a case has to work with. */
export interface CollectorSubject {
  /** The plugin under test. */
  readonly plugin: CollectorPlugin;
  /** Its traits; those that a malformed plugin lacks are those of a collector that does nothing. */
  readonly traits: CollectorTraits;
  /** The allocator of every heap. */
  readonly allocator: AllocatorPlugin;
  /** Its name, and a number when there are several of that name. */
  readonly label: string;
  /** The counter of every heap; undefined for heaps that keep no counts. */
  readonly counter: CounterPlugin | undefined;
  /** Random programs. */
  readonly runs: number;
  /** Where the random programs start. */
  readonly seed: number;
}

const DEFAULT_RUNS = 50;

const NOTHING: CollectorTraits = {
  counts: "none",
  roots: "none",
  barrier: "none",
  decrements: false,
  birth: 0,
  generations: 1,
  cycles: false,
  moves: false,
  exact: false,
  automatic: false,
};

/** A subject for each allocator. Never throws for a malformed plugin: a case tells of it. */
export function subjectsOf(
  plugin: CollectorPlugin,
  options: CollectorConformanceOptions,
): CollectorSubject[] {
  const traits = (plugin as Partial<CollectorPlugin> | undefined)?.traits;
  // Chosen here, so that all cases play the same programs.
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
  return options.allocators.map((allocator, index) => ({
    plugin,
    traits: { ...NOTHING, ...traits },
    allocator,
    label: labelOf(options.allocators, index),
    // A collector that leaves counts alone is refused a counter.
    counter: traits?.counts === "exact" ? options.counter : undefined,
    runs: options.runs ?? DEFAULT_RUNS,
    seed,
  }));
}

function labelOf(allocators: readonly AllocatorPlugin[], index: number): string {
  const { name } = allocators[index]!;
  const before = allocators.slice(0, index).filter((other) => other.name === name).length;
  return before === 0 ? name : `${name}-${before + 1}`;
}

/** The first reason to skip a case, or undefined. */
export function skipFor(...reasons: readonly (string | undefined)[]): string | undefined {
  return reasons.find((reason) => reason !== undefined);
}

/** The reason to skip a case that needs a trait to be true, or undefined. */
export function without(
  subject: CollectorSubject,
  trait: "cycles" | "exact" | "automatic",
): string | undefined {
  return subject.traits[trait] ? undefined : `The trait ${trait} is false.`;
}

/** The reason to skip a case about generations, or undefined. */
export function withoutGenerations({ traits }: CollectorSubject): string | undefined {
  return traits.generations === 3 ? undefined : `The trait generations is ${traits.generations}, not 3.`;
}

/** The reason to skip a case about counts, or undefined. */
export function withoutCounter({ counter }: CollectorSubject): string | undefined {
  return counter === undefined ? "The heap keeps no counts." : undefined;
}

/** The reason to skip a case about heaps that keep no counts, or undefined. */
export function withCounter({ counter }: CollectorSubject): string | undefined {
  return counter === undefined ? undefined : "The heap keeps counts.";
}
