import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Heap } from "../../src/heap/heap.js";
import type { Ptr } from "../../src/heap/reference.js";
import { RUN } from "../../src/heap/run.js";
import { RUNS } from "../../src/heap/control.js";
import type { Scope } from "../../src/heap/scope.js";
import { codeOf, errorOf } from "../error-of.js";
import { PLANS, openHeap } from "./support/open-heap.js";

function objectsOf(heap: Heap): number[] {
  return [...heap.objects()];
}

describe.each(PLANS)("scopes $name", (plan) => {
  it("keep what was created or owned in them until they are closed, whatever is collected", () => {
    const { heap, layouts } = openHeap(plan);
    const scope = heap.enter();
    const holder = scope.create(layouts.plain);
    const inner = heap.enter();
    heap.set(holder, 0, inner.create(layouts.plain));
    inner.dispose();
    const owned = scope.own(heap.get(holder, 0));
    heap.set(holder, 0, 0 as Ptr);
    heap.gc.collect();
    expect(objectsOf(heap).sort()).toEqual([holder, owned].sort());
    expect(heap.stats().handles).toBe(2);
    scope.dispose();
    heap.gc.collect();
    expect(objectsOf(heap)).toEqual([]);
    expect(heap.stats().handles).toBe(0);
    heap.verify();
  });

  it("own an object as often as it is owned", () => {
    const { heap, layouts } = openHeap(plan);
    using scope = heap.enter();
    const object = scope.create(layouts.plain);
    expect(scope.own(object)).toBe(object);
    expect(heap.stats().handles).toBe(2);
    expect(heap.count(object)).toBe(plan.counted ? 2 : undefined);
    heap.verify();
  });

  it("have nothing to do for null and immediates", () => {
    const { heap } = openHeap(plan);
    heap.enter();
    using scope = heap.enter();
    for (const value of [0, -1, -65_536] as Ptr[]) {
      expect(scope.own(value)).toBe(value);
      expect(scope.escape(value)).toBe(value);
    }
    expect(heap.stats().handles).toBe(0);
  });

  it("let objects escape to the scope outside, in which they live on", () => {
    const { heap, layouts } = openHeap(plan);
    using outer = heap.enter();
    const before = outer.create(layouts.plain);
    const escaped = heap.scope((s) => {
      const made = [1, 2, 3].map(() => s.create(layouts.plain));
      return s.escape(made[1]!);
    });
    heap.gc.collect();
    expect(objectsOf(heap).sort()).toEqual([before, escaped].sort());
    expect(heap.stats().handles).toBe(2);
    heap.verify();
  });

  it("let an object that they do not own escape, and the same one twice", () => {
    const { heap, layouts } = openHeap(plan);
    using outer = heap.enter();
    const object = outer.create(layouts.plain);
    heap.scope((s) => [s.escape(object), s.escape(object)]);
    expect(heap.stats().handles).toBe(3);
    heap.verify();
  });

  it("let nothing escape from the outermost one", () => {
    const { heap, layouts } = openHeap(plan);
    using scope = heap.enter();
    const object = scope.create(layouts.plain);
    expect(codeOf(() => scope.escape(object))).toBe("ERR_SCOPE_ORDER");
    expect(heap.stats().handles).toBe(1);
  });

  it("return what their function returns, and close when it throws", () => {
    const { heap, layouts } = openHeap(plan);
    expect(heap.scope(() => "result")).toBe("result");
    const thrown = new Error("mine");
    expect(() =>
      heap.scope((s) => {
        s.create(layouts.plain);
        throw thrown;
      }),
    ).toThrow(thrown);
    heap.gc.collect();
    expect(objectsOf(heap)).toEqual([]);
    heap.detach(); // no scope is open
  });

  it("take nothing on unless they are the innermost one", () => {
    const { heap, layouts } = openHeap(plan);
    using outer = heap.enter();
    const object = outer.create(layouts.plain);
    using inner = heap.enter();
    for (const call of [
      () => outer.create(layouts.plain),
      () => outer.own(object),
      () => outer.escape(object),
      () => heap.weak.create(outer, object),
    ]) {
      expect(errorOf(call).message).toContain("A scope inside this one is open");
      expect(codeOf(call)).toBe("ERR_SCOPE_ORDER");
    }
    inner.own(object);
    expect(objectsOf(heap)).toEqual([object]);
    heap.verify();
  });

  it("close in reverse order, and say so otherwise", () => {
    const { heap, layouts } = openHeap(plan);
    const outer = heap.enter();
    const inner = heap.enter();
    const object = inner.create(layouts.plain);
    expect(codeOf(() => outer.dispose())).toBe("ERR_SCOPE_ORDER");
    inner.own(object);
    inner.dispose();
    outer.dispose();
    expect(heap.stats().handles).toBe(0);
  });

  it("refuse everything when they were closed, and closing twice is harmless", () => {
    const { heap, layouts } = openHeap(plan);
    using outer = heap.enter();
    const object = outer.create(layouts.plain);
    const scope = heap.enter();
    scope.dispose();
    scope.dispose();
    using other = heap.enter(); // at the same depth
    for (const call of [
      () => scope.create(layouts.plain),
      () => scope.own(object),
      () => scope.escape(object),
    ]) {
      expect(errorOf(call).message).toContain("closed before");
    }
    scope.dispose();
    other.own(object);
    heap.verify();
  });

  it("go down with a function that leaves scopes open, which is told when nothing else went wrong", () => {
    const { heap, layouts } = openHeap(plan);
    const left: Scope[] = [];
    const leave = (): void => {
      left.push(heap.enter());
      left.at(-1)!.create(layouts.plain);
    };
    expect(codeOf(() => heap.scope(leave))).toBe("ERR_SCOPE_ORDER");
    const thrown = new Error("mine");
    expect(() =>
      heap.scope(() => {
        leave();
        leave();
        throw thrown;
      }),
    ).toThrow(thrown);
    heap.gc.collect();
    expect(objectsOf(heap)).toEqual([]);
    expect(heap.stats().handles).toBe(0);
    using scope = heap.enter();
    expect(errorOf(() => left[0]!.create(layouts.plain)).message).toContain("closed before");
    left[0]!.dispose();
    scope.create(layouts.plain);
    heap.verify();
  });

  it("refuse functions that go on after they returned", () => {
    const { heap, layouts } = openHeap(plan);
    const thenables: (() => unknown)[] = [
      () => Promise.resolve(),
      async () => {},
      () => ({ then: () => {} }),
      () => Object.assign(() => {}, { then: () => {} }),
    ];
    for (const thenable of thenables) {
      const call = (): unknown =>
        heap.scope((s) => {
          s.create(layouts.plain);
          return thenable();
        });
      expect(codeOf(call)).toBe("ERR_ASYNC_SCOPE");
    }
    heap.gc.collect();
    expect(objectsOf(heap)).toEqual([]);
    for (const value of [{ then: 1 }, null, undefined, () => {}]) expect(heap.scope(() => value)).toBe(value);
    const thrown = new Error("getter");
    const trap = {
      get then() {
        throw thrown;
      },
    };
    expect(() => heap.scope(() => trap)).toThrow(thrown);
    heap.detach();
  });

  it("refuse a function that goes on when it left a scope open as well", () => {
    const { heap } = openHeap(plan);
    const call = (): unknown =>
      heap.scope(() => {
        heap.enter();
        return Promise.resolve();
      });
    expect(codeOf(call)).toBe("ERR_ASYNC_SCOPE");
    heap.detach();
  });

  it("that a finalizer leaves open are closed when it returns", () => {
    const { heap, layouts, unraisable } = openHeap(plan, {
      finalize: () => {
        heap.enter();
        heap.enter().create(layouts.plain);
        throw new Error("and it throws");
      },
    });
    heap.scope((s) => {
      s.create(layouts.node);
      heap.set(s.create(layouts.plain), 0, s.create(layouts.node));
    });
    heap.gc.collect();
    expect(unraisable).toHaveLength(2);
    expect(heap.stats().handles).toBe(0);
    heap.gc.collect();
    expect(objectsOf(heap)).toEqual([]);
    heap.verify();
    heap.detach();
  });

  it("may not be created with what is no layout", () => {
    const { heap, layouts } = openHeap(plan);
    using scope = heap.enter();
    for (const layout of [0, -1, 1.5, 99, 4096, NaN, "node", undefined]) {
      expect(codeOf(() => scope.create(layout as never))).toBe("ERR_BAD_LAYOUT");
    }
    for (const words of [-1, 0.5, 512, NaN, "3", undefined]) {
      expect(codeOf(() => scope.create(layouts.tuple, words as never))).toBe("ERR_BAD_SIZE");
    }
    expect(codeOf(() => scope.create(layouts.plain, 3))).toBe("ERR_BAD_SIZE");
    scope.create(layouts.plain, 4);
    scope.create(layouts.tuple, 511);
    scope.create(layouts.leaf, 0);
    expect(heap.stats().objects).toBe(3);
    heap.verify();
  });

  it("nest like a stack of lists, whatever is done", () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant("create" as const) },
      { weight: 2, arbitrary: fc.constant("own" as const) },
      fc.constantFrom("enter" as const, "dispose" as const, "escape" as const, "collect" as const),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.nat(1000)), { maxLength: 60 }), (steps) => {
        const { heap, layouts } = openHeap(plan);
        const model: { scope: Scope; holds: Ptr[] }[] = [{ scope: heap.enter(), holds: [] }];
        for (const [action, pick] of steps) {
          const innermost = model.at(-1)!;
          const all = model.flatMap(({ holds }) => holds);
          const some = all[pick % Math.max(all.length, 1)];
          if (action === "enter") model.push({ scope: heap.enter(), holds: [] });
          if (action === "create") innermost.holds.push(innermost.scope.create(layouts.plain));
          if (action === "own" && some) innermost.holds.push(innermost.scope.own(some));
          if (action === "escape" && some && model.length > 1) {
            innermost.scope.escape(some);
            model.at(-2)!.holds.push(some);
          }
          if (action === "dispose" && model.length > 1) model.pop()!.scope.dispose();
          if (action === "collect") heap.gc.collect();
          const held = model.flatMap(({ holds }) => holds);
          expect(heap.stats().handles).toBe(held.length);
          for (const object of held) expect(heap.isObject(object)).toBe(true);
          if (plan.counted || action === "collect") {
            expect(objectsOf(heap).sort()).toEqual([...new Set(held)].sort());
          }
          heap.verify();
        }
        heap.dispose();
      }),
      { numRuns: 60 },
    );
  });

  it("hold a million objects, and give the room of their handles back", () => {
    const { heap, layouts } = openHeap(plan, { maxBytes: "64MiB" });
    using outer = heap.enter();
    const kept = outer.create(layouts.short);
    heap.scope((s) => {
      for (let made = 0; made < 1_000_000; made++) s.create(layouts.short);
      expect(heap.stats().handles).toBe(1_000_001);
    });
    if (!plan.counted) heap.gc.collect();
    expect(objectsOf(heap)).toEqual([kept]);
    expect(heap.stats().metadataBytes).toBeLessThan(20_000);
    heap.verify();
  });

  it("lose no handle when a finalizer makes the room for handles shrink", () => {
    let many = true;
    const { heap, layouts, tables } = openHeap(plan, {
      maxBytes: "16MiB",
      naive: { threshold: 2000 },
      finalize: () => {
        if (many) heap.scope((s) => Array.from({ length: 20_000 }, () => s.create(layouts.short)));
        many = false;
      },
    });
    heap.scope((s) => {
      const holder = s.create(layouts.plain);
      heap.set(holder, 0, holder);
      heap.scope((inner) => heap.set(holder, 1, inner.create(layouts.node)));
      heap.set(heap.get(holder, 1), 0, heap.get(holder, 1)); // a cycle, which only a collection finds
      heap.set(holder, 1, 0 as Ptr);
      const objects = Array.from({ length: 1023 }, () => s.create(layouts.short));
      expect(tables.control[RUNS + 2 * RUN.handles + 1]).toBe(1024);
      heap.gc.setThreshold(1);
      s.create(layouts.plain); // collects, and needs a place of its own afterwards
      expect(many).toBe(false);
      expect(heap.stats().handles).toBe(1025);
      heap.verify();
      for (const object of objects) expect(heap.isObject(object)).toBe(true);
    });
    heap.verify();
  });

  it("cannot be closed by what dies of their closing", () => {
    const closing: Scope[] = [];
    const codes: string[] = [];
    const { heap, layouts, unraisable } = openHeap(plan, {
      finalize: () => {
        for (const scope of closing) {
          scope.dispose();
          codes.push(codeOf(() => scope.create(layouts.short)));
        }
      },
    });
    using outer = heap.enter();
    const kept = outer.create(layouts.short);
    const scope = heap.enter();
    scope.create(layouts.short);
    scope.create(layouts.node);
    scope.create(layouts.short);
    closing.push(scope);
    scope.dispose();
    heap.gc.collect();
    expect(codes).toEqual(["ERR_SCOPE_ORDER"]);
    expect(unraisable).toEqual([]);
    expect(objectsOf(heap)).toEqual([kept]);
    const more = heap.enter();
    more.create(layouts.short);
    more.dispose();
    heap.verify();
  });

  it("of a heap that is gone are closed in silence", () => {
    const { heap, layouts } = openHeap(plan);
    const outer = heap.enter();
    const inner = heap.enter();
    heap.dispose();
    expect(codeOf(() => inner.create(layouts.plain))).toBe("ERR_DISPOSED");
    outer.dispose();
    inner.dispose();
  });

  it("survive a heap that is disposed in their function", () => {
    const { heap } = openHeap(plan);
    heap.scope(() => {
      heap.dispose();
    });
    const { heap: another } = openHeap(plan);
    const thrown = new Error("mine");
    expect(() =>
      another.scope(() => {
        another.dispose();
        throw thrown;
      }),
    ).toThrow(thrown);
  });
});
