/**
 * The plugin: three generations over two kinds of collections.
 *
 * ```text
 *   tripped ─► thresholds: which generation? ─► collect(g)
 *                                                  g < 2   young collection ─┐
 *                                                  g = 2   full collection  ─┴─► the condemned ─► core lets them die
 * ```
 *
 * Follows `gc_collect_main` of `Modules/gcmodule.c`, CPython 3.11.
 */

import {
  EVENT,
  HeapwrightError,
  defineCollector,
  type Collector,
  type CollectorContext,
  type CollectorPlugin,
} from "@heapwright/core";

import { GENERATIONS, YOUNG, ageOf, generationOf, survivorsOf } from "./ages.js";
import { KIND_SHIFT, MAX_AGE, TRACKED_POOL, UNTRACKED, WORK_SHIFT } from "./bits.js";
import { createFullCollection } from "./full-collection.js";
import { createHotObjects } from "./hot-objects.js";
import { ageProblems } from "./problems.js";
import { DEFAULT_THRESHOLDS, createThresholds } from "./thresholds.js";
import { createYoungCollection } from "./young-collection.js";
import { BIRTHS, MIDDLE_ONLY, NO_BIRTHS } from "./work-bytes.js";

/** What {@link generational} accepts. */
export interface GenerationalOptions {
  /**
   * One to three thresholds, for generations 0, 1 and 2, as in `gc.set_threshold()`: whole numbers from 0 to 2^31 - 1.
   * 0 for the first turns automatic collection off. Those left out are CPython's. Default: `[700, 10, 10]`
   */
  readonly thresholds?: readonly number[];
}

/**
 * CPython's cycle collector, as it was until 3.12: three generations, trial deletion, exact results.
 *
 * @throws HeapwrightError `ERR_BAD_OPTION` for thresholds that are none
 *
 * @example
 * ```ts
 * const heap = createHeap({ allocator: pymalloc(), counter: refcount(), collector: generational() });
 * heap.gc.setThreshold(2000);
 * heap.gc.collect(); // how many unreachable objects were found
 * ```
 */
export function generational(options: GenerationalOptions = {}): CollectorPlugin {
  const thresholds = completeThresholds(options.thresholds ?? []);
  return defineCollector({
    name: "gc-generational",
    summary: "CPython's three generations and trial deletion, by address",
    traits: {
      counts: "exact",
      roots: "derived",
      birth: YOUNG,
      generations: GENERATIONS,
      cycles: true,
      exact: true,
      automatic: true,
    },
    create: (context) => createGenerational(context, thresholds),
  });
}

/** The thresholds that were given, and CPython's for the rest. */
function completeThresholds(given: readonly number[]): number[] {
  const isThreshold = (value: number): boolean =>
    Number.isInteger(value) && value >= 0 && value <= 0x7fff_ffff;
  if (!(given instanceof Array) || given.length > GENERATIONS || !given.every(isThreshold)) {
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `Thresholds are up to ${GENERATIONS} whole numbers from 0 to 2147483647, not ${String(given)}.`,
    );
  }
  return [...given, ...DEFAULT_THRESHOLDS.slice(given.length)];
}

function createGenerational(context: CollectorContext, initial: readonly number[]): Collector {
  const { image, deaths, events } = context;
  const { work, births, words, pools, poolShift } = image;
  const thresholds = createThresholds(context, initial);
  const hot = createHotObjects(image, context.counter!);
  const full = createFullCollection(image, hot);
  const young = createYoungCollection(image, hot);
  let reaping = false;

  const isTracked = (object: number): boolean =>
    pools[object >> poolShift]! >>> KIND_SHIFT === TRACKED_POOL && (words[object]! & UNTRACKED) === 0;

  return {
    collect(generation) {
      thresholds.collecting(generation);
      const isFull = generation === GENERATIONS - 1;
      const kind = isFull ? full : young;
      const { refs, count, considered } = kind.condemn(generation);
      const survivors = considered - count;
      thresholds.survived(generation, survivors);
      events.emit(EVENT.rootsFound, 0, 0);
      events.emit(EVENT.marked, considered, count);
      if (!isFull) events.emit(EVENT.promoted, survivors, generation + 1);
      try {
        reaping = true;
        return deaths.reap(refs, count, survivorsOf(generation));
      } finally {
        reaping = false;
        kind.trim();
      }
    },

    tripped() {
      const generation = thresholds.due();
      if (generation !== undefined) context.collect(generation);
    },

    getThreshold: thresholds.get,
    setThreshold: thresholds.set,
    getCount: thresholds.counts,

    place(object, generation) {
      // The dead, whose finalizers may call this, stay condemned.
      if (!isTracked(object) || work[object >> WORK_SHIFT]! > MAX_AGE) return;
      const pool = object >> poolShift;
      work[object >> WORK_SHIFT] = ageOf(generation);
      if (generation === 0) births[pool] = BIRTHS;
      else if (generation === 1 && births[pool] === NO_BIRTHS) births[pool] = MIDDLE_ONLY;
    },

    generationOf: (object) => generationOf(work[object >> WORK_SHIFT]!),

    problems: () => [...thresholds.problems(), ...ageProblems(image, reaping)],
  };
}
