/**
 * Thresholds: when to collect, and how much of the heap.
 *
 * ```text
 *   count 0   tracked objects born, less those that died     above 700: collect
 *   count 1   collections of generation 0 since the last     above 10:  generation 1 as well
 *             one that took generation 1 along
 *   count 2   collections of generation 1 since the last     above 10:  everything, if a quarter is new
 *             full one
 * ```
 *
 * A full collection looks at every object, and a program that builds something large would have one after the other: each
 * finds nothing, and the next is due after the same number of births, however large the heap has become. So CPython waits
 * until what has become old since the last one (`long_lived_pending`) is a quarter of what was old then
 * (`long_lived_total`). The heap grows by a quarter from one full collection to the next, and the work stays in proportion.
 *
 * Follows `gc_collect_generations` and `gc_collect_main` of `Modules/gcmodule.c`, CPython 3.11.
 */

import type { CollectorContext } from "@heapwright/core";

import { GENERATIONS } from "./ages.js";

/** CPython's thresholds of generations 0, 1 and 2. */
export const DEFAULT_THRESHOLDS: readonly number[] = [700, 10, 10];

/** The part of {@link WORD.longLivedTotal} that has to be new before everything is collected: one in so many. */
const PENDING_SHARE = 4;

/** Where it all is among the collector's words in the memory. The count of generation 0 is the trigger's. */
const WORD = { thresholds: 0, counts: 3, longLivedTotal: 6, longLivedPending: 7 } as const;

/** How many words that makes. */
const WORDS = 8;

/** Counts births and collections, and says which generation is due. */
export interface Thresholds {
  /** One for each generation. CPython: `gc.get_threshold()`. */
  get(): number[];
  /** Sets the first ones; the others stay. 0 for generation 0: nothing is ever due. CPython: `gc.set_threshold()`. */
  set(thresholds: readonly number[]): void;
  /** How far the generations are. CPython: `gc.get_count()`. */
  counts(): number[];
  /** The oldest generation that is due, with all younger ones; `undefined` when none is. */
  due(): number | undefined;
  /** A collection of a generation begins. */
  collecting(generation: number): void;
  /** A collection has found out how many of its objects live on, before any of them dies. */
  survived(generation: number, count: number): void;
  /** Sentences on words that make no sense. */
  problems(): string[];
}

/** Makes the thresholds of a heap; those of an attached one are in its memory. */
export function createThresholds(
  { words, trigger, attached }: Pick<CollectorContext, "words" | "trigger" | "attached">,
  initial: readonly number[],
): Thresholds {
  const threshold = (generation: number): number => words[WORD.thresholds + generation]!;
  const count = (generation: number): number =>
    generation === 0 ? trigger.count : words[WORD.counts + generation]!;

  function set(thresholds: readonly number[]): void {
    words.set(thresholds, WORD.thresholds);
    trigger.limit = threshold(0) === 0 ? Infinity : threshold(0);
  }

  if (!attached) set(initial);

  /** CPython: "Avoid quadratic performance degradation in number of tracked objects". */
  const isWorthwhile = (): boolean =>
    words[WORD.longLivedPending]! >= Math.trunc(words[WORD.longLivedTotal]! / PENDING_SHARE);

  return {
    set,
    get: () => [threshold(0), threshold(1), threshold(2)],
    counts: () => [count(0), count(1), count(2)],

    due() {
      if (threshold(0) === 0) return undefined;
      for (let generation = GENERATIONS - 1; generation >= 0; generation--) {
        const isFull = generation === GENERATIONS - 1;
        if (count(generation) > threshold(generation) && (!isFull || isWorthwhile())) return generation;
      }
      return undefined;
    },

    collecting(generation) {
      trigger.count = 0;
      for (let younger = 1; younger <= generation; younger++) words[WORD.counts + younger] = 0;
      if (generation < GENERATIONS - 1) words[WORD.counts + generation + 1]!++;
    },

    survived(generation, survivors) {
      if (generation === GENERATIONS - 2) words[WORD.longLivedPending]! += survivors;
      if (generation < GENERATIONS - 1) return;
      words[WORD.longLivedTotal] = survivors;
      words[WORD.longLivedPending] = 0;
    },

    problems: () =>
      [...words.subarray(0, WORDS)].flatMap((word, index) =>
        word < 0 ? [`Word ${index} of the generational collector is ${word}, below 0.`] : [],
      ),
  };
}
