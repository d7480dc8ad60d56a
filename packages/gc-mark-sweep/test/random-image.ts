/**
 * Heap images with random graphs in them, made by hand: cells in random places, of every layout, and what a naive walk says
 * can be reached. For the kernels alone; a heap of core's is in `mark-sweep.test.ts`.
 */

import {
  ALL,
  COUNT_SHIFT,
  ITEMS,
  KIND_SHIFT,
  LEAF_POOL,
  OTHER,
  TRACKED_POOL,
  UNTRACKED,
  type EdgeBuffer,
  type HeapImage,
} from "@heapwright/core";

/** Layout numbers of the images. */
const LAYOUT_NUMBER = { leaf: 1, pair: 2, list: 3, tuple: 4, custom: 5, sealed: 6 } as const;
const SCAN_CODES = [0, 0, 2, ITEMS, ALL, OTHER, 0];
const POOL_SHIFT = 6;
const POOL_WORDS = 1 << POOL_SHIFT;

/** Words in a cell, and the kind of its pool, by layout. `sealed` is a leaf that has to live in a tracked pool. */
const CELLS: Record<keyof typeof LAYOUT_NUMBER, readonly [stride: number, kind: number]> = {
  leaf: [4, LEAF_POOL],
  pair: [8, TRACKED_POOL],
  list: [8, TRACKED_POOL],
  tuple: [12, TRACKED_POOL],
  custom: [8, TRACKED_POOL],
  sealed: [8, TRACKED_POOL],
};

/** An object of a random image. */
export interface Node {
  readonly shape: keyof typeof LAYOUT_NUMBER;
  /** Numbers of other nodes; below 0: an immediate; anything else: null. */
  readonly targets: readonly number[];
}

/** An image with a graph in it. */
export interface RandomImage {
  readonly image: HeapImage;
  /** Where each node is. */
  readonly refs: readonly number[];
  /** The nodes that can be reached from some of them, by a naive walk. */
  reachableFrom(roots: readonly number[]): Set<number>;
}

/** A buffer with the references of some nodes. */
export function bufferOf(refs: readonly number[]): EdgeBuffer {
  return { refs: Int32Array.from(refs), length: refs.length, add: () => undefined, clear: () => undefined };
}

/** Puts nodes into random cells. The same seed gives the same image. */
export function createRandomImage(nodes: readonly Node[], seed: number): RandomImage {
  const random = lehmer(seed);
  const classes = Object.values(CELLS);
  // Enough pools of each class for all nodes, in random order, from pool 1 on; then room for the lists' buffers.
  const perClass = Math.ceil(nodes.length / 4) + 1;
  const poolClasses = shuffled(
    classes.flatMap((each) => Array.from({ length: perClass }, () => each)),
    random,
  );
  const poolsEnd = 1 + poolClasses.length;
  const itemWords = nodes.reduce((sum, { targets }) => sum + targets.length + 4, 0);
  const wordCount = (poolsEnd + Math.ceil(itemWords / POOL_WORDS)) * POOL_WORDS;
  const words = new Int32Array(wordCount);
  const pools = new Int32Array(wordCount / POOL_WORDS);
  poolClasses.forEach(([stride, kind], index) => (pools[1 + index] = stride | (kind << KIND_SHIFT)));

  const free = new Map(classes.map(([stride, kind]) => [`${stride} ${kind}`, [] as number[]]));
  for (let pool = 1; pool < poolsEnd; pool++) {
    const [stride, kind] = poolClasses[pool - 1]!;
    for (let cell = 0; cell + stride <= POOL_WORDS; cell += stride)
      free.get(`${stride} ${kind}`)!.push(pool * POOL_WORDS + cell);
  }
  for (const [key, cells] of free) free.set(key, shuffled(cells, random));

  const refs = nodes.map(({ shape }) => free.get(CELLS[shape].join(" "))!.pop()!);
  const valueOf = (target: number): number => (target < 0 ? target : (refs[target] ?? 0));
  let nextBuffer = poolsEnd * POOL_WORDS;
  nodes.forEach(({ shape, targets }, index) => {
    const cell = refs[index]!;
    words[cell] =
      (1 << COUNT_SHIFT) | (shape === "leaf" || shape === "sealed" ? UNTRACKED : 0) | LAYOUT_NUMBER[shape];
    if (shape === "list") {
      words.set([targets.length === 0 ? 0 : nextBuffer, targets.length, targets.length], cell + 1);
      words.set(targets.map(valueOf), nextBuffer);
      nextBuffer += targets.length + 1;
    } else {
      words.set(targets.slice(0, slots(shape)).map(valueOf), cell + 1);
    }
  });

  const followed = (node: number): number[] => {
    const { shape, targets } = nodes[node]!;
    return targets.slice(0, slots(shape)).filter((target) => target >= 0 && target < nodes.length);
  };
  return {
    refs,
    image: {
      words,
      pools,
      poolShift: POOL_SHIFT,
      work: new Uint8Array(wordCount >> 3),
      scan: Int32Array.from(SCAN_CODES),
      layoutFlags: new Uint8Array(SCAN_CODES.length),
      poolsStart: () => 1,
      poolsEnd: () => poolsEnd,
      edgesOf: (object) => bufferOf(followed(refs.indexOf(object)).map((target) => refs[target]!)),
    } as Partial<HeapImage> as HeapImage,

    reachableFrom(roots) {
      const reached = new Set(roots);
      for (const node of reached) for (const target of followed(node)) reached.add(target);
      return reached;
    },
  };
}

/** References that an object of a shape has at most. */
function slots(shape: Node["shape"]): number {
  return { leaf: 0, pair: 2, list: Infinity, tuple: 11, custom: 7, sealed: 0 }[shape];
}

/** The generator that C++ calls minstd_rand: small, and the same everywhere. */
function lehmer(seed: number): () => number {
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
