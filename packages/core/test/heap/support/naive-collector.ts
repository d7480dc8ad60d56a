/**
 * Collectors that find the unreachable set with JavaScript's own sets: one from exact counts, one from scanned roots. Slow,
 * and obviously right.
 */

import {
  defineCollector,
  type Collector,
  type CollectorContext,
  type CollectorPlugin,
  type CollectorTraits,
} from "../../../src/heap/collector.js";
import type { HeapImage } from "../../../src/heap/heap-image.js";
import { IMMORTAL, UNTRACKED } from "../../../src/heap/object-word.js";
import { KIND_SHIFT, STRIDE_MASK, TRACKED_POOL } from "../../../src/heap/pool-word.js";
import { CONDEMNED, MAX_AGE, WORK_SHIFT } from "../../../src/heap/work-byte.js";

/** Age of those that survived a collection. */
const SURVIVED = 2;

/** What {@link naiveCollector} accepts. */
export interface NaiveOptions {
  readonly name?: string;
  /** Objects born until it collects by itself. Default: never. */
  readonly threshold?: number;
  /** Traits beside those of its way to find roots. */
  readonly traits?: Partial<CollectorTraits>;
  /** Members that take the place of its own. */
  readonly with?: (own: Collector, context: CollectorContext) => Partial<Collector>;
}

const SHARED: Partial<CollectorTraits> = { cycles: true, birth: 1, generations: 3, automatic: true };

/** Works from exact counts: what is left of a count when the references of tracked objects are subtracted is a root. */
export function naiveDerived(options: NaiveOptions = {}): CollectorPlugin {
  return naiveCollector("naive-derived", { counts: "exact", roots: "derived" }, options);
}

/** Asks for the roots, and follows them. */
export function naiveScan(options: NaiveOptions = {}): CollectorPlugin {
  return naiveCollector("naive-scan", { counts: "none", roots: "scan" }, options);
}

function naiveCollector(
  name: string,
  traits: Partial<CollectorTraits>,
  options: NaiveOptions,
): CollectorPlugin {
  return defineCollector({
    name: options.name ?? name,
    traits: { ...SHARED, ...traits, ...options.traits },
    create(context) {
      const collector = createNaiveCollector(context, options.threshold ?? Infinity);
      return { ...collector, ...options.with?.(collector, context) };
    },
  });
}

/** Every object, by rising address. */
function allObjects({ words, pools, poolShift, poolsStart, poolsEnd }: HeapImage): number[] {
  const found: number[] = [];
  for (let pool = poolsStart(); pool < poolsEnd(); pool++) {
    const stride = pools[pool]! & STRIDE_MASK;
    const end = (pool + 1) << poolShift;
    for (let cell = pool << poolShift; stride > 0 && cell + stride <= end; cell += stride) {
      if (words[cell] !== 0) found.push(cell);
    }
  }
  return found;
}

function createNaiveCollector(context: CollectorContext, threshold: number): Collector {
  const { image, counter, roots, deaths, trigger, words: own } = context;
  const { words, work, pools, poolShift } = image;
  let thresholds = [Number.isFinite(threshold) ? threshold : 0, 10, 10];
  trigger.limit = threshold;
  let collecting = false;

  const isInTrackedPool = (object: number): boolean =>
    pools[object >> poolShift]! >> KIND_SHIFT === TRACKED_POOL;
  const isTracked = (object: number): boolean =>
    isInTrackedPool(object) && (words[object]! & UNTRACKED) === 0;
  const setAge = (object: number, age: number): void => {
    work[object >> WORK_SHIFT] = age;
  };

  function referents(object: number): number[] {
    const { refs, length } = image.edgesOf(object);
    return [...refs.subarray(0, length)];
  }

  /** What some objects reach, they included. */
  function reachableFrom(start: Iterable<number>, within: (object: number) => boolean): Set<number> {
    const reached = new Set([...start].filter(within));
    for (const object of reached) for (const each of referents(object)) if (within(each)) reached.add(each);
    return reached;
  }

  /** Tracked objects that something untracked, or something outside, refers to. */
  function derivedRoots(tracked: readonly number[]): number[] {
    const inside = new Map<number, number>();
    for (const each of tracked.flatMap(referents)) inside.set(each, (inside.get(each) ?? 0) + 1);
    return tracked.filter(
      (object) => (words[object]! & IMMORTAL) !== 0 || counter!.count(object) > (inside.get(object) ?? 0),
    );
  }

  function scannedRoots(): number[] {
    const found = context.createEdgeBuffer();
    roots.gather(found);
    return [...found.refs.subarray(0, found.length)];
  }

  function reachable(): Set<number> {
    if (!counter) return reachableFrom(scannedRoots(), () => true);
    const tracked = allObjects(image).filter(isTracked);
    return reachableFrom(derivedRoots(tracked), isTracked);
  }

  /** After user code ran: what it left behind is looked at by the next collection, and must not refer to what is gone. */
  function stillNeeded(): Set<number> {
    const left = allObjects(image).filter(
      (each) => isInTrackedPool(each) && work[each >> WORK_SHIFT]! <= MAX_AGE,
    );
    return reachableFrom([...scannedRoots(), ...left], () => true);
  }

  return {
    collect() {
      const alive = reachable();
      trigger.count = 0;
      own[0]!++;
      const dead = allObjects(image).filter((object) => !alive.has(object));
      // Nobody else frees what is untracked, where there are no counts.
      const condemned = dead.filter(counter ? isTracked : isInTrackedPool);
      const leaves = counter ? [] : dead.filter((object) => !isInTrackedPool(object));
      for (const object of alive) if (isInTrackedPool(object)) setAge(object, SURVIVED);
      for (const object of condemned) setAge(object, CONDEMNED);
      collecting = true;
      try {
        const reaped = deaths.reap(Int32Array.from(condemned), condemned.length, SURVIVED);
        const stillAlive = leaves.length > 0 ? stillNeeded() : new Set();
        for (const leaf of leaves) if (!stillAlive.has(leaf)) deaths.bury(leaf);
        return reaped;
      } finally {
        collecting = false;
        for (const object of condemned) {
          if (words[object] !== 0 && work[object >> WORK_SHIFT] === CONDEMNED) setAge(object, SURVIVED);
        }
      }
    },
    recheck(refs, count) {
      const alive = stillNeeded();
      for (const object of refs.subarray(0, count)) if (alive.has(object)) setAge(object, SURVIVED);
    },
    tripped: () => void context.collect(0),
    getThreshold: () => thresholds,
    setThreshold(given) {
      thresholds = thresholds.map((before, generation) => given[generation] ?? before);
      trigger.limit = thresholds[0] === 0 ? Infinity : thresholds[0]!;
    },
    getCount: () => [trigger.count, own[0]!, 0],
    place: (object, generation) => setAge(object, generation),
    generationOf: (object) => Math.min(work[object >> WORK_SHIFT]!, 2),
    problems: () =>
      allObjects(image)
        .filter((object) => !collecting && isInTrackedPool(object) && work[object >> WORK_SHIFT]! > MAX_AGE)
        .map((object) => `${object} has no age.`),
  };
}
