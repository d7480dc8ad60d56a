import { COUNT_SHIFT, IMMORTAL, OVERFLOWED, SPILL, type HeapwrightError } from "@heapwright/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createFakeHeap, KIND, type FakeHeap } from "./fake-heap.js";

const OUT_OF_MEMORY = expect.objectContaining({ code: "ERR_OUT_OF_MEMORY" }) as HeapwrightError;

function repeat(times: number, step: () => void): void {
  for (let index = 0; index < times; index++) step();
}

const fieldOf = (heap: FakeHeap, object: number): number => heap.words[object]! >>> COUNT_SHIFT;

describe("a count", () => {
  it("goes to 20,000 and back, and its object dies once, at 0", () => {
    const heap = createFakeHeap();
    const object = heap.create(KIND.leaf);
    for (let count = 2; count <= 20_000; count++) {
      heap.incref(object);
      if (heap.counter.count(object) !== count) expect(heap.counter.count(object)).toBe(count);
    }
    expect(heap.table.size).toBe(1);
    for (let count = 19_999; count >= 1; count--) {
      heap.decref(object);
      if (heap.counter.count(object) !== count) expect(heap.counter.count(object)).toBe(count);
    }
    expect(heap.table.size).toBe(0);
    expect(heap.words[object]! & OVERFLOWED).toBe(0);
    expect(heap.buried).toEqual([]);
    heap.decref(object);
    expect(heap.buried).toEqual([object]);
  });

  it("that goes up and down at a border calls for the counter once", () => {
    const heap = createFakeHeap();
    const object = heap.create(KIND.leaf);
    let calls = 0;
    const { overflow, underflow } = heap.counter;
    Object.assign(heap.counter, {
      overflow(ref: number): void {
        calls++;
        overflow(ref);
      },
      underflow(ref: number): void {
        calls++;
        underflow(ref);
      },
    });
    repeat(8190, () => heap.incref(object));
    expect(calls).toBe(0);
    repeat(1000, () => {
      heap.incref(object);
      heap.decref(object);
    });
    expect(calls).toBe(1);
    repeat(4094, () => heap.decref(object));
    calls = 0;
    repeat(1000, () => {
      heap.decref(object);
      heap.incref(object);
    });
    expect(calls).toBe(1);
  });

  it("is as a Map would keep it, whatever is added and taken, and right modulo 256 in the field alone", () => {
    const step = fc.oneof(
      fc.record({ at: fc.nat(3), by: fc.integer({ min: -20_000, max: 20_000 }), atOnce: fc.boolean() }),
      fc.record({
        at: fc.nat(3),
        by: fc.constantFrom(-1, 1, 4096, -4096, 8191, 8192, 1e9, -1e9),
        atOnce: fc.constant(true),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const heap = createFakeHeap();
        const objects = Array.from({ length: 4 }, () => heap.create(KIND.node));
        const model = new Map(objects.map((object) => [object, 1]));
        for (const { at, by, atOnce } of steps) {
          const object = objects[at]!;
          const before = model.get(object)!;
          const after = Math.max(1, before + by);
          model.set(object, after);
          if (atOnce) heap.counter.add(object, after - before);
          else
            repeat(Math.abs(after - before), () =>
              after > before ? heap.incref(object) : heap.decref(object),
            );
          for (const [each, count] of model) {
            expect(heap.counter.count(each)).toBe(count);
            expect(fieldOf(heap, each) % 256).toBe(count % 256);
          }
          expect(heap.counter.problems()).toEqual([]);
        }
        for (const [object, count] of model) {
          heap.counter.add(object, 1 - count);
          heap.decref(object);
        }
        expect(heap.buried.sort((a, b) => a - b)).toEqual(objects);
        expect(heap.table.size).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it("of billions is exact, and of more than any memory holds is refused", () => {
    const heap = createFakeHeap();
    const object = heap.create(KIND.leaf);
    heap.counter.add(object, 2 ** 40);
    expect(heap.counter.count(object)).toBe(2 ** 40 + 1);
    repeat(5000, () => heap.incref(object));
    expect(heap.counter.count(object)).toBe(2 ** 40 + 5001);
    expect(() => heap.counter.add(object, 2 ** 43)).toThrow(/4398046511104 that an object can have/);
    expect(heap.counter.count(object)).toBe(2 ** 40 + 5001);
    heap.counter.add(object, -(2 ** 40) - 5000);
    expect(heap.counter.count(object)).toBe(1);
    expect(heap.table.size).toBe(0);
  });

  it.each([-1, -2, 0.5, Number.NaN])("of 1 cannot be changed by %s", (by) => {
    const heap = createFakeHeap();
    const object = heap.create(KIND.leaf);
    expect(() => heap.counter.add(object, by)).toThrow("Invariant:");
    expect(heap.counter.count(object)).toBe(1);
  });

  it("is kept by the memory: another counter on the same bytes knows it", () => {
    const heap = createFakeHeap();
    const object = heap.create(KIND.leaf);
    heap.counter.add(object, 30_000);
    expect(heap.attach().count(object)).toBe(30_001);
  });
});

describe("a table without room", () => {
  it("makes the increment fail that needs it, and leaves the count as it was", () => {
    const heap = createFakeHeap();
    heap.roomInTable = 0;
    const object = heap.create(KIND.leaf);
    repeat(8190, () => heap.incref(object));
    repeat(3, () => {
      expect(() => heap.incref(object)).toThrow(OUT_OF_MEMORY);
      expect(heap.counter.count(object)).toBe(8191);
    });
    heap.decref(object);
    expect(heap.counter.count(object)).toBe(8190);
    expect(heap.counter.problems()).toEqual([]);
    heap.roomInTable = 1;
    repeat(2, () => heap.incref(object));
    expect(heap.counter.count(object)).toBe(8192);
    repeat(8191, () => heap.decref(object));
    expect(heap.isAlive(object)).toBe(true);
    heap.decref(object);
    expect(heap.buried).toEqual([object]);
  });

  it("makes an addition fail, and nothing changes", () => {
    const heap = createFakeHeap();
    heap.roomInTable = 0;
    const object = heap.create(KIND.leaf);
    expect(() => heap.counter.add(object, 8191)).toThrow(OUT_OF_MEMORY);
    expect(heap.counter.count(object)).toBe(1);
    heap.counter.add(object, 8190);
    expect(heap.counter.count(object)).toBe(8191);
  });
});

describe("a field that is above 8,191 all the same", () => {
  it("counts right in both directions", () => {
    const heap = createFakeHeap();
    const object = heap.create(KIND.leaf);
    heap.words[object] = (9000 << COUNT_SHIFT) | KIND.leaf;
    expect(heap.counter.count(object)).toBe(9000);
    heap.decref(object);
    expect(heap.counter.count(object)).toBe(8999);
    heap.incref(object);
    expect(heap.counter.count(object)).toBe(9000);
    expect(heap.table.get(object)).toBe(1);
  });
});

describe("an immortal object", () => {
  it("never dies, however often its count goes through either border", () => {
    const heap = createFakeHeap();
    const object = heap.create(KIND.leaf);
    heap.counter.immortalize(object);
    repeat(20_000, () => heap.decref(object));
    expect(heap.isAlive(object)).toBe(true);
    repeat(50_000, () => heap.incref(object));
    expect(heap.counter.count(object)).toBeGreaterThanOrEqual(1);
    heap.counter.add(object, -1_000_000);
    expect(heap.counter.count(object)).toBeGreaterThanOrEqual(1);
    expect(heap.words[object]! & IMMORTAL).toBe(IMMORTAL);
    expect(heap.table.size).toBe(0);
    expect(heap.counter.problems()).toEqual([]);
  });

  it("gives up what of its count was spilled", () => {
    const heap = createFakeHeap();
    const object = heap.create(KIND.leaf);
    heap.counter.add(object, 3 * SPILL);
    heap.counter.immortalize(object);
    expect(heap.table.size).toBe(0);
    expect(heap.counter.problems()).toEqual([]);
  });
});

describe("problems", () => {
  it("tells of flags and entries that do not agree", () => {
    const heap = createFakeHeap();
    const flagged = heap.create(KIND.leaf);
    const entered = heap.create(KIND.leaf);
    heap.words[flagged]! |= OVERFLOWED;
    heap.table.set(entered, -1);
    expect(heap.counter.problems()).toEqual([
      `${entered} has a spilled count, and no flag that says so.`,
      `The spilled count of ${entered} is -1 steps.`,
      `The flag of ${flagged} tells of a spilled count, and there is none.`,
    ]);
    expect(() => heap.decref(flagged)).toThrow(`Invariant: the spilled count of ${flagged} is lost.`);
  });

  it("tells of a field that is too large", () => {
    const heap = createFakeHeap();
    const object = heap.create(KIND.leaf);
    heap.words[object]! |= 1 << 31;
    expect(heap.counter.problems()).toEqual([`The count field of ${object} is above 8191.`]);
  });

  it("has nothing to say after a dead object's spilled count was forgotten", () => {
    const heap = createFakeHeap();
    const object = heap.create(KIND.leaf);
    heap.counter.add(object, 3 * SPILL);
    heap.counter.forget(object);
    heap.words[object] = 0;
    expect(heap.table.size).toBe(0);
    expect(heap.counter.problems()).toEqual([]);
  });
});

describe("a reference too many", () => {
  it("is refused, and changes neither a free cell nor an object", () => {
    const heap = createFakeHeap();
    const object = heap.create(KIND.leaf);
    heap.decref(object);
    expect(() => heap.decref(object)).toThrow(`to the free cell ${object}.`);
    expect(heap.words[object]).toBe(0);
    const uncounted = heap.create(KIND.leaf);
    heap.words[uncounted] = KIND.leaf;
    expect(() => heap.decref(uncounted)).toThrow(`to an object without any: ${uncounted}.`);
    expect(heap.counter.count(uncounted)).toBe(0);
    expect(heap.buried).toEqual([object]);
  });
});
