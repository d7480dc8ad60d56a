import { readFileSync } from "node:fs";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Heap } from "../../src/heap/heap.js";
import { immediate, type Ptr } from "../../src/heap/reference.js";
import { codeOf } from "../error-of.js";
import { fill } from "./support/fill.js";
import { COUNTED, PLANS, openHeap } from "./support/open-heap.js";

interface Growth {
  readonly appends: number;
  readonly growth: readonly (readonly [length: number, capacity: number])[];
}

const CPYTHON = JSON.parse(
  readFileSync(new URL("fixtures/list-growth.json", import.meta.url), "utf8"),
) as Growth;

function itemsOf(heap: Heap, list: Ptr): number[] {
  return Array.from({ length: heap.items.count(list) }, (_, place) => heap.items.get(list, place));
}

describe("a list that is appended to", () => {
  it("grows at the same lengths as CPython's, and by as much", () => {
    const { heap, layouts } = openHeap();
    using s = heap.enter();
    const list = s.create(layouts.list);
    const growth: [number, number][] = [];
    for (let length = 1; length <= CPYTHON.appends; length++) {
      const before = heap.items.capacity(list);
      heap.items.append(list, immediate(length % 1000));
      if (heap.items.capacity(list) !== before) growth.push([length, heap.items.capacity(list)]);
    }
    expect(growth).toEqual(CPYTHON.growth);
    expect(itemsOf(heap, list)).toEqual(
      Array.from({ length: CPYTHON.appends }, (_, index) => -1 - ((index + 1) % 1000)),
    );
    heap.verify();
  });
});

describe.each(PLANS)("items $name", (plan) => {
  it("are none at first, and without a buffer", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    for (const layout of [layouts.list, layouts.dict]) {
      const list = s.create(layout);
      expect([heap.items.count(list), heap.items.capacity(list), heap.items.first(list)]).toEqual([0, 0, 0]);
    }
    expect(heap.stats().buffers).toBe(0);
  });

  it("are as an array, whatever is appended, stored, cut off and made room for", () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant("append" as const), at: fc.nat(99) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant("set" as const), at: fc.nat(99) }) },
      fc.record({
        do: fc.constantFrom("truncate" as const, "reserve" as const, "collect" as const),
        at: fc.nat(99),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (program) => {
        const { heap, layouts } = openHeap(plan);
        using s = heap.enter();
        const list = s.create(layouts.list);
        const model: number[] = [];
        for (const { do: what, at } of program) {
          const place = at % Math.max(model.length, 1);
          const inner = heap.enter();
          const value = at % 5 === 0 ? immediate(at) : at % 5 === 1 ? list : inner.create(layouts.plain);
          if (what === "append") {
            heap.items.append(list, value);
            model.push(value);
          } else if (what === "set" && model.length > 0) {
            heap.items.set(list, place, value);
            model[place] = value;
          } else if (what === "truncate") {
            heap.items.truncate(list, place);
            model.length = Math.min(model.length, place);
          } else if (what === "reserve") {
            heap.items.reserve(list, at);
            expect(heap.items.capacity(list)).toBeGreaterThanOrEqual(at);
          } else if (what === "collect") {
            heap.gc.collect();
          }
          inner.dispose();
          expect(itemsOf(heap, list)).toEqual(model);
          expect([...heap.referentsOf(list)]).toEqual(model.filter((item) => item > 0));
          heap.verify();
        }
        if (!plan.counted) heap.gc.collect();
        const reachable = new Set([list, ...model.filter((item) => item > 0)]);
        expect(heap.stats().objects).toBe(reachable.size);
      }),
      { numRuns: 50 },
    );
  });

  it("keep their buffer when they are cut off, and it goes with the list", () => {
    const { heap, layouts } = openHeap(plan);
    heap.scope((s) => {
      const list = s.create(layouts.list);
      for (let place = 0; place < 5; place++) heap.items.append(list, s.create(layouts.short));
      heap.items.truncate(list, 0);
      heap.items.truncate(list, 7);
      expect([heap.items.count(list), heap.items.capacity(list)]).toEqual([0, 8]);
      expect(heap.stats().buffers).toBe(1);
    });
    heap.gc.collect();
    expect(heap.stats()).toMatchObject({ objects: 0, buffers: 0, bufferBytes: 0, freedBuffers: 1 });
    heap.verify();
  });

  it("have room as it was asked for, no less than before", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const list = s.create(layouts.list);
    heap.items.reserve(list, 100);
    expect(heap.items.capacity(list)).toBe(100);
    heap.items.reserve(list, 99);
    heap.items.reserve(list, 0);
    expect(heap.items.capacity(list)).toBe(100);
    expect(heap.items.count(list)).toBe(0);
    const blob = s.create(layouts.blob);
    heap.items.reserveBytes(blob, 5);
    expect(heap.items.capacity(blob)).toBe(2);
    heap.items.reserveBytes(blob, 0);
    heap.words[heap.items.first(blob)] = 12345;
    heap.items.reserveBytes(blob, 50_000);
    expect(heap.words[heap.items.first(blob)]).toBe(12345);
    heap.verify();
  });

  it.each([-1, -0.5, 1.5, NaN, Infinity, "4", undefined])("have no room for %s", (length) => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const list = s.create(layouts.list);
    expect(codeOf(() => heap.items.reserve(list, length as number))).toBe("ERR_BAD_SIZE");
    expect(codeOf(() => heap.items.reserveBytes(list, length as number))).toBe("ERR_BAD_SIZE");
    expect(codeOf(() => heap.items.truncate(list, length as number))).toBe("ERR_BAD_OPTION");
    expect(codeOf(() => heap.items.reserve(list, 2 ** 53))).toBe("ERR_BAD_SIZE");
    expect(heap.items.capacity(list)).toBe(0);
    heap.verify();
  });

  it("stay as they are when there is no room for more", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const list = s.create(layouts.list);
    const item = s.create(layouts.plain);
    for (let place = 0; place < 1024; place++) heap.items.append(list, item);
    const before = heap.words.slice(list, list + 4);
    const giveBack = fill(heap.memory);
    heap.items.reserve(list, heap.items.capacity(list));
    for (const call of [
      () => heap.items.reserve(list, 5000),
      () => heap.items.reserve(list, 2 ** 40),
      () => heap.items.reserveBytes(list, 2 ** 52),
    ]) {
      expect(codeOf(call)).toBe("ERR_OUT_OF_MEMORY");
      expect([...heap.words.slice(list, list + 4)]).toEqual([...before]);
      heap.verify();
    }
    while (heap.items.count(list) < heap.items.capacity(list)) heap.items.append(list, item);
    expect(codeOf(() => heap.items.append(list, item))).toBe("ERR_OUT_OF_MEMORY");
    expect(heap.items.count(list)).toBe(heap.items.capacity(list));
    heap.verify();
    giveBack();
    heap.items.append(list, item);
    expect(heap.items.get(list, heap.items.count(list) - 1)).toBe(item);
    heap.verify();
  });

  it("take just as much room as they need when there is no room for more", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const list = s.create(layouts.list);
    heap.items.reserve(list, 8188);
    for (let place = 0; place < 8188; place++) heap.items.append(list, immediate(1));
    fill(heap.memory, 8); // as many pages as 8,192 words need
    heap.items.append(list, immediate(2));
    expect(heap.items.capacity(list)).toBe(8189);
    heap.verify();
  });

  it("are appended after what a finalizer appends while room is made", () => {
    let finalize = (): void => {};
    const { heap, layouts } = openHeap(plan, { finalize: () => finalize() });
    heap.scope((s) => {
      const garbage = s.create(layouts.list);
      heap.items.reserve(garbage, 20_000);
      heap.items.append(garbage, garbage);
      heap.items.append(garbage, s.create(layouts.node));
    });
    using s = heap.enter();
    const list = s.create(layouts.list);
    heap.items.reserve(list, 1024);
    for (let place = 0; place < 1024; place++) heap.items.append(list, immediate(place));
    finalize = () => {
      heap.items.truncate(list, 1000);
      heap.items.append(list, immediate(8));
    };
    fill(heap.memory);
    heap.items.append(list, immediate(9));
    expect(itemsOf(heap, list).slice(999)).toEqual([999, 8, 9].map((number) => -1 - number));
    heap.verify();
  });

  it("and what is appended live through the collection that makes room for them", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const list = s.create(layouts.list);
    heap.items.reserve(list, 1024);
    for (let place = 0; place < 1024; place++) heap.items.append(list, immediate(1));
    // The value is known to garbage alone, whose end makes room.
    const value = heap.scope((inner) => {
      const garbage = inner.create(layouts.list);
      const each = inner.create(layouts.plain);
      heap.items.reserve(garbage, 20_000);
      heap.items.append(garbage, garbage);
      heap.items.append(garbage, each);
      return each;
    });
    fill(heap.memory);
    heap.items.append(list, value);
    expect(heap.items.get(list, 1024)).toBe(value);
    expect(heap.isObject(value)).toBe(true);
    heap.verify();
  });

  it("that die find the list in order", () => {
    const seen: [number, number][] = [];
    let list = 0 as Ptr;
    const { heap, layouts } = openHeap(plan, {
      finalize: (object, heap) => {
        seen.push([heap.words[object + 5]!, heap.items.count(list)]);
        heap.verify();
        if (seen.length === 1) heap.items.append(list, immediate(1));
      },
    });
    using s = heap.enter();
    list = s.create(layouts.list);
    heap.scope((inner) => {
      for (let number = 0; number < 4; number++) {
        const node = inner.create(layouts.node);
        heap.words[node + 5] = number;
        heap.items.append(list, node);
      }
    });
    heap.items.truncate(list, 1);
    heap.gc.collect();
    expect(seen.map(([number]) => number).sort()).toEqual([1, 2, 3]);
    expect(heap.items.count(list)).toBe(2);
    heap.verify();
  });
});

describe("items with counts", () => {
  it("are counted once for each place", () => {
    const { heap, layouts } = openHeap(COUNTED);
    using s = heap.enter();
    const list = s.create(layouts.list);
    const item = s.create(layouts.plain);
    for (let place = 0; place < 3; place++) heap.items.append(list, item);
    expect(heap.count(item)).toBe(4);
    heap.items.set(list, 1, immediate(0));
    expect(heap.count(item)).toBe(3);
    heap.items.set(list, 0, item);
    expect(heap.count(item)).toBe(3);
    heap.items.truncate(list, 1);
    expect(heap.count(item)).toBe(2);
    heap.verify();
  });
});
