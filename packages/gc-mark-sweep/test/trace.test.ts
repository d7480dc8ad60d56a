import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { markBit } from "../src/marks.js";
import { createTracer } from "../src/trace.js";
import { bufferOf, createRandomImage, type Node, type RandomImage } from "./random-image.js";

/** The nodes whose object has its mark. */
function markedIn({ image, refs }: RandomImage): number[] {
  return [...refs.keys()].filter((node) => (image.work[refs[node]! >> 3]! & markBit(refs[node]!)) !== 0);
}

function trace(random: RandomImage, roots: readonly number[], stackEntries: number): number[] {
  const tracer = createTracer(random.image, stackEntries);
  tracer.trace(bufferOf(roots.map((root) => random.refs[root]!)));
  return markedIn(random);
}

const inOrder = (nodes: Set<number>): number[] => [...nodes].sort((a, b) => a - b);

const shape = fc.constantFrom<Node["shape"]>("leaf", "pair", "list", "tuple", "custom", "sealed");

/** Graphs from a few objects to more than a pool of each kind, with nulls and immediates among the references. */
const graph = fc.integer({ min: 1, max: 60 }).chain((size) => {
  const target = fc.integer({ min: -3, max: size + 1 });
  const node = fc.record({ shape, targets: fc.array(target, { maxLength: 14 }) });
  return fc.record({
    nodes: fc.array(node, { minLength: size, maxLength: size }),
    roots: fc.uniqueArray(fc.integer({ min: 0, max: size - 1 }), { maxLength: 4 }),
    seed: fc.nat(),
    stackEntries: fc.constantFrom(1, 2, 3, 7, 1000),
  });
});

describe("tracing", () => {
  it("marks what a naive walk reaches, whatever the layouts, the places and the room on the stack", () => {
    fc.assert(
      fc.property(graph, ({ nodes, roots, seed, stackEntries }) => {
        const random = createRandomImage(nodes, seed);
        expect(trace(random, roots, stackEntries)).toEqual(inOrder(random.reachableFrom(roots)));
      }),
      { numRuns: 1000 },
    );
  });

  it("follows what had a mark before", () => {
    fc.assert(
      fc.property(graph, ({ nodes, roots, seed, stackEntries }) => {
        const random = createRandomImage(nodes, seed);
        for (const root of roots) random.image.work[random.refs[root]! >> 3]! |= markBit(random.refs[root]!);
        expect(trace(random, [], stackEntries)).toEqual(inOrder(random.reachableFrom(roots)));
      }),
    );
  });

  it("leaves no tracked cell pending", () => {
    fc.assert(
      fc.property(graph, ({ nodes, roots, seed }) => {
        const random = createRandomImage(nodes, seed);
        trace(random, roots, 1);
        const tracked = random.refs.filter((_, node) => nodes[node]!.shape !== "leaf");
        expect(tracked.filter((ref) => random.image.work[ref >> 3]! > 3)).toEqual([]);
      }),
    );
  });

  it("tells leaves apart that share a work byte", () => {
    const leaves = Array.from({ length: 40 }, (): Node => ({ shape: "leaf", targets: [] }));
    const even = [...leaves.keys()].filter((node) => node % 2 === 0);
    const random = createRandomImage([...leaves, { shape: "list", targets: even }], 1);
    expect(trace(random, [40], 8)).toEqual([...even, 40]);
    const bytes = new Set(random.refs.slice(0, 40).map((ref) => ref >> 3));
    expect(bytes.size, "some of the forty share a byte").toBeLessThan(40);
  });

  it("marks a long chain that runs against the addresses with a stack of one", () => {
    const chain = Array.from({ length: 200 }, (_, node): Node => ({ shape: "pair", targets: [node - 1] }));
    const random = createRandomImage(chain, 5);
    expect(trace(random, [199], 1)).toHaveLength(200);
  });

  it("takes the host's refusal of a longer stack for an answer", () => {
    const nodes = Array.from({ length: 30 }, (_, node): Node => ({
      shape: "list",
      targets: [...Array(node).keys()],
    }));
    const random = createRandomImage(nodes, 3);
    const tracer = createTracer(random.image, 2);
    tracer.prepare(2 ** 60);
    tracer.trace(bufferOf([random.refs[29]!]));
    expect(markedIn(random)).toHaveLength(30);
  });
});
