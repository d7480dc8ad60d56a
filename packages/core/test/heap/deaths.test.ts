import { describe, expect, it } from "vitest";

import type { Heap } from "../../src/heap/heap.js";
import { SPILL } from "../../src/heap/object-word.js";
import { immediate, type Ptr } from "../../src/heap/reference.js";
import { codeOf } from "../error-of.js";
import { fill } from "./support/fill.js";
import { COUNTED, PLANS, openHeap, type OpenHeap } from "./support/open-heap.js";

/** A ring of objects that each refer to the next one, in slot 0, and a number in word 5 of each. */
function makeRing({ heap, layouts }: OpenHeap, length: number): Ptr[] {
  return heap.scope((s) => {
    const nodes = Array.from({ length }, (_, number) => {
      const node = s.create(layouts.node);
      heap.words[node + 5] = number;
      return node;
    });
    for (const [number, node] of nodes.entries()) heap.set(node, 0, nodes[(number + 1) % length]!);
    return nodes;
  });
}

describe.each(PLANS)("a finalizer $name", (plan) => {
  it("is called once, while the object and all that it refers to are as they were", () => {
    const seen: number[][] = [];
    const opened = openHeap(plan, {
      finalize: (object, heap) => {
        const chain = [object];
        for (let next = heap.get(object, 0); next !== object; next = heap.get(next, 0)) chain.push(next);
        seen.push(chain.map((each) => heap.words[each + 5]!));
        expect(heap.isFinalized(object)).toBe(true);
        heap.verify();
      },
    });
    makeRing(opened, 3);
    expect(opened.heap.gc.collect()).toBe(3);
    expect(seen).toEqual([
      [0, 1, 2],
      [1, 2, 0],
      [2, 0, 1],
    ]);
    expect(opened.unraisable).toEqual([]);
    expect(opened.heap.stats().objects).toBe(0);
  });

  it("that resurrects keeps alive what its object reaches, and is not called again", () => {
    const finalized: number[] = [];
    let holder = 0 as Ptr;
    const opened = openHeap(plan, {
      finalize: (object, heap) => {
        finalized.push(heap.words[object + 5]!);
        if (heap.words[object + 5] === 1) heap.set(holder, 0, object);
      },
    });
    const { heap, layouts } = opened;
    using s = heap.enter();
    holder = s.create(layouts.plain);
    const ring = makeRing(opened, 3);
    const other = makeRing(opened, 1); // number 0
    expect(heap.gc.collect()).toBe(1);
    expect(finalized).toEqual([0, 1, 2, 0]);
    expect(ring.map((node) => heap.isObject(node))).toEqual([true, true, true]);
    expect(heap.isObject(other[0]!)).toBe(false);
    heap.verify();
    heap.set(holder, 0, 0 as Ptr);
    expect(heap.gc.collect()).toBe(3);
    expect(finalized).toHaveLength(4);
    heap.verify();
  });

  it("that takes its ring apart lets all of it die nevertheless, once", () => {
    const finalized: number[] = [];
    const opened = openHeap(plan, {
      finalize: (object, heap) => {
        finalized.push(heap.words[object + 5]!);
        if (heap.words[object + 5] === 0) heap.set(object, 0, immediate(0));
      },
    });
    makeRing(opened, 4);
    opened.heap.gc.collect();
    expect(finalized.sort()).toEqual([0, 1, 2, 3]);
    opened.heap.gc.collect();
    expect(opened.heap.stats().objects).toBe(0);
    opened.heap.verify();
  });

  it("that throws is told to the hook, and nothing else comes of it", () => {
    const thrown = new Error("mine");
    const opened = openHeap(plan, {
      finalize: () => {
        throw thrown;
      },
    });
    makeRing(opened, 2);
    expect(opened.heap.gc.collect()).toBe(2);
    expect(opened.unraisable).toEqual([
      { error: thrown, where: 'the finalizer of "node"' },
      { error: thrown, where: 'the finalizer of "node"' },
    ]);
    opened.heap.verify();
  });

  it("may throw where the hook throws as well", () => {
    const opened = openHeap(plan, {
      finalize: () => {
        throw new Error("mine");
      },
      unraisable: () => {
        throw new Error("the hook's");
      },
    });
    makeRing(opened, 2);
    expect(opened.heap.gc.collect()).toBe(2);
    opened.heap.verify();
    opened.heap.detach();
  });

  it("may make the heap larger, with garbage of its own that is finalized in its turn", () => {
    let left = 100;
    const opened: OpenHeap = openHeap(plan, {
      naive: { threshold: 10 },
      finalize: () => {
        if (left-- > 0) makeRing(opened, 1);
      },
    });
    makeRing(opened, 3);
    for (let round = 0; round < 110; round++) opened.heap.gc.collect();
    expect(left).toBeLessThan(0);
    expect(opened.heap.stats().objects).toBe(0);
    opened.heap.verify();
  });

  it("finds the scopes that were open before closed to it", () => {
    const codes: string[] = [];
    const open: { scope?: ReturnType<Heap["enter"]> } = {};
    const opened = openHeap(plan, {
      finalize: (object) => {
        codes.push(
          codeOf(() => open.scope!.own(object)),
          codeOf(() => open.scope!.dispose()),
        );
      },
    });
    makeRing(opened, 1);
    open.scope = opened.heap.enter();
    opened.heap.gc.collect();
    expect(codes).toEqual(["ERR_SCOPE_ORDER", "ERR_SCOPE_ORDER"]);
    open.scope.dispose();
    opened.heap.verify();
  });

  it("of a leaf is called, too", () => {
    const calls: Ptr[] = [];
    const { heap } = openHeap(plan, { code: { mourn: (object: Ptr) => void calls.push(object) } });
    const layout = heap.layout({ name: "mourned", scan: "leaf", words: 2, finalizer: "mourn" });
    const object = heap.scope((s) => s.create(layout));
    heap.gc.collect();
    expect(calls).toEqual([object]);
    expect(heap.stats().objects).toBe(0);
    heap.verify();
  });
});

describe.each(PLANS)("a legacy finalizer $name", (plan) => {
  it("keeps its object and what that reaches from being collected in a cycle, and is not called", () => {
    let calls = 0;
    const opened = openHeap(plan, {
      oldFinalize: () => {
        calls++;
      },
    });
    const { heap, layouts } = opened;
    const [old, reached, before] = heap.scope((s) => {
      const made = [s.create(layouts.old), s.create(layouts.plain), s.create(layouts.plain)] as const;
      heap.set(made[0], 0, made[0]);
      heap.set(made[0], 1, made[1]);
      heap.set(made[2], 0, made[0]);
      heap.set(made[2], 1, made[2]);
      return made;
    });
    heap.gc.collect();
    expect(calls).toBe(0);
    expect([old, reached, before].map((object) => heap.isObject(object))).toEqual([true, true, false]);
    expect(heap.gc.garbage).toEqual([old]);
    heap.gc.collect();
    expect(heap.gc.garbage).toEqual([old]);
    heap.verify();
    heap.set(old, 0, 0 as Ptr);
    heap.gc.dropGarbage();
    heap.gc.collect();
    if (plan.counted) {
      expect(calls).toBe(1);
      expect(heap.stats().objects).toBe(0);
    }
    heap.verify();
  });

  it("is called each time that its object is about to die by its count", () => {
    let holder = 0 as Ptr;
    let resurrects = true;
    let calls = 0;
    const { heap, layouts } = openHeap(COUNTED, {
      oldFinalize: (object, heap) => {
        calls++;
        if (resurrects) heap.set(holder, 0, object);
      },
    });
    using s = heap.enter();
    holder = s.create(layouts.plain);
    heap.scope((inner) => inner.create(layouts.old));
    expect(calls).toBe(1);
    heap.verify();
    heap.set(holder, 0, 0 as Ptr); // and back again
    expect(calls).toBe(2);
    resurrects = false;
    heap.set(holder, 0, 0 as Ptr);
    expect(calls).toBe(3);
    expect(heap.stats().objects).toBe(1);
    heap.verify();
  });
});

describe.each(PLANS)("a collection $name", (plan) => {
  it("drops what the dead referred to, through every kind of layout", () => {
    const { heap, layouts } = openHeap(plan);
    const kept = heap.scope((s) => {
      const leaf = s.create(layouts.short);
      const plain = s.create(layouts.plain);
      const [node, sparse, tuple, list, dict, custom] = [
        s.create(layouts.node),
        s.create(layouts.sparse),
        s.create(layouts.tuple, 3),
        s.create(layouts.list),
        s.create(layouts.dict),
        s.create(layouts.custom),
      ];
      for (const [object, slots] of [
        [node, [0, 3]],
        [sparse, [1, 4]],
        [tuple, [0, 2]],
        [custom, [1, 3]],
      ] as const) {
        heap.set(object, slots[0], object);
        heap.set(object, slots[1], leaf);
      }
      for (const object of [list, dict])
        for (const item of [object, leaf, leaf]) heap.items.append(object, item);
      heap.set(node, 1, plain);
      heap.retain(leaf);
      heap.verify();
      return leaf;
    });
    heap.gc.collect();
    expect([...heap.objects()]).toEqual([kept]);
    expect(heap.count(kept)).toBe(plan.counted ? 1 : undefined);
    expect(heap.stats().buffers).toBe(0);
    heap.verify();
  });

  it("frees what has a count beyond its header", () => {
    const { heap, layouts } = openHeap(plan, { maxBytes: "8MiB" });
    heap.scope((s) => {
      const [list, item] = [s.create(layouts.list), s.create(layouts.plain)];
      for (let times = 0; times < 3 * SPILL; times++) heap.items.append(list, item);
      heap.set(item, 0, list);
    });
    expect(heap.stats().overflowed).toBe(plan.counted ? 1 : 0);
    expect(heap.gc.collect()).toBe(2);
    expect(heap.stats()).toMatchObject({ objects: 0, overflowed: 0, buffers: 0 });
    heap.verify();
  });

  it("finds resurrected what has a count beyond its header", () => {
    let holder = 0 as Ptr;
    const { heap, layouts } = openHeap(plan, {
      maxBytes: "8MiB",
      finalize: (object, heap) => heap.set(holder, 0, heap.items.get(heap.get(object, 0), 1)),
    });
    using s = heap.enter();
    holder = s.create(layouts.plain);
    heap.scope((inner) => {
      const [list, item, node] = [
        inner.create(layouts.list),
        inner.create(layouts.plain),
        inner.create(layouts.node),
      ];
      heap.items.append(list, node);
      for (let times = 0; times < 3 * SPILL; times++) heap.items.append(list, item);
      heap.set(node, 0, list);
    });
    heap.gc.collect();
    expect(heap.stats().objects).toBe(2);
    expect(heap.count(heap.get(holder, 0))).toBe(plan.counted ? 1 : undefined);
    heap.verify();
  });

  it("makes room though there is none for anything", () => {
    const opened = openHeap(plan);
    const { heap, layouts } = opened;
    using s = heap.enter();
    s.create(layouts.plain);
    makeRing(opened, 5);
    heap.scope((inner) => {
      const list = inner.create(layouts.list);
      heap.items.append(list, list);
      heap.pin(heap.weak.create(inner, list, { callback: () => {} }));
    });
    fill(heap.memory);
    expect(heap.gc.collect()).toBe(6);
    heap.verify();
    expect(opened.unraisable).toEqual([]);
  });
});
