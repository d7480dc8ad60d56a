/**
 * Heap images made by hand, with any graph, any counts and any ages in them, and a naive model of what a collection finds.
 * For the kernels alone: things can be had here that a heap would take long to come to.
 */

import {
  ALL,
  CONDEMNED,
  COUNT_SHIFT,
  IMMORTAL,
  ITEMS,
  KIND_SHIFT,
  LEAF_POOL,
  OTHER,
  OVERFLOWED,
  SPILL,
  TRACKED_POOL,
  UNTRACKED,
  type Collector,
  type CollectorContext,
  type Counter,
  type EdgeBuffer,
  type HeapImage,
} from "@heapwright/core";

import { generational, type GenerationalOptions } from "../../src/index.js";

/** Layout number, words in a cell, and whether it is in a pool of leaves, by shape. */
const SHAPES = {
  /** No references, in a pool of leaves. */
  leaf: { layout: 1, stride: 4, isLeaf: true },
  /** No references, never tracked, but in a tracked pool: a leaf with a finalizer. */
  sealed: { layout: 2, stride: 8, isLeaf: false },
  pair: { layout: 3, stride: 8, isLeaf: false },
  five: { layout: 4, stride: 12, isLeaf: false },
  list: { layout: 5, stride: 8, isLeaf: false },
  tuple: { layout: 6, stride: 12, isLeaf: false },
  custom: { layout: 7, stride: 20, isLeaf: false },
} as const;

const SCAN_CODES = [0, 0, 0, 2, 5, ITEMS, ALL, OTHER];

/** Slots of each shape; a list has as many as it needs. */
const SLOTS: Readonly<Record<Shape, number>> = {
  leaf: 0,
  sealed: 0,
  pair: 2,
  five: 5,
  list: Infinity,
  tuple: 11,
  custom: 19,
};

/** What an object looks like. */
export type Shape = keyof typeof SHAPES;

/** An object to be made. */
export interface Node {
  readonly shape: Shape;
  /** 0 to 2. */
  readonly generation: number;
  /** What it refers to: numbers of other objects; `null`; below 0: an immediate. Those that have no slot are left out. */
  readonly targets: readonly (number | null)[];
  /** References from outside. An object that nobody else refers to has one at least. */
  readonly outside: number;
  /** The collector does not look at it. */
  readonly untracked?: boolean;
  readonly immortal?: boolean;
  /** Steps of 4,096 kept out of the header, if the count is large enough for that. Default: no more than needed. */
  readonly spilled?: number;
}

/** How it is to be made. */
export interface HandMadeOptions {
  /** For the places of the objects. */
  readonly seed?: number;
  /** log2 of the words in a pool, 6 or more. */
  readonly poolShift?: number;
  /** For the collector. */
  readonly options?: GenerationalOptions;
  /** Number of a custom object whose layout throws when it is asked for its references. */
  readonly throwFor?: number;
}

/** A heap that was made by hand. */
export interface HandMadeHeap {
  readonly image: HeapImage;
  readonly collector: Collector;
  readonly context: CollectorContext;
  /** Where each object is. */
  readonly refs: readonly number[];
  /** Numbers of the objects that a collection of a generation has to find, by rising address. */
  unreachable(generation: number): number[];
  /** The work byte of an object. */
  byte(node: number): number;
  /** What was handed to the death pipeline last: numbers of objects in its order, and the age for those it spares. */
  readonly reaped: { nodes: number[]; spared: number }[];
}

const AGES = [1, 2, 0];

/** Makes a heap of objects, each in a random cell of a pool of its length. */
export function makeHeap(
  nodes: readonly Node[],
  { seed = 1, poolShift = 7, options = {}, throwFor = -1 }: HandMadeOptions = {},
): HandMadeHeap {
  const poolWords = 1 << poolShift;
  const random = minstd(seed);
  const refs: number[] = [];
  const spilled = new Map<number, number>();

  // Pools of all lengths in random order, the cells of each in random order, some left free.
  const wanted = new Map<Shape, number[]>();
  nodes.forEach(({ shape }, node) => wanted.set(shape, [...(wanted.get(shape) ?? []), node]));
  const poolPlans: { shape: Shape; cells: number[] }[] = [];
  for (const [shape, members] of wanted) {
    const perPool = Math.floor(poolWords / SHAPES[shape].stride);
    const places = Math.ceil(members.length * 1.3);
    const poolCount = Math.ceil(places / perPool);
    const slots = shuffled([...Array(poolCount * perPool).keys()], random);
    for (let pool = 0; pool < poolCount; pool++) poolPlans.push({ shape, cells: [] });
    members.forEach((node, index) => {
      const slot = slots[index]!;
      poolPlans.at(-1 - Math.floor(slot / perPool))!.cells[slot % perPool] = node;
    });
  }
  const order = shuffled(poolPlans, random);
  const firstPool = 3;
  const poolsEnd = firstPool + order.length;
  const itemWords = nodes.reduce((sum, { targets }) => sum + targets.length + 4, 0);
  const poolCount = Math.ceil((poolsEnd + Math.ceil(itemWords / poolWords) + 1) / 16) * 16;
  const words = new Int32Array(poolCount * poolWords);
  const pools = new Int32Array(poolCount);
  const births = new Uint8Array(poolCount);
  const work = new Uint8Array((poolCount * poolWords) >> 3);
  order.forEach(({ shape, cells }, index) => {
    const { stride, isLeaf } = SHAPES[shape];
    pools[firstPool + index] = stride | ((isLeaf ? LEAF_POOL : TRACKED_POOL) << KIND_SHIFT);
    cells.forEach((node, cell) => (refs[node] = (firstPool + index) * poolWords + cell * stride));
  });

  const targetsOf = nodes.map(({ shape, targets }) => targets.slice(0, SLOTS[shape]));
  const edgesOf = targetsOf.map((targets) =>
    targets.filter((target): target is number => target !== null && target >= 0),
  );
  const counts = nodes.map(({ outside }) => outside);
  for (const edges of edgesOf) for (const target of edges) counts[target]!++;
  counts.forEach((count, node) => (counts[node] = Math.max(count, 1)));

  const isTracked = (node: number): boolean =>
    nodes[node]!.untracked !== true && nodes[node]!.shape !== "leaf" && nodes[node]!.shape !== "sealed";

  let nextBuffer = poolsEnd * poolWords;
  nodes.forEach(({ shape, generation, immortal, spilled: wantedSteps }, node) => {
    const ref = refs[node]!;
    const count = counts[node]!;
    const most = Math.floor((count - 1) / SPILL);
    const least = Math.max(0, Math.ceil((count - 2 * SPILL + 1) / SPILL));
    const steps = Math.min(most, Math.max(least, wantedSteps ?? 0));
    if (steps > 0) spilled.set(ref, steps * SPILL);
    const flags =
      (isTracked(node) || shape === "leaf" ? 0 : UNTRACKED) |
      (immortal === true ? IMMORTAL : 0) |
      (steps > 0 ? OVERFLOWED : 0);
    words[ref] = ((count - steps * SPILL) << COUNT_SHIFT) | flags | SHAPES[shape].layout;
    const values = targetsOf[node]!.map((target) =>
      target === null ? 0 : target < 0 ? target : refs[target]!,
    );
    if (shape === "list") {
      words.set([nextBuffer, values.length, values.length], ref + 1);
      words.set(values, nextBuffer);
      nextBuffer += values.length;
    } else {
      words.set(values, ref + 1);
    }
    if (!isTracked(node)) return;
    const age = AGES[generation]!;
    const pool = ref >> poolShift;
    work[ref >> 3] = age;
    if (age === 1) births[pool] = 1;
    else if (age === 2 && births[pool] === 0) births[pool] = 2;
  });

  const image = {
    words,
    work,
    pools,
    births,
    poolShift,
    scan: Int32Array.from(SCAN_CODES),
    poolsStart: () => firstPool,
    poolsEnd: () => poolsEnd,
    edgesOf(object: number): EdgeBuffer {
      const node = refs.indexOf(object);
      if (node === throwFor) throw new Error("a custom layout");
      const edges = edgesOf[node]!.map((target) => refs[target]!);
      return { refs: Int32Array.from(edges), length: edges.length, add() {}, clear() {} };
    },
  } as Partial<HeapImage> as HeapImage;

  const reaped: HandMadeHeap["reaped"] = [];
  const context = {
    image,
    counter: {
      count: (object) => (words[object]! >>> COUNT_SHIFT) + (spilled.get(object) ?? 0),
    } as Partial<Counter> as Counter,
    deaths: {
      reap(dead: Int32Array, count: number, spared: number) {
        const condemned = [...dead.subarray(0, count)];
        if (!condemned.every((ref) => work[ref >> 3] === CONDEMNED)) throw new Error("not all are condemned");
        reaped.push({ nodes: condemned.map((ref) => refs.indexOf(ref)), spared });
        return { collected: count, uncollectable: 0 };
      },
      bury() {},
    },
    trigger: { count: 0, limit: 0 },
    events: { emit() {} },
    words: new Int32Array(48),
    attached: false,
    collect: (generation: number): number => collector.collect(generation).collected,
  } as Partial<CollectorContext> as CollectorContext;
  const collector = generational(options).create(context);

  return {
    image,
    collector,
    context,
    refs,
    reaped,
    byte: (node) => work[refs[node]! >> 3]!,

    unreachable(generation) {
      const members = [...nodes.keys()].filter(
        (node) => isTracked(node) && nodes[node]!.generation <= generation,
      );
      const isMember = new Set(members);
      const outside = [...counts];
      for (const node of members) for (const target of edgesOf[node]!) outside[target]!--;
      const reached = new Set(members.filter((node) => outside[node]! > 0 || nodes[node]!.immortal === true));
      for (const node of reached) {
        for (const target of edgesOf[node]!) if (isMember.has(target)) reached.add(target);
      }
      return members.filter((node) => !reached.has(node)).sort((a, b) => refs[a]! - refs[b]!);
    },
  };
}

/** The generator that C++ calls minstd_rand: small, and the same everywhere. */
function minstd(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const result = [...values];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}
