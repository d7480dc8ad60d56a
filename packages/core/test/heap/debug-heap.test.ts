import { describe, expect, it } from "vitest";

import { immediate, type Ptr } from "../../src/heap/reference.js";
import { codeOf, errorOf } from "../error-of.js";
import { PLANS, openHeap } from "./support/open-heap.js";

describe.each(PLANS)("a heap with debug: true, $name,", (plan) => {
  const open = () => openHeap(plan, { debug: true });

  it("works as one without", () => {
    const { heap, layouts } = open();
    heap.scope((s) => {
      const [tuple, sparse, custom, list, dict, blob] = [
        s.create(layouts.tuple, 3),
        s.create(layouts.sparse),
        s.create(layouts.custom),
        s.create(layouts.list),
        s.create(layouts.dict),
        s.create(layouts.blob),
      ];
      for (const [object, slots] of [
        [tuple, [0, 1, 2]],
        [sparse, [1, 4]],
        [custom, [1, 3]],
        [s.create(layouts.node), [0, 1, 2, 3]],
      ] as const) {
        for (const slot of slots) {
          for (const value of [list, immediate(65_535), 0 as Ptr]) {
            heap.set(object, slot, value);
            expect(heap.get(object, slot)).toBe(value);
          }
        }
      }
      for (const each of [list, dict]) {
        heap.items.append(each, tuple);
        heap.items.append(each, immediate(0));
        heap.items.set(each, 1, sparse);
        expect([heap.items.get(each, 0), heap.items.get(each, 1)]).toEqual([tuple, sparse]);
        heap.items.truncate(each, 1);
        expect(heap.items.count(each)).toBe(1);
        heap.items.reserve(each, 9);
        expect(heap.items.capacity(each)).toBe(9);
        expect(heap.items.first(each)).toBeGreaterThan(0);
      }
      heap.items.reserveBytes(blob, 100);
      heap.items.reserve(blob, 100);
      expect([heap.items.capacity(blob), heap.items.count(blob)]).toEqual([100, 0]);
    });
    heap.gc.collect();
    expect(heap.stats().objects).toBe(0);
    heap.verify();
  });

  it("finds references to what has died, and integers that are none", () => {
    const { heap, layouts } = open();
    using s = heap.enter();
    const [holder, list] = [s.create(layouts.plain), s.create(layouts.list)];
    const dead = heap.scope((inner) => inner.create(layouts.plain));
    heap.gc.collect();
    heap.items.append(list, holder);
    for (const bad of [
      dead,
      holder + 1,
      holder + 4,
      12,
      0.5,
      NaN,
      -65_537,
      2 ** 31,
      "8",
      undefined,
    ] as Ptr[]) {
      for (const call of [
        () => heap.get(bad, 0),
        () => heap.set(bad, 0, holder),
        () => heap.set(holder, 0, bad),
        () => s.own(bad),
        () => heap.items.append(list, bad),
        () => heap.items.set(list, 0, bad),
        () => heap.items.append(bad, holder),
        () => heap.items.get(bad, 0),
        () => heap.items.count(bad),
        () => heap.items.first(bad),
        () => heap.items.capacity(bad),
        () => heap.items.truncate(bad, 0),
        () => heap.items.reserve(bad, 5),
        () => heap.items.reserveBytes(bad, 5),
      ]) {
        expect(codeOf(call)).toBe("ERR_BAD_REFERENCE");
      }
    }
    expect(heap.items.count(list)).toBe(1);
    heap.verify();
  });

  it("finds slots that an object does not have", () => {
    const { heap, layouts } = open();
    using s = heap.enter();
    const cases: [Ptr, unknown[]][] = [
      [s.create(layouts.plain), [3, 4, -1, 0.5, NaN, "0"]],
      [s.create(layouts.sparse), [0, 2, 5, 7]],
      [s.create(layouts.tuple, 3), [7, 99]],
      [s.create(layouts.list), [0, 1, 2]],
      [s.create(layouts.short), [0]],
    ];
    for (const [object, slots] of cases) {
      for (const slot of slots as number[]) {
        expect(errorOf(() => heap.get(object, slot)).message).toContain("has no reference in slot");
        expect(codeOf(() => heap.set(object, slot, object))).toBe("ERR_BAD_REFERENCE");
      }
    }
    heap.verify();
  });

  it("finds items of what has none, and places that a list does not have", () => {
    const { heap, layouts } = open();
    using s = heap.enter();
    const [plain, blob, list] = [s.create(layouts.plain), s.create(layouts.blob), s.create(layouts.list)];
    for (const object of [plain, blob]) {
      expect(errorOf(() => heap.items.append(object, plain)).message).toContain("has no items");
      expect(codeOf(() => heap.items.truncate(object, 0))).toBe("ERR_BAD_REFERENCE");
      expect(codeOf(() => heap.items.get(object, 0))).toBe("ERR_BAD_REFERENCE");
    }
    expect(errorOf(() => heap.items.reserve(plain, 5)).message).toContain("has no buffer");
    heap.items.append(list, plain);
    for (const place of [1, -1, 0.5, NaN, 99]) {
      expect(codeOf(() => heap.items.get(list, place))).toBe("ERR_BAD_OPTION");
      expect(codeOf(() => heap.items.set(list, place, plain))).toBe("ERR_BAD_OPTION");
    }
    heap.verify();
  });

  it("refuses as any other when it is disposed", () => {
    const { heap, layouts } = open();
    const object = heap.scope((s) => s.create(layouts.plain));
    heap.dispose();
    expect(codeOf(() => heap.get(object, 0))).toBe("ERR_DISPOSED");
    expect(codeOf(() => heap.items.count(object))).toBe("ERR_DISPOSED");
  });
});
