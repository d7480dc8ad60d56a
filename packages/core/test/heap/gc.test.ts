import { describe, expect, it } from "vitest";

import type { Collector, CollectorContext } from "../../src/heap/collector.js";
import type { Heap } from "../../src/heap/heap.js";
import type { Ptr } from "../../src/heap/reference.js";
import { codeOf } from "../error-of.js";
import { fill } from "./support/fill.js";
import { PLANS, openHeap, type OpenHeap } from "./support/open-heap.js";

/** So many objects that only refer to themselves. */
function makeGarbage({ heap, layouts }: OpenHeap, count: number): void {
  heap.scope((s) => {
    for (let made = 0; made < count; made++) {
      const object = s.create(layouts.plain);
      heap.set(object, 0, object);
    }
  });
}

describe.each(PLANS)("heap.gc $name", (plan) => {
  it("collects the generation that it is told, the oldest if none, and counts", () => {
    const told: number[] = [];
    const opened = openHeap(plan, {
      naive: {
        with: ({ collect }) => ({
          collect(generation) {
            told.push(generation);
            return collect(generation);
          },
        }),
      },
    });
    const { gc } = opened.heap;
    makeGarbage(opened, 3);
    expect(gc.collect(0)).toBe(3);
    makeGarbage(opened, 2);
    expect(gc.collect()).toBe(2);
    expect(gc.collect(1)).toBe(0);
    expect(told).toEqual([0, 2, 1]);
    expect(gc.getStats()).toEqual([
      { collections: 1, collected: 3, uncollectable: 0 },
      { collections: 1, collected: 0, uncollectable: 0 },
      { collections: 1, collected: 2, uncollectable: 0 },
    ]);
  });

  it.each([-1, 3, 0.5, NaN, "0", null])("has no generation %s", (generation) => {
    const { heap, layouts } = openHeap(plan);
    expect(codeOf(() => heap.gc.collect(generation as number))).toBe("ERR_BAD_OPTION");
    using s = heap.enter();
    const object = s.create(layouts.plain);
    expect(codeOf(() => heap.gc.place(object, generation as number))).toBe("ERR_BAD_OPTION");
    expect(heap.gc.getStats()[2]!.collections).toBe(0);
  });

  it("adds uncollectable objects to what it returns", () => {
    const { heap, layouts } = openHeap(plan);
    heap.scope((s) => {
      const old = s.create(layouts.old);
      heap.set(old, 0, old);
    });
    expect(heap.gc.collect()).toBe(1);
    expect(heap.gc.getStats()[2]).toEqual({ collections: 1, collected: 0, uncollectable: 1 });
    expect(heap.gc.garbage).toHaveLength(1);
    heap.verify();
  });

  it("returns 0 at once when it is called from a collection, which is not disturbed", () => {
    const results: number[] = [];
    const opened = openHeap(plan, {
      finalize: (_, { gc }) => {
        expect(gc.isCollecting()).toBe(true);
        results.push(gc.collect(), gc.collect(0));
      },
    });
    const { heap, layouts } = opened;
    heap.scope((s) => {
      const node = s.create(layouts.node);
      heap.set(node, 0, node);
    });
    expect(heap.gc.collect()).toBe(1);
    expect(results).toEqual([0, 0]);
    expect(heap.gc.getStats()[2]!.collections).toBe(1);
    expect(heap.gc.isCollecting()).toBe(false);
  });

  it("is free again when its collector throws", () => {
    let throws = true;
    const thrown = new Error("mine");
    const opened = openHeap(plan, {
      naive: {
        with: ({ collect }) => ({
          collect(generation) {
            if (throws) throw thrown;
            return collect(generation);
          },
        }),
      },
    });
    makeGarbage(opened, 1);
    expect(() => opened.heap.gc.collect()).toThrow(thrown);
    expect(opened.heap.gc.isCollecting()).toBe(false);
    expect(opened.heap.gc.getStats()[2]!.collections).toBe(0);
    throws = false;
    expect(opened.heap.gc.collect()).toBe(1);
    opened.heap.verify();
  });

  it("has thresholds, of which those that are left out stay", () => {
    const { heap } = openHeap(plan, { naive: { threshold: 700 } });
    expect(heap.gc.getThreshold()).toEqual([700, 10, 10]);
    heap.gc.setThreshold(5);
    expect(heap.gc.getThreshold()).toEqual([5, 10, 10]);
    heap.gc.setThreshold(1, 2, 3);
    expect(heap.gc.getThreshold()).toEqual([1, 2, 3]);
    heap.gc.setThreshold(2 ** 31 - 1, 0);
    expect(heap.gc.getThreshold()).toEqual([2 ** 31 - 1, 0, 3]);
    heap.gc.getThreshold()[0] = 99;
    expect(heap.gc.getThreshold()[0]).toBe(2 ** 31 - 1);
  });

  it.each([[[]], [[1, 2, 3, 4]], [[-1]], [[1.5]], [[2 ** 31]], [[1, NaN]], [["7"]]])(
    "has no thresholds %j",
    (thresholds) => {
      const { heap } = openHeap(plan, { naive: { threshold: 700 } });
      expect(codeOf(() => heap.gc.setThreshold(...(thresholds as number[])))).toBe("ERR_BAD_OPTION");
      expect(heap.gc.getThreshold()).toEqual([700, 10, 10]);
    },
  );

  it("says which generation a tracked object is in, and puts it into another", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const [object, leaf, untracked] = [
      s.create(layouts.plain),
      s.create(layouts.short),
      s.create(layouts.plain),
    ];
    heap.untrack(untracked);
    for (const generation of [2, 0, 1]) {
      for (const each of [object, leaf, untracked]) heap.gc.place(each, generation);
      expect(heap.gc.generationOf(object)).toBe(generation);
      expect(heap.gc.generationOf(leaf)).toBeUndefined();
      expect(heap.gc.generationOf(untracked)).toBeUndefined();
    }
    for (const none of [0, -1, 4]) {
      expect(codeOf(() => heap.gc.generationOf(none as Ptr))).toBe("ERR_BAD_REFERENCE");
      expect(codeOf(() => heap.gc.place(none as Ptr, 0))).toBe("ERR_BAD_REFERENCE");
    }
    heap.verify();
  });

  it("knows one generation where the collector knows none", () => {
    const { heap, layouts } = openHeap(plan, {
      naive: { with: () => ({ place: undefined, generationOf: undefined }) as unknown as Partial<Collector> },
    });
    using s = heap.enter();
    const object = s.create(layouts.plain);
    heap.gc.place(object, 0);
    expect(heap.gc.generationOf(object)).toBe(2);
  });
});

/** A collector that notes when it is tripped, and what objects there were then. */
function tripping(
  heap: () => Heap,
  trips: number[],
): (own: Collector, context: CollectorContext) => Partial<Collector> {
  return (_, { trigger }) => ({
    tripped() {
      trips.push([...heap().objects()].length);
      trigger.count = 0;
    },
  });
}

describe.each(PLANS)("the trigger $name", (plan) => {
  function openTripping(threshold: number): OpenHeap & { trips: number[] } {
    const trips: number[] = [];
    const opened: OpenHeap = openHeap(plan, {
      naive: { threshold, with: tripping(() => opened.heap, trips) },
    });
    return { ...opened, trips };
  }

  it("asks the collector before the object is there whose birth passes the limit, as CPython does", () => {
    const { heap, layouts, trips } = openTripping(3);
    using s = heap.enter();
    for (let made = 0; made < 8; made++) s.create(layouts.plain);
    expect(trips).toEqual([3, 7]);
    expect(heap.gc.getCount()[0]).toBe(0);
    s.create(layouts.plain);
    expect(heap.gc.getCount()[0]).toBe(1);
  });

  it("counts objects that a collector looks at, less those that died, and never below 0", () => {
    const { heap, layouts, trips } = openTripping(1000);
    const count = (): number => heap.gc.getCount()[0]!;
    using outer = heap.enter();
    outer.create(layouts.plain);
    heap.scope((s) => {
      for (const layout of [layouts.short, layouts.blob]) s.create(layout);
      expect(count()).toBe(1);
      for (const layout of [layouts.node, layouts.list, layouts.tuple, layouts.plain]) {
        s.create(layout, layout === layouts.tuple ? 2 : undefined);
      }
      expect(count()).toBe(5);
    });
    if (plan.counted) expect(count()).toBe(1);
    heap.gc.collect();
    expect(count()).toBe(0);
    outer.dispose();
    expect(count()).toBe(0);
    expect(trips).toEqual([]);
  });

  it("does not ask while automatic collection is off, but goes on counting", () => {
    const { heap, layouts, trips } = openTripping(2);
    using s = heap.enter();
    expect(heap.gc.isEnabled()).toBe(true);
    heap.gc.disable();
    heap.gc.disable();
    expect(heap.gc.isEnabled()).toBe(false);
    for (let made = 0; made < 5; made++) s.create(layouts.plain);
    heap.gc.setThreshold(1);
    s.create(layouts.plain);
    expect(trips).toEqual([]);
    expect(heap.gc.getCount()[0]).toBe(6);
    heap.gc.enable();
    s.create(layouts.plain);
    expect(trips).toEqual([6]);
    heap.gc.setThreshold(0);
    for (let made = 0; made < 100; made++) s.create(layouts.plain);
    expect(trips).toEqual([6]);
    expect(heap.gc.collect()).toBe(0); // by hand
  });

  it("does not ask while a collection runs", () => {
    const trips: number[] = [];
    let made = 0;
    const opened: OpenHeap = openHeap(plan, {
      naive: { threshold: 2, with: tripping(() => opened.heap, trips) },
      finalize: (_, heap) => {
        heap.scope((s) => {
          for (; made < 10; made++) s.create(opened.layouts.plain);
        });
      },
    });
    const { heap, layouts } = opened;
    heap.gc.disable();
    heap.scope((s) => {
      const node = s.create(layouts.node);
      heap.set(node, 0, node);
    });
    heap.gc.enable();
    heap.gc.collect();
    expect(made).toBe(10);
    expect(trips).toEqual([]);
    heap.verify();
  });

  it("takes a birth back that failed for want of room, unless it is a leaf's", () => {
    const { heap, layouts } = openTripping(1000);
    using s = heap.enter();
    for (let made = 0; made < 5; made++) s.create(layouts.plain);
    fill(heap.memory);
    while (codeOfOrNothing(() => s.create(layouts.short)) === "");
    while (codeOfOrNothing(() => s.create(layouts.plain)) === "");
    const before = heap.gc.getCount()[0]!;
    expect(codeOf(() => s.create(layouts.short))).toBe("ERR_OUT_OF_MEMORY");
    // The emergency collection has set it to 0.
    expect(heap.gc.getCount()[0]).toBe(0);
    expect(codeOf(() => s.create(layouts.plain))).toBe("ERR_OUT_OF_MEMORY");
    expect(heap.gc.getCount()[0]).toBe(0);
    expect(before).toBeGreaterThanOrEqual(0);
    heap.verify();
  });
});

function codeOfOrNothing(call: () => unknown): string {
  try {
    call();
    return "";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe.each(PLANS)("a full heap $name", (plan) => {
  it("collects once to make room for an object, though automatic collection is off", () => {
    const opened = openHeap(plan, { maxBytes: "1MiB" });
    const { heap, layouts } = opened;
    heap.gc.disable();
    using s = heap.enter();
    let made = 0;
    while (made < 100_000 && heap.gc.getStats()[2]!.collections === 0) {
      heap.scope((inner) => {
        const garbage = inner.create(layouts.plain);
        heap.set(garbage, 0, garbage);
      });
      made++;
    }
    expect(made).toBeLessThan(100_000);
    expect(heap.stats().objects).toBe(1);
    s.create(layouts.plain);
    heap.verify();
  });

  it("gives its empty pools to whoever needs them", () => {
    const opened = openHeap(plan, { maxBytes: "1MiB" });
    const { heap, layouts } = opened;
    using s = heap.enter();
    const list = s.create(layouts.list);
    makeGarbage(opened, 15_000);
    heap.items.reserve(list, 100_000);
    expect(heap.gc.getStats()[2]!.collections).toBe(1);
    heap.verify();
  });

  it("refuses and stays as it is", () => {
    const { heap, layouts } = openHeap(plan, { maxBytes: "1MiB" });
    using s = heap.enter();
    const list = s.create(layouts.list);
    const code = codeOfOrNothing(() => {
      for (;;) heap.items.append(list, s.create(layouts.plain));
    });
    expect(code).toBe("ERR_OUT_OF_MEMORY");
    heap.verify();
    while (codeOfOrNothing(() => s.create(layouts.tuple, 100)) === "");
    const { objects, handles } = heap.stats();
    expect(codeOf(() => s.create(layouts.tuple, 100))).toBe("ERR_OUT_OF_MEMORY");
    expect(heap.stats()).toMatchObject({ objects, handles });
    heap.verify();
    heap.items.truncate(list, 0);
  });
});
