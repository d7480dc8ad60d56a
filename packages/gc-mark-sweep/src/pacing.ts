/**
 * Pacing: when a collection is due.
 *
 * Counting collectors run often and cheaply, for cycles only. Here each collection reads the whole heap and is all that ever
 * frees anything, so it is due when the heap has *grown by a share of itself*: with the share at 100 %, an object is read
 * once for each object born, however large the heap, and the heap is never more than twice what is alive.
 *
 * Three words of thresholds are kept, as in CPython, whose functions set and show them. The first is the least number of
 * births between two collections, 0 for none by itself. The others belong to generations that this collector has not: they
 * are kept and mean nothing (in CPython 3.13 and later the third does not, either).
 */

import type { CollectorContext } from "@heapwright/core";

/** When to collect. */
export interface Pacing {
  /** A collection is over and left so many tracked objects. */
  collected(live: number): void;
  /** How many there were after the last. */
  live(): number;
  /** The three thresholds. */
  getThreshold(): readonly number[];
  /** Sets the first few of them. */
  setThreshold(thresholds: readonly number[]): void;
  /** Sentences on words that make no sense. */
  problems(): string[];
}

/** The collector's own words: what outlives a thread. */
const WORD = { thresholds: 0, growthPercent: 3, live: 4 } as const;

const THRESHOLDS = 3;
const MAX_LIMIT = 2 ** 31 - 1;

/** What a new heap begins with. CPython: 700, 10 and 10. */
export interface PacingOptions {
  /** The least number of births between two collections; 0: none by itself. */
  readonly threshold: number;
  /** How much of itself the heap grows by between two collections. */
  readonly growthPercent: number;
}

/** Makes the pacing of a heap; one that it had before goes on. */
export function createPacing({ words, trigger, attached }: CollectorContext, options: PacingOptions): Pacing {
  function setLimit(): void {
    const least = words[WORD.thresholds]!;
    const grown = Math.floor((words[WORD.live]! * words[WORD.growthPercent]!) / 100);
    trigger.limit = least === 0 ? Infinity : Math.min(Math.max(least, grown), MAX_LIMIT);
  }

  if (!attached) {
    words[WORD.thresholds] = options.threshold;
    words[WORD.growthPercent] = options.growthPercent;
    setLimit();
  }

  return {
    collected(live) {
      words[WORD.live] = live;
      trigger.count = 0;
      setLimit();
    },

    live: () => words[WORD.live]!,
    getThreshold: () => [...words.subarray(WORD.thresholds, WORD.thresholds + THRESHOLDS)],

    setThreshold(thresholds) {
      words.set(thresholds.slice(0, THRESHOLDS), WORD.thresholds);
      setLimit();
    },

    problems() {
      const used = words.subarray(0, WORD.live + 1);
      const found = [...used].filter((word) => word < 0);
      return found.map(
        (word) => `A word of the collector's is ${word}; thresholds and counts are 0 or more.`,
      );
    },
  };
}
