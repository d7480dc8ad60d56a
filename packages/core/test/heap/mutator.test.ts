import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { LOGGED, ONE_COUNT, SPILL } from "../../src/heap/object-word.js";
import { immediate, type Ptr } from "../../src/heap/reference.js";
import { codeOf } from "../error-of.js";
import { fill } from "./support/fill.js";
import { COUNTED, PLANS, SCANNED, openHeap, type Plan } from "./support/open-heap.js";

describe.each(PLANS)("a store $name", (plan) => {
  it("is read back, at its slot and no other", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const object = s.create(layouts.tuple, 11);
    for (let slot = 0; slot < 11; slot++) {
      heap.set(object, slot, immediate(slot));
      expect(heap.get(object, slot)).toBe(immediate(slot));
      expect(heap.words[object + 1 + slot]).toBe(-1 - slot);
    }
    heap.set(object, 5, object);
    expect(heap.get(object, 5)).toBe(object);
    expect(heap.get(object, 4)).toBe(immediate(4));
    heap.set(object, 5, 0 as Ptr);
    expect(heap.get(object, 5)).toBe(0);
    heap.verify();
  });

  it("keeps the new value alive and lets the old one go", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const holder = s.create(layouts.plain);
    const values = heap.scope((inner) => {
      const made = [inner.create(layouts.plain), inner.create(layouts.plain)] as const;
      heap.set(holder, 0, made[0]);
      heap.set(holder, 1, made[0]);
      heap.set(holder, 0, made[1]);
      return made;
    });
    heap.gc.collect();
    expect(values.map((value) => heap.isObject(value))).toEqual([true, true]);
    heap.set(holder, 1, heap.get(holder, 0));
    heap.gc.collect();
    expect(values.map((value) => heap.isObject(value))).toEqual([false, true]);
    heap.verify();
  });

  it("of the value that is there changes nothing, though it is its only reference", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const holder = s.create(layouts.plain);
    heap.scope((inner) => heap.set(holder, 0, inner.create(layouts.node)));
    const value = heap.get(holder, 0);
    heap.set(holder, 0, value);
    expect(heap.isObject(value)).toBe(true);
    expect(heap.count(value)).toBe(plan.counted ? 1 : undefined);
    heap.verify();
  });

  it("finds the slot written when the old value dies and looks at it", () => {
    const seen: number[] = [];
    let holder = 0 as Ptr;
    const { heap, layouts } = openHeap(plan, {
      finalize: (object, heap) => {
        seen.push(heap.get(holder, 0));
        heap.verify();
        if (heap.get(holder, 0) === 0) heap.set(holder, 0, object); // back from the dead
      },
    });
    using s = heap.enter();
    holder = s.create(layouts.plain);
    heap.scope((inner) => heap.set(holder, 0, inner.create(layouts.node)));
    const value = heap.get(holder, 0);
    heap.set(holder, 0, 0 as Ptr);
    heap.gc.collect();
    expect(seen).toEqual([0]);
    expect(heap.get(holder, 0)).toBe(value);
    expect(heap.isFinalized(value)).toBe(true);
    heap.verify();
    heap.set(holder, 0, 0 as Ptr);
    heap.gc.collect();
    expect(seen).toEqual([0]);
    expect(heap.isObject(value)).toBe(false);
    heap.verify();
  });
});

describe("a store with counts", () => {
  it("counts what is stored, and nothing for null and immediates", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.integer({ min: -3, max: 3 })), { maxLength: 60 }),
        (stores) => {
          const { heap, layouts } = openHeap(COUNTED);
          using s = heap.enter();
          const objects = Array.from({ length: 4 }, () => s.create(layouts.tuple, 4));
          const model = objects.map(() => [0, 0, 0, 0]);
          for (const [from, slot, to] of stores) {
            const value = to >= 0 ? objects[to]! : (to as Ptr);
            heap.set(objects[from]!, slot, value);
            model[from]![slot] = value;
          }
          for (const object of objects) {
            expect(heap.count(object)).toBe(1 + model.flat().filter((value) => value === object).length);
          }
          heap.verify();
        },
      ),
      { numRuns: 60 },
    );
  });

  it("counts beyond what fits into a header", () => {
    const { heap, layouts } = openHeap(COUNTED, { maxBytes: "8MiB" });
    using s = heap.enter();
    const [target, list] = [s.create(layouts.plain), s.create(layouts.list)];
    for (let count = 2; count <= 20_000; count++) {
      heap.items.append(list, target);
      if (count % 1000 === 0 || (count >= 8188 && count <= 8195)) {
        expect(heap.count(target)).toBe(count);
        expect(heap.stats().overflowed).toBe(count >= 2 * SPILL ? 1 : 0);
      }
    }
    heap.verify();
    for (let count = 20_000 - 1; count >= 1; count--) {
      heap.items.truncate(list, count - 1);
      if (count % 1000 === 0 || count < 5) expect(heap.count(target)).toBe(count);
    }
    expect(heap.stats().overflowed).toBe(0);
    heap.verify();
  });

  it("that cannot be counted is refused, and nothing changes", () => {
    const { heap, layouts } = openHeap(COUNTED);
    using s = heap.enter();
    const [target, other, holder] = [
      s.create(layouts.plain),
      s.create(layouts.plain),
      s.create(layouts.plain),
    ];
    heap.retain(target, 2 * SPILL - 2);
    expect(heap.words[target]! >>> 18).toBe(2 * SPILL - 1);
    heap.set(holder, 0, other);
    fill(heap.memory);
    for (const call of [
      () => heap.set(holder, 0, target),
      () => s.own(target),
      () => heap.pin(target),
      () => heap.retain(target),
    ]) {
      expect(codeOf(call)).toBe("ERR_OUT_OF_MEMORY");
      expect(heap.get(holder, 0)).toBe(other);
      expect(heap.count(target)).toBe(2 * SPILL - 1);
      heap.verify();
    }
    heap.release(target);
    heap.set(holder, 0, target);
    expect(heap.get(holder, 0)).toBe(target);
    heap.verify();
  });
});

/** A heap whose collector notes what it is told. */
function openTold(plan: Plan, traits: object) {
  const stored: number[][] = [];
  const decremented: number[] = [];
  const opened = openHeap(plan, {
    naive: {
      traits,
      with: () => ({
        stored: (...store) => void stored.push(store),
        decremented: (object) => void decremented.push(object),
      }),
    },
  });
  return { ...opened, stored, decremented };
}

describe.each(PLANS)("a barrier $name", (plan) => {
  it("tells of stores into objects with the flag LOGGED, and of no others", () => {
    const { heap, layouts, stored } = openTold(plan, { barrier: "log" });
    using s = heap.enter();
    const [logged, plain, value] = [
      s.create(layouts.plain),
      s.create(layouts.plain),
      s.create(layouts.plain),
    ];
    const list = s.create(layouts.list);
    heap.words[logged]! |= LOGGED;
    heap.words[list]! |= LOGGED;
    heap.set(logged, 1, value);
    heap.set(logged, 1, immediate(3));
    heap.set(plain, 1, value);
    heap.items.append(list, value);
    heap.items.set(list, 0, plain);
    const first = heap.items.first(list);
    heap.items.truncate(list, 0);
    expect(stored).toEqual([
      [logged, logged + 2, 0, value],
      [logged, logged + 2, value, -4],
      [list, first, 0, value],
      [list, first, value, plain],
      [list, first, plain, 0],
    ]);
    heap.words[logged]! &= ~LOGGED;
    heap.set(logged, 0, value);
    expect(stored).toHaveLength(5);
    heap.verify();
  });
});

describe("a collector that asks for decrements", () => {
  it("is told when a count falls and is still above 0", () => {
    const { heap, layouts, decremented } = openTold(COUNTED, { decrements: true });
    using s = heap.enter();
    const [holder, value] = [s.create(layouts.plain), s.create(layouts.plain)];
    heap.set(holder, 0, value);
    expect(decremented).toEqual([]);
    heap.set(holder, 0, immediate(1));
    heap.scope((inner) => inner.own(value));
    heap.unpin(heap.pin(value));
    expect(decremented).toEqual([value, value, value]);
    const dying = heap.scope((inner) => inner.create(layouts.plain));
    expect(heap.isObject(dying)).toBe(false);
    expect(decremented).toHaveLength(3);
    heap.verify();
  });

  it("is not told otherwise", () => {
    const { heap, layouts, decremented } = openTold(COUNTED, {});
    using s = heap.enter();
    heap.unpin(heap.pin(s.create(layouts.plain)));
    expect(decremented).toEqual([]);
  });
});

describe("a store without counts", () => {
  it("leaves counts alone", () => {
    const { heap, layouts } = openHeap(SCANNED);
    using s = heap.enter();
    const object = s.create(layouts.plain);
    const header = heap.words[object]!;
    for (let slot = 0; slot < 3; slot++) heap.set(object, slot, object);
    heap.pin(object);
    s.own(object);
    expect(heap.words[object]).toBe(header);
    expect(header >>> 18).toBe(1);
    expect(header & -ONE_COUNT).toBe(ONE_COUNT);
  });
});
