import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createEdgeBuffer } from "../../src/heap/edge-buffer.js";
import type { Ptr } from "../../src/heap/reference.js";
import { createRoots, type Pin } from "../../src/heap/roots.js";
import { codeOf, errorOf } from "../error-of.js";
import { fill } from "./support/fill.js";
import { COUNTED, PLANS, SCANNED, openHeap } from "./support/open-heap.js";
import { openTables } from "./support/tables.js";

const ROW_BITS = 22;

describe.each(PLANS)("pins $name", (plan) => {
  it("keep objects alive beyond scopes, until they are unpinned", () => {
    const { heap, layouts } = openHeap(plan);
    const pin = heap.scope((s) => heap.pin(s.create(layouts.plain)));
    heap.gc.collect();
    const object = heap.deref(pin);
    expect([...heap.objects()]).toEqual([object]);
    expect(heap.stats().pins).toBe(1);
    heap.verify();
    heap.unpin(pin);
    heap.gc.collect();
    expect([...heap.objects()]).toEqual([]);
    expect(heap.stats().pins).toBe(0);
    heap.verify();
  });

  it("are one each, also of the same object", () => {
    const { heap, layouts } = openHeap(plan);
    const [first, second] = heap.scope((s) => {
      const object = s.create(layouts.plain);
      return [heap.pin(object), heap.pin(object)] as const;
    });
    expect(first).not.toBe(second);
    heap.unpin(first);
    heap.gc.collect();
    expect(heap.isObject(heap.deref(second))).toBe(true);
    expect(codeOf(() => heap.deref(first))).toBe("ERR_STALE_PIN");
  });

  it("are stale once they were unpinned, also when their row is used again", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const object = s.create(layouts.plain);
    const stale: Pin[] = [];
    for (let round = 0; round < 200; round++) {
      const pin = heap.pin(object);
      expect(pin & (2 ** ROW_BITS - 1)).toBe(0);
      for (const each of stale) {
        expect(codeOf(() => heap.deref(each))).toBe("ERR_STALE_PIN");
        expect(codeOf(() => heap.unpin(each))).toBe("ERR_STALE_PIN");
      }
      heap.unpin(pin);
      expect(codeOf(() => heap.unpin(pin))).toBe("ERR_STALE_PIN");
      stale.push(pin);
    }
    heap.verify();
  });

  it("have 255 generations: the 256th pin of a row cannot be told from the first", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const object = s.create(layouts.plain);
    const pins = Array.from({ length: 256 }, () => {
      const pin = heap.pin(object);
      heap.unpin(pin);
      return pin;
    });
    expect(new Set(pins).size).toBe(255);
    expect(pins[255]).toBe(pins[0]);
    for (const pin of pins) expect(pin).toBeGreaterThan(0);
  });

  it("that are none are refused", () => {
    const { heap, layouts } = openHeap(plan);
    const pin = heap.scope((s) => heap.pin(s.create(layouts.plain)));
    const values = [0, -1, pin + 1, pin + 0.5, pin + 2 ** 32, -Number(pin), 1, 2 ** 23, 2 ** 30];
    const others = [...values, NaN, Infinity, "1", undefined];
    for (const other of others) {
      expect(codeOf(() => heap.deref(other as Pin))).toBe("ERR_STALE_PIN");
      expect(codeOf(() => heap.unpin(other as Pin))).toBe("ERR_STALE_PIN");
    }
    expect(errorOf(() => heap.deref(99 as Pin)).message).toContain("99 is no pin");
    heap.deref(pin);
  });

  it("are for objects only", () => {
    const { heap, layouts } = openHeap(plan);
    const gone = heap.scope((s) => s.create(layouts.plain));
    heap.gc.collect();
    for (const value of [0, -1, gone, 4, NaN]) {
      expect(codeOf(() => heap.pin(value as Ptr))).toBe("ERR_BAD_REFERENCE");
    }
    expect(heap.stats().pins).toBe(0);
    heap.verify();
  });

  it("are refused when there is no room, and nothing changes", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const object = s.create(layouts.plain);
    const giveBack = fill(heap.memory);
    const count = heap.count(object);
    expect(codeOf(() => heap.pin(object))).toBe("ERR_OUT_OF_MEMORY");
    expect([heap.count(object), heap.stats().pins]).toEqual([count, 0]);
    heap.verify();
    giveBack(1);
    for (let row = 0; row < 512; row++) heap.pin(object);
    expect(codeOf(() => heap.pin(object))).toBe("ERR_OUT_OF_MEMORY");
    expect(heap.stats().pins).toBe(512);
    heap.verify();
  });

  it("are as a map, whatever is pinned and unpinned", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(99)), { maxLength: 120 }), (steps) => {
        const { heap, layouts } = openHeap(plan);
        const model = new Map<Pin, number>();
        const stale: Pin[] = [];
        for (const [pins, pick] of steps) {
          const known = [...model.keys()][pick % Math.max(model.size, 1)];
          if (pins || known === undefined) {
            const pin = heap.scope((s) => heap.pin(s.create(layouts.plain)));
            expect(model.has(pin)).toBe(false);
            model.set(pin, heap.deref(pin));
          } else {
            heap.unpin(known);
            model.delete(known);
            stale.push(known);
          }
          for (const [pin, object] of model) expect(heap.deref(pin)).toBe(object);
          for (const pin of stale) expect(codeOf(() => heap.deref(pin))).toBe("ERR_STALE_PIN");
          expect(heap.stats().pins).toBe(model.size);
          heap.verify();
        }
        heap.gc.collect();
        expect(heap.stats().objects).toBe(model.size);
      }),
      { numRuns: 40 },
    );
  });
});

describe("pins", () => {
  it("are 4,194,304 at the most", () => {
    const tables = openTables({ memory: "wasm", maxBytes: "128MiB" });
    const roots = createRoots(tables, undefined);
    let last: Pin | 0 = 0;
    for (let pinned = 0; pinned < 2 ** ROW_BITS; pinned++) last = roots.pin(4);
    expect(last).not.toBe(0);
    expect(roots.pin(4)).toBe(0);
    roots.unpin(last as Pin);
    expect(roots.pin(8)).not.toBe(0);
    expect(roots.pin(8)).toBe(0);
  });
});

describe.each(PLANS)("what is retained $name", (plan) => {
  it("lives until it is released as often", () => {
    const { heap, layouts } = openHeap(plan);
    const object = heap.scope((s) => {
      const each = s.create(layouts.plain);
      heap.retain(each);
      heap.retain(each, 4);
      heap.release(each, 2);
      return each;
    });
    heap.gc.collect();
    expect(heap.isObject(object)).toBe(true);
    expect(heap.count(object)).toBe(plan.counted ? 3 : undefined);
    heap.verify();
    heap.release(object, 2);
    heap.verify();
    heap.release(object);
    heap.gc.collect();
    expect(heap.isObject(object)).toBe(false);
    heap.verify();
  });

  it("cannot be released more often", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const object = s.create(layouts.plain);
    expect(codeOf(() => heap.release(object))).toBe("ERR_NOT_HELD");
    heap.retain(object, 3);
    const error = errorOf(() => heap.release(object, 4));
    expect(error.code).toBe("ERR_NOT_HELD");
    expect(error.message).toContain("is held 3 times from outside, not 4");
    heap.release(object, 3);
    heap.verify();
  });

  it.each([0, -1, 0.5, NaN, 2 ** 31, "2"])("is not retained %s times", (times) => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const object = s.create(layouts.plain);
    expect(codeOf(() => heap.retain(object, times as number))).toBe("ERR_BAD_OPTION");
    expect(codeOf(() => heap.release(object, times as number))).toBe("ERR_BAD_OPTION");
    heap.verify();
  });

  it("may be retained very often", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const object = s.create(layouts.plain);
    heap.retain(object, 2 ** 31 - 1);
    if (plan.counted) {
      heap.retain(object, 2 ** 31 - 1);
      expect(heap.count(object)).toBe(2 ** 32 - 1);
      heap.verify();
      heap.release(object, 2 ** 31 - 1);
    } else {
      expect(codeOf(() => heap.retain(object))).toBe("ERR_BAD_OPTION");
    }
    heap.verify();
    heap.release(object, 2 ** 31 - 1);
    heap.verify();
  });

  it("is not changed when there is no room", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const object = s.create(layouts.plain);
    fill(heap.memory);
    expect(codeOf(() => heap.retain(object, 10_000))).toBe("ERR_OUT_OF_MEMORY");
    expect(heap.count(object)).toBe(plan.counted ? 1 : undefined);
    expect(codeOf(() => heap.release(object))).toBe("ERR_NOT_HELD");
    heap.verify();
  });

  it("is of objects only", () => {
    const { heap } = openHeap(plan);
    for (const value of [0, -1, 4, NaN]) {
      expect(codeOf(() => heap.retain(value as Ptr))).toBe("ERR_BAD_REFERENCE");
      expect(codeOf(() => heap.release(value as Ptr))).toBe("ERR_BAD_REFERENCE");
    }
  });

  it("may be immortal besides, and stays so when it is released", () => {
    const { heap, layouts } = openHeap(plan);
    const object = heap.scope((s) => {
      const each = s.create(layouts.plain);
      heap.retain(each, 2);
      heap.immortalize(each);
      heap.immortalize(each);
      heap.retain(each);
      return each;
    });
    heap.verify();
    heap.gc.collect();
    heap.release(object, 3);
    heap.verify();
    expect(codeOf(() => heap.release(object))).toBe("ERR_NOT_HELD");
    heap.gc.collect();
    expect(heap.isObject(object)).toBe(true);
    heap.verify();
  });
});

describe("roots", () => {
  it("are gathered from scopes, pins, retain and the calls under way", () => {
    const { heap, layouts, tables } = openHeap(SCANNED);
    using s = heap.enter();
    const owned = s.create(layouts.plain);
    const [pinned, retained, immortal] = heap.scope((inner) => {
      const made = [1, 2, 3].map(() => inner.create(layouts.plain));
      heap.unpin(heap.pin(made[0]!));
      heap.pin(made[0]!);
      heap.retain(made[1]!, 5);
      heap.immortalize(made[2]!);
      return made;
    });
    const found = createEdgeBuffer();
    createRoots(tables, undefined).gather(found);
    const roots = [...found.refs.subarray(0, found.length)];
    expect(roots.slice(0, 2)).toEqual([owned, pinned]);
    expect(roots.slice(2).sort()).toEqual([retained, immortal].sort());
  });

  it("keep an object that is owned while there is no room for its handle", () => {
    for (const plan of [COUNTED, SCANNED]) {
      const { heap, layouts } = openHeap(plan);
      using outer = heap.enter();
      for (let handle = 0; handle < 1023; handle++) outer.create(layouts.short);
      const target = heap.scope((s) => {
        const garbage = s.create(layouts.list);
        const each = s.create(layouts.plain);
        heap.items.reserve(garbage, 20_000);
        heap.items.append(garbage, garbage);
        heap.items.append(garbage, each);
        return each;
      });
      outer.create(layouts.short);
      fill(heap.memory);
      outer.own(target);
      expect(heap.stats().handles).toBe(1025);
      heap.gc.collect();
      expect(heap.isObject(target)).toBe(true);
      expect(heap.stats().buffers).toBe(0);
      heap.verify();
    }
  });
});
