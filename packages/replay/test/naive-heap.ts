/** Heaps with the simplest plugins there can be: what a graph in them comes to is worked out with maps and sets. */

import {
  CONDEMNED,
  COUNT_SHIFT,
  ONE_COUNT,
  OVERFLOWED,
  WORK_SHIFT,
  createHeap,
  defineCollector,
  defineCounter,
  type CollectorContext,
  type Counter,
  type CounterContext,
  type Heap,
  type HeapImage,
} from "@heapwright/core";

import { naive } from "./naive-allocator.js";

const FIELD_ROOM = 8192;
const STEP = 4096;
const FLAGS: number = ONE_COUNT - 1;
const STRIDE_MASK = 0xffff;
const TRACKED_KIND = 1 << 16;
const UNTRACKED = 0x2000;

/** A heap whose objects die by counts, and whose collector does trial deletion with a map. */
export function countedHeap(maxBytes: number | string = "8MiB"): Heap {
  const collector = defineCollector({
    name: "naive",
    traits: { counts: "exact", roots: "derived", generations: 3, cycles: true, exact: true },
    create: (context) => ({
      ...stubs,
      collect: (generation) => collect(context, generation),
      place(object, generation) {
        context.image.work[object >> WORK_SHIFT] = generation;
      },
      generationOf: (object) => context.image.work[object >> WORK_SHIFT]!,
    }),
  });
  const counter = defineCounter({ name: "naive", traits: { exact: true }, create: createCounter });
  return createHeap({ allocator: naive({ share: 0.75 }), collector, counter, maxBytes });
}

/** A heap without counts; its collector collects nothing and notes the roots it is told. */
export function uncountedHeap(roots: number[], maxBytes: number | string = "8MiB"): Heap {
  const collector = defineCollector({
    name: "looker",
    traits: { roots: "scan" },
    create: (context) => ({
      ...stubs,
      collect() {
        const found = context.createEdgeBuffer();
        context.roots.gather(found);
        roots.splice(0, roots.length, ...found.refs.subarray(0, found.length));
        return { collected: 0, uncollectable: 0 };
      },
    }),
  });
  return createHeap({ allocator: naive({ share: 0.75 }), collector, maxBytes });
}

const stubs = {
  tripped: () => undefined,
  getThreshold: () => [0],
  setThreshold: () => undefined,
  getCount: () => [0],
  problems: () => [],
};

/** What is left of a count without the references from inside is from outside; what that leads to lives. */
function collect(
  { image, counter, deaths }: CollectorContext,
  generation: number,
): ReturnType<typeof deaths.reap> {
  const ageOf = (object: number): number => image.work[object >> WORK_SHIFT]!;
  const members = trackedObjects(image).filter((object) => ageOf(object) <= generation);
  const left = new Map(members.map((object) => [object, counter!.count(object)]));
  for (const object of members) {
    for (const target of edgesOf(image, object)) {
      if (left.has(target)) left.set(target, left.get(target)! - 1);
    }
  }
  const living = new Set(members.filter((object) => left.get(object)! > 0));
  for (const object of living) {
    for (const target of edgesOf(image, object)) if (left.has(target)) living.add(target);
  }
  const dead = members.filter((object) => !living.has(object));
  for (const object of living) image.work[object >> WORK_SHIFT] = Math.min(2, generation + 1);
  for (const object of dead) image.work[object >> WORK_SHIFT] = CONDEMNED;
  return deaths.reap(Int32Array.from(dead), dead.length, 2);
}

function trackedObjects({ words, pools, poolShift, poolsStart, poolsEnd }: HeapImage): number[] {
  const found: number[] = [];
  for (let pool = poolsStart(); pool < poolsEnd(); pool++) {
    const word = pools[pool]!;
    const stride = word & STRIDE_MASK;
    if ((word & ~STRIDE_MASK) !== TRACKED_KIND) continue;
    for (let cell = pool << poolShift; cell + stride <= (pool + 1) << poolShift; cell += stride) {
      if (words[cell] !== 0 && (words[cell]! & UNTRACKED) === 0) found.push(cell);
    }
  }
  return found;
}

function edgesOf(image: HeapImage, object: number): number[] {
  const { refs, length } = image.edgesOf(object);
  return Array.from(refs.subarray(0, length));
}

/** What does not fit into a header is in a map, and what dies waits on a list. */
function createCounter({ image, mayDie, bury }: CounterContext): Counter {
  const { words } = image;
  const aside = new Map<number, number>();
  const waiting: number[] = [];
  let suspended = 0;

  const count = (object: number): number => (aside.get(object) ?? 0) + (words[object]! >>> COUNT_SHIFT);

  function setCount(object: number, total: number): void {
    const kept = total < FIELD_ROOM ? 0 : Math.floor(total / STEP - 1) * STEP;
    if (kept > 0) aside.set(object, kept);
    else aside.delete(object);
    const flags = words[object]! & FLAGS & ~OVERFLOWED;
    words[object] = ((total - kept) * ONE_COUNT) | flags | (kept > 0 ? OVERFLOWED : 0);
  }

  /** Each object on the list has a count of 1, the list's own. */
  function letDie(dying: number[]): void {
    for (let object = dying.pop(); object !== undefined; object = dying.pop()) {
      if (!mayDie(object)) continue;
      const targets = edgesOf(image, object);
      bury(object);
      for (const target of targets) {
        if (count(target) > 1) setCount(target, count(target) - 1);
        else dying.push(target);
      }
    }
  }

  return {
    overflow(object) {
      setCount(object, count(object));
    },
    underflow(object) {
      setCount(object, Math.max(1, count(object)));
      if (aside.has(object) || count(object) > 1) return;
      if (suspended > 0) waiting.push(object);
      else letDie([object]);
    },
    count,
    add(object, by) {
      setCount(object, count(object) + by);
    },
    immortalize: () => undefined,
    suspend() {
      suspended++;
    },
    resume() {
      if (--suspended === 0) letDie(waiting.splice(0));
    },
    waiting: () => waiting,
    forget(object) {
      aside.delete(object);
    },
    problems: () => [],
    dispose: () => undefined,
  };
}
