/**
 * A small, slow and obviously correct collector of the kind that CPython had until 3.12: three generations, trial deletion.
 *
 * It counts, for each object of the generations that are collected, the references that come from outside of them: the object's
 * count less those from inside. What has some is reached, and what that leads to; the rest is condemned. Sets and maps
 * beside the memory say which is which.
 *
 * `mutants-generational.ts` breaks it, a few lines at a time.
 */

import {
  CONDEMNED,
  IMMORTAL,
  KIND_SHIFT,
  STRIDE_MASK,
  TRACKED_POOL,
  UNTRACKED,
  WORK_SHIFT,
  defineCollector,
  type Collector,
  type CollectorContext,
  type CollectorPlugin,
} from "@heapwright/core";

const OLDEST = 2;

/** Where the collector's own words are: three thresholds, then the counts of generations 1 and 2. */
const THRESHOLDS = 0;
const COUNTS = 3;

/** See `reference-generational.ts`. */
export const reference: CollectorPlugin = defineCollector({
  name: "reference-generational",
  summary: "Trial deletion with sets.",
  traits: {
    counts: "exact",
    roots: "derived",
    generations: 3,
    cycles: true,
    exact: true,
    automatic: true,
  },
  create: createReference,
});

function createReference(context: CollectorContext): Collector {
  const { image, deaths, trigger, words: own } = context;
  const { words, work } = image;
  const counter = context.counter!;

  if (!context.attached) setThreshold([700, 10, 10]);

  function setThreshold(thresholds: readonly number[]): void {
    own.set(thresholds, THRESHOLDS);
    trigger.limit = own[THRESHOLDS] === 0 ? Infinity : own[THRESHOLDS]!;
  }

  function getCount(): number[] {
    return [trigger.count, own[COUNTS]!, own[COUNTS + 1]!];
  }

  function ageOf(object: number): number {
    return work[object >> WORK_SHIFT]!;
  }

  function setAge(object: number, age: number): void {
    work[object >> WORK_SHIFT] = age;
  }

  /** Every tracked object, by rising address. */
  function* trackedObjects(): Generator<number> {
    for (let pool = image.poolsStart(); pool < image.poolsEnd(); pool++) {
      if (image.pools[pool]! >> KIND_SHIFT !== TRACKED_POOL) continue;
      const stride = image.pools[pool]! & STRIDE_MASK;
      const end = (pool + 1) << image.poolShift;
      for (let cell = pool << image.poolShift; cell + stride <= end; cell += stride) {
        const isTracked = words[cell] !== 0 && (words[cell]! & UNTRACKED) === 0;
        if (isTracked) yield cell;
      }
    }
  }

  /** What an object refers to, each as often as it does. */
  function referencesOf(object: number): number[] {
    const { refs, length } = image.edgesOf(object);
    return [...refs.subarray(0, length)];
  }

  function isImmortal(object: number): boolean {
    return (words[object]! & IMMORTAL) !== 0;
  }

  /** Those of a set that are referred to from outside of it, and what they lead to. */
  function reachedFromOutside(members: readonly number[]): Set<number> {
    const outside = new Map<number, number>();
    for (const object of members) {
      const count = counter.count(object);
      outside.set(object, isImmortal(object) ? Infinity : count);
    }
    for (const object of members) {
      for (const target of referencesOf(object)) {
        if (outside.has(target)) outside.set(target, outside.get(target)! - 1);
      }
    }
    const reached = new Set(members.filter((object) => outside.get(object)! > 0));
    for (const object of reached) {
      for (const target of referencesOf(object)) if (outside.has(target)) reached.add(target);
    }
    return reached;
  }

  /** Starts the counts of the generations that are collected anew, and raises that of the next one. */
  function countCollection(generation: number): void {
    trigger.count = 0;
    for (let younger = 1; younger <= generation; younger++) own[COUNTS - 1 + younger] = 0;
    if (generation < OLDEST) own[COUNTS + generation]!++;
  }

  return {
    collect(generation) {
      countCollection(generation);
      const members = [...trackedObjects()].filter((object) => ageOf(object) <= generation);
      const reached = reachedFromOutside(members);
      const condemned = members.filter((object) => !reached.has(object));
      const older = Math.min(generation + 1, OLDEST);
      for (const object of reached) setAge(object, older);
      for (const object of condemned) setAge(object, CONDEMNED);
      return deaths.reap(Int32Array.from(condemned), condemned.length, older);
    },

    /** The oldest generation whose count is above its threshold. */
    tripped() {
      if (own[THRESHOLDS] === 0) return;
      const due = getCount().findLastIndex((count, generation) => count > own[THRESHOLDS + generation]!);
      context.collect(Math.max(due, 0));
    },

    getThreshold: () => [...own.subarray(THRESHOLDS, THRESHOLDS + OLDEST + 1)],
    setThreshold,
    getCount,
    place: setAge,
    generationOf: ageOf,

    problems() {
      const odd = [...trackedObjects()].filter((object) => ageOf(object) > OLDEST);
      return odd.map((object) => `Object ${object} is in generation ${ageOf(object)}.`);
    },
  };
}
