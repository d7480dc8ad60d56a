import { pymalloc } from "@heapwright/allocator";
import {
  attachHeap,
  createHeap,
  type Heap,
  type HeapwrightError,
  type Owned,
  type Ptr,
} from "@heapwright/core";
import { refcount } from "@heapwright/refcount";
import { describe, expect, it } from "vitest";

import { generational, type GenerationalOptions } from "../src/index.js";
import { makeHeap, type Node } from "./support/hand-made-heap.js";

const badOption = expect.objectContaining({ code: "ERR_BAD_OPTION" }) as HeapwrightError;

function create(options?: GenerationalOptions): Heap {
  const layouts = [{ name: "pair", scan: "prefix", slots: 2 }] as const;
  const plugins = { allocator: pymalloc(), counter: refcount(), collector: generational(options) };
  return createHeap({ ...plugins, maxBytes: "8MiB", layouts });
}

/** Makes an object that only refers to itself, and lets go of it. */
function makeGarbage(heap: Heap): Owned {
  return heap.scope((scope) => {
    const object = scope.create(heap.layoutNamed("pair")!);
    heap.set(object, 0, object);
    return object;
  });
}

describe("thresholds", () => {
  it("are CPython's unless others are given", () => {
    expect(create().gc.getThreshold()).toEqual([700, 10, 10]);
    expect(create({ thresholds: [] }).gc.getThreshold()).toEqual([700, 10, 10]);
    expect(create({ thresholds: [5] }).gc.getThreshold()).toEqual([5, 10, 10]);
    expect(create({ thresholds: [1, 2, 3] }).gc.getThreshold()).toEqual([1, 2, 3]);
  });

  it.each([[[-1]], [[1.5]], [[Number.NaN]], [[2 ** 31]], [[1, 2, 3, 4]], ["700"], [[700, "10"]]])(
    "%j are refused",
    (thresholds) => {
      expect(() => generational({ thresholds: thresholds as number[] })).toThrow(badOption);
    },
  );

  it("of 0 turn automatic collection off", () => {
    const heap = create({ thresholds: [0] });
    for (let i = 0; i < 2000; i++) makeGarbage(heap);
    expect(heap.gc.getCount()).toEqual([2000, 0, 0]);
    heap.gc.setThreshold(100);
    makeGarbage(heap);
    expect(heap.stats().objects).toBe(1);
  });
});

describe("generations", () => {
  it("are reached one after the other", () => {
    const heap = create();
    heap.scope((scope) => {
      const object = scope.create(heap.layoutNamed("pair")!);
      const seen = [0, 0, 1, 0, 2].map((generation) => {
        const before = heap.gc.generationOf(object);
        heap.gc.collect(generation);
        return before;
      });
      expect([...seen, heap.gc.generationOf(object)]).toEqual([0, 1, 1, 2, 2, 2]);
    });
  });

  it("keep their garbage until they are collected themselves", () => {
    const heap = create();
    for (const generation of [0, 1, 2]) heap.gc.place(makeGarbage(heap), generation);
    heap.verify();
    expect([heap.gc.collect(0), heap.gc.collect(0), heap.gc.collect(1), heap.gc.collect(2)]).toEqual([
      1, 0, 1, 1,
    ]);
  });

  it("can be chosen for an object in both directions", () => {
    const heap = create();
    heap.scope((scope) => {
      const object = scope.create(heap.layoutNamed("pair")!);
      for (const generation of [2, 1, 0, 1, 2, 0, 2]) {
        heap.gc.place(object, generation);
        expect(heap.gc.generationOf(object)).toBe(generation);
        heap.verify();
      }
    });
  });

  it("leave an untracked object out", () => {
    const heap = create();
    heap.scope((scope) => {
      const object = scope.create(heap.layoutNamed("pair")!);
      heap.untrack(object);
      heap.gc.collect(0);
      heap.verify();
      expect(heap.gc.generationOf(object)).toBeUndefined();
      heap.gc.place(object, 1);
      heap.verify();
      heap.track(object);
      expect(heap.gc.generationOf(object)).toBe(0);
      heap.verify();
    });
  });

  it("of the dead cannot be chosen any more by their finalizers", () => {
    const seen: unknown[] = [];
    const heap = createHeap({
      allocator: pymalloc(),
      counter: refcount(),
      collector: generational(),
      maxBytes: "8MiB",
      layouts: [{ name: "pair", scan: "prefix", slots: 2, finalizer: "last" }],
      code: {
        last(object: Ptr, owner: Heap) {
          owner.gc.place(object, 0);
          seen.push(owner.gc.generationOf(object));
          owner.verify();
        },
      },
    });
    makeGarbage(heap);
    expect(heap.gc.collect()).toBe(1);
    expect(seen).toEqual([2]);
    heap.verify();
  });
});

describe("a heap in another thread", () => {
  it("goes on with thresholds, counts, ages and births", () => {
    const first = create({ thresholds: [50, 3, 2] });
    for (let i = 0; i < 120; i++) makeGarbage(first);
    first.gc.place(makeGarbage(first), 1);
    const figures = { count: first.gc.getCount(), threshold: first.gc.getThreshold() };
    const second = attachHeap(first.detach(), {
      allocator: pymalloc(),
      counter: refcount(),
      collector: generational({ thresholds: [9, 9, 9] }),
    });
    expect({ count: second.gc.getCount(), threshold: second.gc.getThreshold() }).toEqual(figures);
    second.verify();
    const objects = second.stats().objects;
    expect(second.gc.collect(0)).toBe(objects - 1);
    expect(second.gc.collect(1)).toBe(1);
    second.verify();
  });
});

describe("problems", () => {
  const nodes: Node[] = Array.from({ length: 12 }, (_, index) => ({
    shape: index % 2 === 0 ? "pair" : "five",
    generation: index % 3,
    targets: [],
    outside: 1,
  }));

  it.each([
    ["an age that is none", 3, "which is no age"],
    ["a byte of a collection", 200, "which is no age"],
    ["the byte of the dead", 255, "which is no age"],
  ])("names %s", (_, byte, message) => {
    const heap = makeHeap(nodes);
    heap.image.work[heap.refs[4]! >> 3] = byte;
    expect(heap.collector.problems()).toEqual([expect.stringContaining(message)]);
  });

  it("names ages without births", () => {
    for (const [node, birth] of [
      [0, 2],
      [0, 0],
      [1, 0],
    ] as const) {
      const heap = makeHeap(nodes.map((each) => ({ ...each, generation: node })));
      heap.image.births.fill(birth);
      expect(heap.collector.problems().join()).toContain(
        `has the age ${node + 1}, and the births byte of its pool is`,
      );
    }
  });

  it("names ages of free cells, of untracked objects, and beside cells", () => {
    const heap = makeHeap(nodes, { poolShift: 9 });
    const { image, refs } = heap;
    const five = refs[1]!;
    const start = five & -512;
    // Cells of 12 words begin in granules 0, 1, 3, 4, 6, ...
    image.work[(start >> 3) + 2] = 1;
    expect(heap.collector.problems()).toEqual([expect.stringContaining("is of no tracked object")]);
    image.work[(start >> 3) + 2] = 0;
    image.words[refs[0]!] = 0;
    expect(heap.collector.problems()).toEqual([expect.stringContaining("is of no tracked object")]);
  });

  it("names words below 0, and births that are none", () => {
    const heap = makeHeap(nodes);
    heap.context.words[7] = -1;
    heap.image.births[heap.refs[0]! >> 7] = 9;
    expect(heap.collector.problems().join()).toMatch(/Word 7 .* below 0.*births byte 9/);
  });
});
