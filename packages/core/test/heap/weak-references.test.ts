import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Heap } from "../../src/heap/heap.js";
import { IMMEDIATE, type Ptr } from "../../src/heap/reference.js";
import { codeOf } from "../error-of.js";
import { fill } from "./support/fill.js";
import { PLANS, openHeap } from "./support/open-heap.js";

describe.each(PLANS)("a weak reference $name", (plan) => {
  it("refers to its target without keeping it alive", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const [target, weak] = heap.scope((inner) => {
      const made = inner.create(layouts.plain);
      const weak = inner.escape(heap.weak.create(inner, made));
      expect(heap.weak.target(weak)).toBe(made);
      expect(heap.weak.refs(made)).toEqual([weak]);
      heap.verify();
      return [made, weak] as const;
    });
    heap.gc.collect();
    expect(heap.isObject(target)).toBe(false);
    expect(heap.weak.target(weak)).toBe(0);
    expect(heap.stats().weakReferences).toBe(0);
    expect(s.own(weak)).toBe(weak);
    heap.verify();
  });

  it("without callback and bound object is shared, as long as it lives", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const target = s.create(layouts.plain);
    const first = heap.scope((inner) => {
      const weak = heap.weak.create(inner, target);
      expect(heap.weak.create(inner, target, {})).toBe(weak);
      expect(heap.weak.create(inner, target, { callback: () => {} })).not.toBe(weak);
      expect(heap.weak.create(inner, target, { bound: target })).not.toBe(weak);
      expect(heap.weak.create(inner, target)).toBe(weak);
      return weak;
    });
    heap.gc.collect();
    expect(heap.isObject(first)).toBe(false);
    expect(heap.weak.refs(target)).toEqual([]);
    heap.weak.create(s, target);
    expect(heap.weak.refs(target)).toHaveLength(1);
    heap.verify();
  });

  it("comes after the shared one and before older ones", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const target = s.create(layouts.plain);
    const make = (): Ptr => heap.weak.create(s, target, { callback: () => {} });
    const [a, b] = [make(), make()];
    const shared = heap.weak.create(s, target);
    const c = make();
    expect(heap.weak.refs(target)).toEqual([shared, c, b, a]);
    heap.verify();
  });

  it("leaves its list whole when it goes, wherever it is", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.infiniteStream(fc.nat(5)), (count, picks) => {
        const { heap, layouts } = openHeap(plan);
        using s = heap.enter();
        const target = s.create(layouts.plain);
        const pins = Array.from({ length: count }, (_, place) =>
          heap.scope((inner) =>
            heap.pin(heap.weak.create(inner, target, place === 0 ? {} : { callback: () => {} })),
          ),
        );
        let expected = heap.weak.refs(target);
        for (const pick of picks) {
          const [pin] = pins.splice(pick % pins.length, 1);
          const weak = heap.deref(pin!);
          heap.unpin(pin!);
          heap.gc.collect();
          expected = expected.filter((each) => each !== weak);
          expect(heap.weak.refs(target)).toEqual(expected);
          heap.verify();
          if (pins.length === 0) break;
        }
        expect(heap.stats().objects).toBe(1);
      }),
      { numRuns: 30 },
    );
  });

  it("keeps its bound object alive, for its callback to use", () => {
    const seen: number[] = [];
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const [target, weak] = heap.scope((inner) => {
      const made = inner.create(layouts.plain);
      const bound = inner.create(layouts.short);
      heap.words[bound + 1] = 77;
      const weak = heap.weak.create(inner, made, {
        bound,
        callback: (weak, heap) => void seen.push(heap.words[heap.get(weak, 0) + 1]!, heap.weak.target(weak)),
      });
      inner.escape(weak);
      inner.escape(made);
      return [made, weak] as const;
    });
    heap.gc.collect();
    expect(heap.stats().objects).toBe(3);
    const pin = heap.pin(weak);
    s.dispose();
    heap.gc.collect();
    expect(heap.isObject(target)).toBe(false);
    expect(seen).toEqual([77, 0]);
    heap.verify();
    heap.unpin(pin);
    heap.gc.collect();
    expect(heap.stats().objects).toBe(0);
    heap.verify();
  });

  it("may have an immediate for a bound object, and is not shared then", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const target = s.create(layouts.plain);
    const weak = heap.weak.create(s, target, { bound: IMMEDIATE.true });
    expect(heap.get(weak, 0)).toBe(IMMEDIATE.true);
    expect(heap.weak.create(s, target)).not.toBe(weak);
    heap.verify();
  });

  it("calls its callback, by name or not, after all weak references to the dead are cleared, newest first", () => {
    const calls: string[] = [];
    const cleared = (heap: Heap, weaks: readonly Ptr[]): boolean =>
      weaks.every((weak) => heap.weak.target(weak) === 0);
    const weaks: Ptr[] = [];
    const { heap, layouts, unraisable } = openHeap(plan, {
      code: {
        named: (weak: Ptr, heap: Heap) =>
          void calls.push(`named ${weaks.indexOf(weak)} ${cleared(heap, weaks)}`),
      },
    });
    using s = heap.enter();
    heap.scope((inner) => {
      const targets = [inner.create(layouts.plain), inner.create(layouts.plain)];
      heap.set(targets[0]!, 0, targets[1]!);
      heap.set(targets[1]!, 0, targets[0]!);
      for (const target of targets) {
        for (const callback of [
          "named",
          (weak: Ptr, heap: Heap) => void calls.push(`other ${weaks.indexOf(weak)} ${cleared(heap, weaks)}`),
        ] as const) {
          weaks.push(inner.escape(heap.weak.create(inner, target, { callback })));
        }
        weaks.push(inner.escape(heap.weak.create(inner, target)));
      }
    });
    heap.gc.collect();
    expect(calls).toEqual(["other 1 true", "named 0 true", "other 4 true", "named 3 true"]);
    expect(unraisable).toEqual([]);
    heap.verify();
    s.own(0 as Ptr);
  });

  it("does not call its callback when it goes before its target, or with it", () => {
    let calls = 0;
    const callback = (): void => {
      calls++;
    };
    const { heap, layouts } = openHeap(plan);
    heap.scope((s) => {
      const target = s.create(layouts.plain);
      heap.scope((inner) => heap.weak.create(inner, target, { callback }));
      heap.gc.collect();
      const both = s.create(layouts.plain);
      heap.set(both, 0, heap.weak.create(s, both, { callback }));
      heap.set(both, 1, both);
    });
    heap.gc.collect();
    expect(calls).toBe(0);
    expect(heap.stats().objects).toBe(0);
    heap.verify();
  });

  it("whose callback throws does not keep the others from being called", () => {
    const calls: number[] = [];
    const { heap, layouts, unraisable } = openHeap(plan);
    using s = heap.enter();
    heap.scope((inner) => {
      const target = inner.create(layouts.plain);
      for (let number = 0; number < 3; number++) {
        const weak = heap.weak.create(inner, target, {
          callback: () => {
            calls.push(number);
            throw new Error(`callback ${number}`);
          },
        });
        inner.escape(weak);
      }
    });
    heap.gc.collect();
    expect(calls).toEqual([2, 1, 0]);
    expect(unraisable.map(({ error, where }) => `${(error as Error).message}, ${where}`)).toEqual(
      [2, 1, 0].map((number) => `callback ${number}, the callback of a weak reference`),
    );
    heap.verify();
    s.own(0 as Ptr);
  });

  it("cannot be to what has none, and nothing is left of the attempt", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const weak = heap.weak.create(s, s.create(layouts.plain));
    const leaf = s.create(layouts.short);
    const unwatched = s.create(heap.layout({ name: "unwatched", scan: "all", weakrefable: false }), 1);
    const before = heap.stats();
    for (const target of [leaf, unwatched, weak]) {
      expect(codeOf(() => heap.weak.create(s, target))).toBe("ERR_BAD_REFERENCE");
      expect(codeOf(() => heap.weak.create(s, target, { callback: () => {} }))).toBe("ERR_BAD_REFERENCE");
      expect(heap.weak.refs(target)).toEqual([]);
    }
    const watched = s.create(heap.layout({ name: "watched", scan: "leaf", words: 2, weakrefable: true }));
    heap.weak.create(s, watched);
    heap.gc.collect();
    expect(heap.stats()).toMatchObject({ objects: before.objects + 2, handles: before.handles + 2 });
    heap.verify();
  });

  it.each<[string, (heap: Heap, target: Ptr) => object, string]>([
    ["a target that is none", () => ({ target: 4 }), "ERR_BAD_REFERENCE"],
    ["null", () => ({ target: 0 }), "ERR_BAD_REFERENCE"],
    ["an immediate", () => ({ target: -1 }), "ERR_BAD_REFERENCE"],
    ["a bound object that is none", () => ({ bound: 4 }), "ERR_BAD_REFERENCE"],
    ["code that was not given", () => ({ callback: "nobody" }), "ERR_MISSING_CODE"],
    ["a callback that is none", () => ({ callback: 5 }), "ERR_BAD_OPTION"],
  ])("is not made of %s", (_, options, code) => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const made = s.create(layouts.plain);
    const { target = made, ...rest } = options(heap, made) as { target?: Ptr };
    const before = heap.stats();
    expect(codeOf(() => heap.weak.create(s, target, rest))).toBe(code);
    heap.gc.collect();
    expect(heap.stats()).toMatchObject({ objects: before.objects, handles: before.handles });
    heap.verify();
  });

  it("is not made in a scope that is not the innermost one, shared or not", () => {
    const { heap, layouts } = openHeap(plan);
    using outer = heap.enter();
    const target = outer.create(layouts.plain);
    heap.weak.create(outer, target);
    using inner = heap.enter();
    expect(codeOf(() => heap.weak.create(outer, target))).toBe("ERR_SCOPE_ORDER");
    expect(codeOf(() => heap.weak.create(outer, target, { callback: () => {} }))).toBe("ERR_SCOPE_ORDER");
    heap.weak.create(inner, target);
    heap.verify();
  });

  it("is needed where one is asked for", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const object = s.create(layouts.plain);
    for (const value of [object, 0 as Ptr, 4 as Ptr]) {
      expect(codeOf(() => heap.weak.target(value))).toBe("ERR_BAD_REFERENCE");
    }
    expect(codeOf(() => heap.weak.refs(4 as Ptr))).toBe("ERR_BAD_REFERENCE");
  });

  it("is refused when there is no room, and nothing changes", () => {
    const { heap, layouts } = openHeap(plan);
    using s = heap.enter();
    const targets = Array.from({ length: 400 }, () => s.create(layouts.plain));
    for (let made = 0; made < 200; made++) s.create(layouts.plain);
    fill(heap.memory);
    const outcomes = targets.map((target) => {
      const before = heap.stats();
      try {
        heap.weak.create(s, target, { callback: () => {} });
        return "";
      } catch (error) {
        expect(heap.stats()).toMatchObject({
          handles: before.handles,
          weakReferences: before.weakReferences,
        });
        heap.verify();
        return (error as { code: string }).code;
      }
    });
    expect(new Set(outcomes.slice(-10))).toEqual(new Set(["ERR_OUT_OF_MEMORY"]));
    expect(outcomes.filter((outcome) => outcome === "")).toHaveLength(heap.stats().weakReferences);
    heap.verify();
  });

  it("to something that its finalizer brings back is cleared by a collection, and kept when counts found it", () => {
    let keeper = 0 as Ptr;
    let slot = 0;
    const { heap, layouts } = openHeap(plan, {
      finalize: (object, heap) => heap.set(keeper, slot++, object),
    });
    using s = heap.enter();
    keeper = s.create(layouts.plain);
    const weaks = [false, true].map((inCycle) =>
      heap.scope((inner) => {
        const node = inner.create(layouts.node);
        if (inCycle) heap.set(node, 0, node);
        return inner.escape(heap.weak.create(inner, node));
      }),
    );
    heap.gc.collect();
    expect(weaks.map((weak) => heap.weak.target(weak) === 0)).toEqual([!plan.counted, true]);
    heap.verify();
  });

  it("that a finalizer makes to what is about to die is cleared, and its callback called", () => {
    const calls: number[] = [];
    const { heap, layouts, unraisable } = openHeap(plan, {
      finalize: (object, heap) => {
        heap.scope((s) => {
          heap.pin(
            heap.weak.create(s, object, {
              callback: (weak, heap) => void calls.push(heap.weak.target(weak)),
            }),
          );
        });
      },
    });
    heap.scope((s) => {
      const node = s.create(layouts.node);
      heap.set(node, 0, node);
    });
    heap.gc.collect();
    expect(calls).toEqual([0]);
    expect(unraisable).toEqual([]);
    expect(heap.stats().weakReferences).toBe(0);
    heap.verify();
  });
});
