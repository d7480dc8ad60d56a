import { CONDEMNED } from "@heapwright/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { makeHeap, type HandMadeHeap, type Node, type Shape } from "./support/hand-made-heap.js";

const GENERATIONS = [0, 1, 2] as const;

/** Collects, and checks what was found, what became of every byte, and that nothing is wrong afterwards. */
function collectAndCheck(heap: HandMadeHeap, nodes: readonly Node[], generation: number): void {
  const expected = heap.unreachable(generation);
  const before = nodes.map((_, node) => heap.byte(node));
  const births = [...heap.image.births];

  expect(heap.collector.collect(generation)).toEqual({ collected: expected.length, uncollectable: 0 });

  const spared = generation === 0 ? 2 : 0;
  expect(heap.reaped).toEqual([{ nodes: expected, spared }]);
  const isDead = new Set(expected);
  nodes.forEach(({ shape, untracked }, node) => {
    if (isDead.has(node)) {
      expect(heap.byte(node)).toBe(CONDEMNED);
      heap.image.work[heap.refs[node]! >> 3] = spared;
      return;
    }
    const isTracked = untracked !== true && shape !== "leaf" && shape !== "sealed";
    const isMember = isTracked && nodes[node]!.generation <= generation;
    expect(heap.byte(node)).toBe(isMember ? spared : before[node]);
  });
  heap.image.births.forEach((byte, pool) => {
    const wasLookedAt = births[pool] !== 0 && births[pool]! <= generation + 1;
    expect(byte).toBe(generation === 2 ? 0 : !wasLookedAt ? births[pool] : generation === 0 ? 2 : 0);
  });
  expect(heap.collector.problems()).toEqual([]);
}

function check(nodes: readonly Node[], options: Parameters<typeof makeHeap>[1] = {}): void {
  for (const generation of GENERATIONS) collectAndCheck(makeHeap(nodes, options), nodes, generation);
}

const shape = fc.constantFrom<Shape>("leaf", "sealed", "pair", "five", "list", "tuple", "custom");
const outside = fc.oneof(
  { weight: 12, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 3 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(127, 128, 255, 256, 257, 511, 512, 1024, 4096, 8191, 8192, 12_288),
  },
);

/** Graphs of all shapes, sparse enough that a good part is unreachable, with duplicates and self-references. */
const graphOf = (min: number, max: number) =>
  fc.integer({ min, max }).chain((size) => {
    const target = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: size - 1 }) },
      { weight: 1, arbitrary: fc.constantFrom(null, -1, -300) },
    );
    const node: fc.Arbitrary<Node> = fc.record({
      shape,
      generation: fc.constantFrom(0, 0, 1, 2),
      targets: fc.oneof(
        { weight: 5, arbitrary: fc.array(target, { maxLength: 4 }) },
        { weight: 1, arbitrary: fc.array(target, { maxLength: 20 }) },
      ),
      outside,
      untracked: fc.oneof(
        { weight: 9, arbitrary: fc.constant(false) },
        { weight: 1, arbitrary: fc.constant(true) },
      ),
      immortal: fc.oneof(
        { weight: 20, arbitrary: fc.constant(false) },
        { weight: 1, arbitrary: fc.constant(true) },
      ),
      spilled: fc.constantFrom(0, 1, 2, 3),
    });
    return fc.record({
      nodes: fc.array(node, { minLength: size, maxLength: size }),
      seed: fc.nat(),
      poolShift: fc.constantFrom(6, 7, 9),
    });
  });

describe("a collection", () => {
  it("finds what the naive model finds, in every generation, and leaves the ages of all others alone", () => {
    fc.assert(
      fc.property(graphOf(1, 60), ({ nodes, seed, poolShift }) => {
        check(nodes, { seed, poolShift });
      }),
      { numRuns: 1500 },
    );
  });

  it("does so in heaps of a hundred pools and more", () => {
    fc.assert(
      fc.property(graphOf(300, 600), ({ nodes, seed }) => {
        check(nodes, { seed, poolShift: 6 });
      }),
      { numRuns: 60 },
    );
  });

  it("finds nothing in an empty heap", () => {
    check([]);
  });

  it("follows a chain of thousands that runs against the addresses, and grows its scratch for it", () => {
    const size = 5000;
    const chain = (held: number): Node[] =>
      Array.from({ length: size }, (_, node) => ({
        shape: "pair",
        generation: 0,
        targets: [(node + 1) % size],
        outside: node === 0 ? held : 0,
      }));
    // Random cells: on average every other reference points back.
    for (const seed of [1, 2, 3]) {
      check(chain(1), { seed, poolShift: 12 });
      check(chain(0), { seed, poolShift: 12 });
    }
  });

  it("follows a list of thousands from behind", () => {
    const items = Array.from({ length: 3000 }, (): Node => ({
      shape: "pair",
      generation: 0,
      targets: [],
      outside: 0,
    }));
    const list: Node = { shape: "list", generation: 0, targets: [...items.keys()], outside: 1 };
    // A self-reference through a pair keeps each item unreached until the list is scanned.
    const cyclic = items.map((item, node): Node => ({ ...item, targets: [node] }));
    const reachable = { ...list, targets: [...items.keys()].slice(0, 900) };
    check([...cyclic, reachable], { poolShift: 12, seed: 5 });
  });
});

describe("custom layouts", () => {
  it("are followed when the scratch grows in the middle of one", () => {
    const leaf = (index: number): Node => ({ shape: "pair", generation: 0, targets: [index], outside: 0 });
    for (const [seed, before] of [1, 2, 3, 4, 5, 6].flatMap((seed) =>
      [1004, 1010, 1020].map((n) => [seed, n] as const),
    )) {
      // What a list pushes fills the stack, and its last item is a custom object with 19 more.
      const items = Array.from({ length: before + 19 }, (_, index) => leaf(index));
      const custom: Node = {
        shape: "custom",
        generation: 0,
        targets: [...items.keys()].slice(before),
        outside: 0,
      };
      const list: Node = {
        shape: "list",
        generation: 0,
        targets: [...[...items.keys()].slice(0, before), items.length],
        outside: 1,
      };
      check([...items, custom, list], { seed, poolShift: 12 });
    }
  });
});

/** An object of a count that consists of references from dead objects, from live ones and from outside. */
function hot(dead: number, live: number, from: number, spilled: number, generation: number): Node[] {
  const target = 0;
  const node = (targets: number[], held: number): Node => ({
    shape: "list",
    generation,
    targets,
    outside: held,
  });
  const nodes: Node[] = [{ shape: "pair", generation, targets: [1], outside: from, spilled }, node([], 0)];
  // The dead refer to themselves, so that nothing but the collector finds out.
  const self = nodes.length;
  if (dead > 0) nodes.push(node([self, ...Array.from({ length: dead }, () => target)], 0));
  if (live > 0)
    nodes.push(
      node(
        Array.from({ length: live }, () => target),
        1,
      ),
    );
  return nodes;
}

describe("counts that no byte holds", () => {
  const sizes = [1, 127, 128, 129, 255, 256, 257, 384, 511, 512, 513, 1000];

  it.each(GENERATIONS)("are exact in generation %i when all references come from the dead", (generation) => {
    for (const dead of sizes) {
      const nodes = hot(dead, 0, 0, 0, generation);
      expect(makeHeap(nodes).unreachable(generation)).toHaveLength(3);
      check(nodes);
    }
  });

  it.each(GENERATIONS)(
    "are exact in generation %i when a multiple of 128 comes from outside",
    (generation) => {
      for (const from of [128, 256, 384, 512, 1024, 4096, 8064, 8192, 12_288, 65_536]) {
        for (const dead of [0, 1, 100, 128, 256]) {
          for (const spilled of [0, 1, 15]) {
            const nodes = hot(dead, 0, from, spilled, generation);
            expect(makeHeap(nodes).unreachable(generation)).toHaveLength(dead > 0 ? 1 : 0);
            check(nodes);
          }
        }
      }
    },
  );

  it.each(GENERATIONS)(
    "are exact in generation %i when the field was counted down below 128",
    (generation) => {
      // 4,196 references in all: 100 in the field.
      check(hot(100, 0, 4096, 1, generation));
      check(hot(4196, 0, 0, 1, generation));
      check(hot(996, 0, 3200, 1, generation));
    },
  );

  it("are exact when live objects refer to them as well", () => {
    for (const live of sizes) check(hot(256, live, 0, 0, 0));
  });

  it("bring back all that such an object refers to, other such objects included", () => {
    const generation = 0;
    const nodes: Node[] = [
      { shape: "pair", generation, targets: [1], outside: 256 },
      { shape: "list", generation, targets: [2, 3], outside: 0 },
      { shape: "list", generation, targets: Array.from({ length: 256 }, () => 2), outside: 0 },
      { shape: "custom", generation, targets: Array.from({ length: 19 }, () => 4), outside: 0 },
      { shape: "pair", generation, targets: [0], outside: 0 },
      { shape: "list", generation, targets: Array.from({ length: 512 }, () => 5), outside: 0 },
    ];
    expect(makeHeap(nodes).unreachable(0)).toEqual([5]);
    for (const seed of [1, 2, 3, 4, 5]) check(nodes, { seed });
  });
});

describe("objects that are not counted", () => {
  it("immortal ones are reachable whatever their count, with all that they refer to", () => {
    for (const generation of GENERATIONS) {
      check([
        { shape: "pair", generation, targets: [1, 0], outside: 0, immortal: true },
        { shape: "tuple", generation, targets: [1, 1], outside: 0 },
      ]);
    }
  });

  it("an untracked container keeps what it refers to, and is never condemned itself", () => {
    for (const generation of GENERATIONS) {
      const nodes: Node[] = [
        { shape: "pair", generation, targets: [1, 0], outside: 0, untracked: true },
        { shape: "five", generation, targets: [1], outside: 0 },
        { shape: "five", generation, targets: [2, 0], outside: 0 },
      ];
      expect(makeHeap(nodes).unreachable(generation)).toEqual([2]);
      check(nodes);
    }
  });

  it("leaves that share a work byte and have hundreds of references do no harm", () => {
    const leaves = Array.from({ length: 9 }, (): Node => ({
      shape: "leaf",
      generation: 2,
      targets: [],
      outside: 0,
    }));
    const many = Array.from({ length: 300 }, (_, i) => i % 9);
    check([
      ...leaves,
      { shape: "list", generation: 0, targets: [9, ...many], outside: 0 },
      { shape: "list", generation: 1, targets: many, outside: 1 },
      { shape: "list", generation: 2, targets: [11, ...many], outside: 0 },
    ]);
  });
});
