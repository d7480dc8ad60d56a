/**
 * No collector: objects die by their counts alone.
 *
 * For programs without cycles, or that end before cycles matter, and to measure what the others cost. It looks at no
 * object ever. Cycles stay until the heap is disposed.
 */

import {
  defineCollector,
  type Collector,
  type CollectorContext,
  type CollectorPlugin,
} from "@heapwright/core";

/** CPython: `gc.get_threshold()` of a new interpreter. Kept and given back; nothing depends on them here. */
const THRESHOLDS = [700, 10, 10] as const;

const NOTHING = { collected: 0, uncollectable: 0 } as const;

/**
 * A collector that collects nothing, for `createHeap` with a counter.
 *
 * @example
 * ```ts
 * const heap = createHeap({ allocator: pymalloc(), collector: none(), counter: refcount() });
 * ```
 */
export function none(): CollectorPlugin {
  return defineCollector({
    name: "none",
    summary: "counts only: cycles stay until the heap is disposed",
    traits: { counts: "exact" },
    create: createNone,
  });
}

function createNone({ words, trigger, attached }: CollectorContext): Collector {
  if (!attached) words.set(THRESHOLDS);
  trigger.limit = Infinity;

  return {
    collect() {
      trigger.count = 0;
      return NOTHING;
    },
    tripped() {
      // The limit is never passed.
    },
    getThreshold: () => Array.from(words.subarray(0, THRESHOLDS.length)),
    setThreshold(thresholds) {
      words.set(thresholds);
    },
    // The youngest generation is all there is: tracked objects born since the last collect(), less those that died.
    getCount: () => [trigger.count, 0, 0],
    problems: () =>
      THRESHOLDS.map((_, index) => words[index]!)
        .filter((threshold) => threshold < 0)
        .map((threshold) => `A threshold is ${threshold}.`),
  };
}
