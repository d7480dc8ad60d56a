/**
 * A small, slow and obviously correct collector that keeps no counts: it walks from the roots, and what it does not come to is
 * condemned.
 *
 * Leaves are buried last, when no user code can look at them any more. Sets beside the memory say what was reached.
 *
 * `mutants-tracing.ts` breaks it, a few lines at a time.
 */

import {
  CONDEMNED,
  KIND_SHIFT,
  LEAF_POOL,
  STRIDE_MASK,
  TRACKED_POOL,
  WORK_SHIFT,
  defineCollector,
  type Collector,
  type CollectorContext,
  type CollectorPlugin,
} from "@heapwright/core";

const THRESHOLDS = 3;

/** See `reference-tracing.ts`. */
export const reference: CollectorPlugin = defineCollector({
  name: "reference-tracing",
  summary: "A walk from the roots with sets.",
  traits: { roots: "scan", cycles: true, exact: true, automatic: true },
  create: createReference,
});

function createReference(context: CollectorContext): Collector {
  const { image, deaths, trigger, words: thresholds } = context;
  const { words, work } = image;

  if (!context.attached) setThreshold([700, 10, 10]);

  function setThreshold(given: readonly number[]): void {
    thresholds.set(given);
    trigger.limit = thresholds[0] === 0 ? Infinity : thresholds[0]!;
  }

  /** Every object in the pools of a kind, by rising address. */
  function* objectsIn(kind: number): Generator<number> {
    for (let pool = image.poolsStart(); pool < image.poolsEnd(); pool++) {
      if (image.pools[pool]! >> KIND_SHIFT !== kind) continue;
      const stride = image.pools[pool]! & STRIDE_MASK;
      const end = (pool + 1) << image.poolShift;
      for (let cell = pool << image.poolShift; cell + stride <= end; cell += stride) {
        if (words[cell] !== 0) yield cell;
      }
    }
  }

  /** What scopes, pins and the like hold. */
  function rootsNow(): number[] {
    const roots = context.createEdgeBuffer();
    context.roots.gather(roots);
    return [...roots.refs.subarray(0, roots.length)];
  }

  /** Some objects, and all that they lead to. */
  function reachedFrom(objects: Iterable<number>): Set<number> {
    const reached = new Set(objects);
    for (const object of reached) {
      const { refs, length } = image.edgesOf(object);
      for (const target of refs.subarray(0, length)) reached.add(target);
    }
    return reached;
  }

  function isCondemned(object: number): boolean {
    return work[object >> WORK_SHIFT] === CONDEMNED;
  }

  /** All that is there and not condemned counts as a root when user code has run: it may have stored anything anywhere. */
  function reachedNow(): Set<number> {
    const left = [...objectsIn(TRACKED_POOL)].filter((object) => !isCondemned(object));
    return reachedFrom([...rootsNow(), ...left]);
  }

  return {
    collect() {
      trigger.count = 0;
      const reached = reachedFrom(rootsNow());
      const condemned = [...objectsIn(TRACKED_POOL)].filter((object) => !reached.has(object));
      for (const object of condemned) work[object >> WORK_SHIFT] = CONDEMNED;
      const reaped = deaths.reap(Int32Array.from(condemned), condemned.length, 0);
      const alive = reachedNow();
      const leaves = [...objectsIn(LEAF_POOL)].filter((leaf) => !alive.has(leaf));
      for (const leaf of leaves) deaths.bury(leaf);
      return reaped;
    },

    recheck(refs, count) {
      const reached = reachedNow();
      for (const object of refs.subarray(0, count)) if (reached.has(object)) work[object >> WORK_SHIFT] = 0;
    },

    tripped: () => context.collect(2),
    getThreshold: () => [...thresholds.subarray(0, THRESHOLDS)],
    setThreshold,
    getCount: () => [trigger.count, 0, 0],
    problems: () => [],
  };
}
