import { pymalloc } from "@heapwright/allocator";
import { attachHeap, createHeap, type Heap, type Ptr } from "@heapwright/core";
import { describe, expect, it } from "vitest";

import { markSweep } from "../src/index.js";
import { errorOf } from "./error-of.js";
import { HOLDERS, createShadowHeap } from "./shadow.js";

describe("a collection", () => {
  it.each(HOLDERS)("frees a ring of two %ss, with the leaves they refer to", (kind) => {
    const shadow = createShadowHeap();
    const [a, b, small, kept] = [
      shadow.make(kind),
      shadow.make(kind),
      shadow.make("small"),
      shadow.make("small"),
    ];
    shadow.link(a, 0, b);
    shadow.link(b, 0, a);
    shadow.link(b, 1, small);
    shadow.heap.gc.collect();
    expect(shadow.living()).toHaveLength(4);
    for (const shade of [a, b, small]) shadow.unpin(shade);
    expect(shadow.heap.gc.collect(), "leaves are not counted").toBe(2);
    expect(shadow.living()).toEqual([kept.number]);
    shadow.heap.verify();
  });

  it.each([0, 1, 2])("of generation %s is a full one", (generation) => {
    const shadow = createShadowHeap();
    for (let round = 0; round < 4; round++) shadow.heap.gc.collect();
    shadow.unpin(shadow.make("list"));
    expect(shadow.heap.gc.collect(generation)).toBe(1);
  });

  it("tells leaves of 16 bytes apart", () => {
    const shadow = createShadowHeap();
    const leaves = Array.from({ length: 2000 }, () => shadow.make("small"));
    const [kept, lost] = [
      leaves.filter(({ number }) => number % 3 === 0),
      leaves.filter(({ number }) => number % 3 !== 0),
    ];
    for (const leaf of lost) shadow.unpin(leaf);
    expect(shadow.heap.gc.collect()).toBe(0);
    expect(shadow.living()).toEqual(kept.map(({ number }) => number));
    shadow.heap.verify();
  });

  it("does not count untracked objects, and frees them all the same", () => {
    const shadow = createShadowHeap();
    const [tracked, untracked] = [shadow.make("list"), shadow.make("list")];
    shadow.heap.untrack(untracked.ptr);
    shadow.link(tracked, 0, untracked);
    shadow.link(untracked, 0, tracked);
    for (const shade of [tracked, untracked]) shadow.unpin(shade);
    expect(shadow.heap.gc.collect()).toBe(1);
    expect(shadow.living()).toEqual([]);
  });

  it("frees a chain of 100,000 objects, in either direction", () => {
    for (const backwards of [false, true]) {
      const heap = createHeap({ allocator: pymalloc(), collector: markSweep(), maxBytes: "32MiB" });
      const node = heap.layout({ name: "Node", scan: "prefix", slots: 1 });
      const length = 100_000;
      heap.scope((scope) => {
        const objects = Array.from({ length }, () => scope.create(node));
        for (let i = 1; i < length; i++)
          heap.set(objects[backwards ? i : i - 1]!, 0, objects[backwards ? i - 1 : i]!);
        heap.retain(objects[backwards ? length - 1 : 0]!);
      });
      heap.gc.collect();
      expect(heap.stats().objects).toBe(length);
      const head = [...heap.objects()].at(backwards ? -1 : 0)!;
      heap.release(head);
      expect(heap.gc.collect()).toBe(length);
      heap.verify();
      heap.dispose();
    }
  });

  it("keeps what scopes own, and lets it go when they close", () => {
    const heap = createHeap({ allocator: pymalloc(), collector: markSweep(), maxBytes: "4MiB" });
    const node = heap.layout({ name: "Node", scan: "prefix", slots: 1 });
    const outer = heap.enter();
    const a = outer.create(node);
    heap.scope((inner) => {
      inner.create(node);
      heap.gc.collect();
      expect([...heap.objects()]).toHaveLength(2);
    });
    heap.gc.collect();
    expect([...heap.objects()]).toEqual([a]);
    outer.dispose();
    expect(heap.gc.collect()).toBe(1);
  });

  it("keeps immortal objects and what they refer to", () => {
    const shadow = createShadowHeap();
    const [immortal, other] = [shadow.make("list"), shadow.make("node")];
    shadow.link(immortal, 0, other);
    shadow.heap.immortalize(immortal.ptr);
    for (const shade of [immortal, other]) shadow.unpin(shade);
    expect(shadow.heap.gc.collect()).toBe(0);
    expect(shadow.living()).toEqual([immortal.number, other.number]);
  });
});

describe("weak references", () => {
  it("do not keep their target alive, and are cleared when it dies", () => {
    const shadow = createShadowHeap();
    const { heap } = shadow;
    const target = shadow.make("node");
    heap.scope((scope) => {
      const called: Ptr[] = [];
      const weak = heap.weak.create(scope, target.ptr, { callback: (each) => void called.push(each) });
      heap.gc.collect();
      expect(heap.weak.target(weak)).toBe(target.ptr);
      shadow.unpin(target);
      expect(heap.gc.collect()).toBe(1);
      expect(heap.weak.target(weak)).toBe(0);
      expect(called).toEqual([weak]);
    });
    heap.verify();
  });

  it("to an object that its own finalizer made die with it, and their callbacks may make leaves that stay", () => {
    const kept: Ptr[] = [];
    const shadow = createShadowHeap({
      mourn(object) {
        shadow.heap.scope((scope) => {
          const weak = shadow.heap.weak.create(scope, object, {
            callback: () => {
              const leaf = shadow.make("small");
              kept.push(leaf.ptr);
            },
          });
          shadow.heap.pin(weak);
        });
      },
    });
    shadow.unpin(shadow.make("mourned"));
    shadow.heap.gc.collect();
    expect(kept).toHaveLength(1);
    expect(shadow.heap.isObject(kept[0]!)).toBe(true);
    shadow.heap.verify();
  });

  it("of an untracked object are cleared, too", () => {
    const shadow = createShadowHeap();
    const { heap } = shadow;
    const target = shadow.make("node");
    heap.untrack(target.ptr);
    heap.scope((scope) => {
      const weak = heap.weak.create(scope, target.ptr);
      shadow.unpin(target);
      heap.gc.collect();
      expect(heap.weak.target(weak)).toBe(0);
    });
    heap.verify();
  });
});

describe("finalizers", () => {
  it("find the leaves of their object, which may take both back", () => {
    const seen: boolean[] = [];
    const shadow = createShadowHeap({
      mourn(object) {
        const self = shadow.shadeOf(object)!;
        seen.push(shadow.isIntact(shadow.shades.get(self.slots[0])!));
        shadow.pin(self);
      },
    });
    const [object, leaf] = [shadow.make("mourned"), shadow.make("small")];
    shadow.link(object, 0, leaf);
    for (const shade of [object, leaf]) shadow.unpin(shade);
    expect(shadow.heap.gc.collect()).toBe(0);
    expect(seen).toEqual([true]);
    expect(shadow.living()).toEqual([object.number, leaf.number]);
    shadow.unpin(object);
    expect(shadow.heap.gc.collect()).toBe(1);
    expect(shadow.living()).toEqual([]);
    expect(seen, "called once in a life").toHaveLength(1);
  });

  it("may call for everything that looks at the heap", () => {
    let calls = 0;
    const shadow = createShadowHeap({
      mourn() {
        shadow.heap.verify();
        shadow.heap.stats();
        calls++;
      },
    });
    shadow.unpin(shadow.make("mourned"));
    shadow.unpin(shadow.make("small"));
    shadow.heap.gc.collect();
    expect(calls).toBe(1);
  });

  it.each([true, false])(
    "of the old kind keep their object (tracked: %s) and its leaves in gc.garbage",
    (isTracked) => {
      const heap = createHeap({
        allocator: pymalloc(),
        collector: markSweep(),
        maxBytes: "4MiB",
        code: { del: () => undefined },
      });
      const old = heap.layout({ name: "Old", scan: "prefix", slots: 1, legacyFinalizer: "del" });
      const leaf = heap.layout({ name: "Leaf", scan: "leaf", words: 1 });
      heap.scope((scope) => {
        const object = scope.create(old);
        heap.set(object, 0, scope.create(leaf));
        if (!isTracked) heap.untrack(object);
      });
      heap.gc.collect();
      expect(heap.gc.garbage).toHaveLength(1);
      expect(heap.stats().objects).toBe(2);
      heap.verify();
    },
  );
});

describe("collecting by itself", () => {
  function heapWith(options?: Parameters<typeof markSweep>[0]): {
    heap: Heap;
    litter: (count: number) => void;
  } {
    const heap = createHeap({ allocator: pymalloc(), collector: markSweep(options), maxBytes: "16MiB" });
    const node = heap.layout({ name: "Node", scan: "prefix", slots: 1 });
    const litter = (count: number): void => {
      for (let i = 0; i < count; i++) heap.scope((scope) => scope.create(node));
    };
    return { heap, litter };
  }
  const collections = (heap: Heap): number =>
    heap.gc.getStats().reduce((sum, each) => sum + each.collections, 0);

  it("waits for as many births as the threshold says", () => {
    const { heap, litter } = heapWith();
    litter(700);
    expect(heap.gc.getCount()).toEqual([700, 0, 0]);
    expect(collections(heap)).toBe(0);
    litter(1);
    expect(collections(heap)).toBe(1);
    litter(7010);
    expect(collections(heap)).toBeGreaterThanOrEqual(10);
    expect(heap.stats().objects).toBeLessThan(1000);
  });

  it("waits for as many births as there are objects", () => {
    const { heap, litter } = heapWith({ growthPercent: 200 });
    const node = heap.layoutNamed("Node")!;
    heap.gc.disable();
    heap.scope((scope) => {
      for (let i = 0; i < 5000; i++) scope.create(node);
      heap.gc.collect();
      heap.gc.enable();
      const before = collections(heap);
      litter(10_000);
      expect(collections(heap)).toBe(before);
      litter(2);
      expect(collections(heap)).toBe(before + 1);
    });
  });

  it("does so never with a threshold of 0, and not while disabled", () => {
    const { heap, litter } = heapWith({ threshold: 0 });
    litter(5000);
    expect(collections(heap)).toBe(0);
    heap.gc.setThreshold(10);
    heap.gc.disable();
    litter(100);
    expect(collections(heap)).toBe(0);
    heap.gc.enable();
    litter(100);
    expect(collections(heap)).toBeGreaterThan(0);
  });

  it("collects when the memory is full, garbage with finalizers included", () => {
    let finalized = 0;
    const shadow = createShadowHeap({ maxBytes: "2MiB", threshold: 0, mourn: () => (finalized += 1) });
    for (let i = 0; i < 50_000; i++) {
      shadow.unpin(shadow.make(i % 2 === 0 ? "mourned" : "large"));
      if (i % 1000 === 0) shadow.forget();
    }
    expect(finalized).toBeGreaterThan(0);
    shadow.heap.verify();
  });
});

describe("errors", () => {
  it("of a custom layout leave the heap as it was", () => {
    let isBroken = false;
    const heap = createHeap({
      allocator: pymalloc(),
      collector: markSweep(),
      maxBytes: "4MiB",
      code: {
        edges(image, object, out) {
          if (isBroken) throw new Error("on purpose");
          out.add(image.words[object + 1]!);
        },
      },
    });
    const custom = heap.layout({ name: "Custom", scan: "custom", words: 1, edges: "edges" });
    const leaf = heap.layout({ name: "Leaf", scan: "leaf", words: 1 });
    heap.scope((scope) => {
      const object = scope.create(custom);
      heap.scope((inner) => {
        heap.set(object, 0, inner.create(leaf));
        inner.create(leaf);
      });
      isBroken = true;
      expect(() => heap.gc.collect()).toThrow("on purpose");
      isBroken = false;
      heap.verify();
      expect(heap.stats().objects).toBe(3);
      heap.gc.collect();
      expect(heap.stats().objects).toBe(2);
      heap.verify();
    });
  });

  it("in the second look put off what was to die", () => {
    let isBroken = false;
    const heap = createHeap({
      allocator: pymalloc(),
      collector: markSweep(),
      maxBytes: "4MiB",
      code: {
        edges() {
          if (isBroken) throw new Error("on purpose");
        },
        finalize() {
          isBroken = true;
        },
      },
    });
    const custom = heap.layout({ name: "Custom", scan: "custom", words: 1, edges: "edges" });
    const mourned = heap.layout({ name: "Mourned", scan: "prefix", slots: 1, finalizer: "finalize" });
    const leaf = heap.layout({ name: "Leaf", scan: "leaf", words: 1 });
    heap.scope((scope) => {
      scope.create(custom);
      heap.scope((inner) => heap.set(inner.create(mourned), 0, inner.create(leaf)));
      expect(() => heap.gc.collect()).toThrow("on purpose");
      isBroken = false;
      heap.verify();
      expect(heap.stats().objects).toBe(3);
      expect(heap.gc.collect()).toBe(1);
      expect(heap.stats().objects).toBe(1);
    });
  });

  it("do not come back at each allocation", () => {
    const heap = createHeap({
      allocator: pymalloc(),
      collector: markSweep({ threshold: 10 }),
      maxBytes: "4MiB",
      code: {
        edges() {
          throw new Error("on purpose");
        },
      },
    });
    const custom = heap.layout({ name: "Custom", scan: "custom", words: 1, edges: "edges" });
    const scope = heap.enter();
    let errors = 0;
    for (let i = 0; i < 100; i++) {
      try {
        scope.create(custom);
      } catch {
        errors++;
      }
    }
    expect(errors).toBe(9);
  });

  it("meet a heap with a counter", () => {
    const counter = {
      kind: "counter",
      api: 1,
      name: "some",
      traits: { exact: true },
      create: () => ({}),
    } as never;
    const error = errorOf(() => createHeap({ allocator: pymalloc(), collector: markSweep(), counter }));
    expect(error.code).toBe("ERR_PLUGIN_MISMATCH");
  });
});

it("goes on in a heap that is attached to", () => {
  const plugins = { allocator: pymalloc(), collector: markSweep() };
  const heap = createHeap({ ...plugins, memory: "buffer", maxBytes: "4MiB" });
  const node = heap.layout({ name: "Node", scan: "prefix", slots: 2 });
  heap.scope((scope) => {
    const [a, b] = [scope.create(node), scope.create(node)];
    heap.set(a, 0, b);
    heap.set(b, 0, a);
  });
  heap.gc.setThreshold(123, 4, 5);
  const again = attachHeap(heap.detach(), { allocator: pymalloc(), collector: markSweep({ threshold: 1 }) });
  expect(again.gc.getThreshold()).toEqual([123, 4, 5]);
  expect(again.gc.getCount()).toEqual([2, 0, 0]);
  expect(again.gc.collect()).toBe(2);
  again.verify();
});
