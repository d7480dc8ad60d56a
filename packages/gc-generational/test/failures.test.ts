import { HeapwrightError } from "@heapwright/core";
import { afterEach, describe, expect, it, vi } from "vitest";

import { makeHeap, type HandMadeHeap, type Node } from "./support/hand-made-heap.js";

const AGES = [1, 2, 0];

/** Nothing was condemned; what was considered has its age or the next one, all others are as they were. */
function expectAllSpared(heap: HandMadeHeap, nodes: readonly Node[], generation: number): void {
  const spared = generation === 0 ? 2 : 0;
  nodes.forEach((node, index) => {
    const age = AGES[node.generation]!;
    expect(node.generation <= generation ? [age, spared] : [age]).toContain(heap.byte(index));
  });
  expect(heap.reaped).toEqual([]);
  expect(heap.collector.problems()).toEqual([]);
}

/** Five objects of each generation that refer to the next one, and the last one to the first. */
const ring: Node[] = Array.from({ length: 15 }, (_, index) => ({
  shape: "custom",
  generation: index % 3,
  targets: [(index + 1) % 15],
  outside: 0,
}));

describe("a custom layout that throws", () => {
  const places = ring.flatMap((_, throwFor) => [0, 1, 2].map((generation) => ({ throwFor, generation })));

  it.each(places)("for object $throwFor in generation $generation spares all", ({ throwFor, generation }) => {
    const heap = makeHeap(ring, { throwFor });
    if (ring[throwFor]!.generation > generation) {
      expect(() => heap.collector.collect(generation)).not.toThrow();
      return;
    }
    expect(() => heap.collector.collect(generation)).toThrow("a custom layout");
    expectAllSpared(heap, ring, generation);
  });

  it("leaves nothing behind that a later collection could stumble over", () => {
    const nodes: Node[] = [
      { shape: "custom", generation: 0, targets: [1], outside: 300 },
      { shape: "custom", generation: 0, targets: [1, 1, 0], outside: 0, immortal: true },
      { shape: "list", generation: 0, targets: Array.from({ length: 600 }, () => 2), outside: 0 },
    ];
    const options = { throwFor: 1 };
    const heap = makeHeap(nodes, options);
    expect(() => heap.collector.collect(0)).toThrow("a custom layout");
    options.throwFor = -1;
    const { image, collector } = heap;
    Object.assign(image, { edgesOf: makeHeap(nodes).image.edgesOf });
    expect(collector.collect(2).collected).toBe(1);
  });
});

describe("a full collection that fails", () => {
  it("forgets the immortal objects it met, which a young one must not touch", () => {
    const nodes: Node[] = [
      { shape: "pair", generation: 2, targets: [], outside: 1, immortal: true },
      { shape: "custom", generation: 2, targets: [], outside: 1 },
      { shape: "pair", generation: 0, targets: [], outside: 1 },
    ];
    const heap = makeHeap(nodes, { throwFor: 1 });
    expect(() => heap.collector.collect(2)).toThrow("a custom layout");
    heap.collector.place!(heap.refs[2]!, 0);
    expect(heap.collector.collect(0).collected).toBe(0);
    expect(heap.collector.problems()).toEqual([]);
  });
});

describe("a host without room for scratch", () => {
  afterEach(() => vi.unstubAllGlobals());

  /** Lets the host refuse arrays of more than so many words. */
  function limitHost(words: number): void {
    const Real = Int32Array;
    const limited = new Proxy(Real, {
      construct(target, args: unknown[]): object {
        if (typeof args[0] === "number" && args[0] > words)
          throw new RangeError("Array buffer allocation failed");
        return Reflect.construct(target, args) as object;
      },
    });
    vi.stubGlobal("Int32Array", limited);
  }

  /** More objects than scratch has room for at first, each of which keeps the next one. */
  const chain = (size: number, held: number): Node[] =>
    Array.from({ length: size }, (_, index) => ({
      shape: "pair",
      generation: 0,
      targets: [(index + 1) % size],
      outside: index === 0 ? held : 0,
    }));

  it.each([0, 1, 2])("gets ERR_OUT_OF_MEMORY from generation %i, which spares all", (generation) => {
    // Held 128 times, each is a hot object.
    for (const held of [0, 1, 128]) {
      for (const limit of [1024, 2048, 4096]) {
        const nodes =
          held === 128 ? chain(6000, held).map((node) => ({ ...node, outside: held })) : chain(6000, held);
        const heap = makeHeap(nodes, { poolShift: 12, seed: limit });
        limitHost(limit);
        let error: unknown;
        try {
          heap.collector.collect(generation);
        } catch (thrown) {
          error = thrown;
        }
        vi.unstubAllGlobals();
        if (error === undefined) {
          // It was enough: few objects of a live chain wait to be scanned.
          expect(held).not.toBe(0);
          continue;
        }
        expect(HeapwrightError.is(error, "ERR_OUT_OF_MEMORY")).toBe(true);
        expectAllSpared(heap, nodes, generation);
        // There is room again.
        expect(heap.collector.collect(2).collected).toBe(held === 0 ? 6000 : 0);
      }
    }
  });
});
