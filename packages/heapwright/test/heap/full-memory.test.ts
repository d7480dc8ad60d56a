/** A memory without room: every call that needs some says so, changes nothing, and works again when there is room. */
import {
  HeapwrightError,
  createHeap,
  type Finalizer,
  type Heap,
  type Layout,
  type Ptr,
  type Scope,
  type WeakCallback,
} from "@heapwright/core";
import { describe, expect, it } from "vitest";

import { CRAMPED_PLANS, type Plan } from "./programs/plans.js";
import { refusingMemory, type RefusingMemory } from "./programs/refusing-memory.js";

interface Scene extends RefusingMemory {
  readonly heap: Heap;
  readonly pair: Layout;
  readonly final: Layout;
  readonly list: Layout;
  readonly unraisable: unknown[];
}

interface UserCode {
  finalize?: Finalizer;
  called?: WeakCallback;
}

function setUp(plan: Plan, { finalize = () => undefined, called = () => undefined }: UserCode = {}): Scene {
  const refusing = refusingMemory(4 << 20);
  const unraisable: unknown[] = [];
  const heap = createHeap({
    ...plan.plugins(),
    memory: refusing.memory,
    code: { finalize, called },
    unraisable: (error) => unraisable.push(error),
    layouts: [
      { name: "pair", scan: "prefix", slots: 2 },
      { name: "final", scan: "prefix", slots: 2, finalizer: "finalize" },
      { name: "list", scan: "items" },
    ],
  });
  heap.gc.disable();
  const layout = (name: string): Layout => heap.layoutNamed(name)!;
  return {
    ...refusing,
    heap,
    unraisable,
    pair: layout("pair"),
    final: layout("final"),
    list: layout("list"),
  };
}

/** Does something until there is no room for it. Returns how often it went well. */
function untilFull(step: () => void): number {
  for (let times = 0; ; times++) {
    try {
      step();
    } catch (error) {
      expect(HeapwrightError.is(error, "ERR_OUT_OF_MEMORY"), String(error)).toBe(true);
      return times;
    }
  }
}

const CALLS: Readonly<Record<string, (scene: Scene, scope: Scope, objects: readonly Ptr[]) => void>> = {
  "Scope.create": ({ pair }, scope) => void scope.create(pair),
  "Scope.own": (_, scope, [object]) => void scope.own(object!),
  "Scope.escape": (_, scope, [object]) => void scope.escape(object!),
  pin: ({ heap }, _, [object]) => void heap.pin(object!),
  "weak.create": ({ heap }, scope, [object]) =>
    void heap.weak.create(scope, object!, { callback: () => undefined }),
  "items.append": ({ heap }, _, [object, list]) => {
    heap.items.append(list!, object!);
  },
  "items.reserve": ({ heap }, _, [, list]) => {
    heap.items.reserve(list!, 2 * heap.items.capacity(list!) + 1);
  },
  layout({ heap }) {
    heap.layout({ name: `layout ${Math.random()}`, scan: "leaf", words: 3 });
  },
};

describe.each(CRAMPED_PLANS)("with $name", (plan) => {
  it.each(Object.keys(CALLS))("%s says that there is no room, and goes on when there is", (name) => {
    const scene = setUp(plan);
    const { heap, list, pair, refuse } = scene;
    using outer = heap.enter();
    const objects = [outer.create(pair), outer.create(list)];
    using scope = heap.enter();
    const call = (): void => {
      CALLS[name]!(scene, scope, objects);
    };
    call();
    refuse(true);
    untilFull(call);
    const before = heap.stats();
    heap.verify();
    expect(() => {
      call();
    }).toThrow(expect.objectContaining({ code: "ERR_OUT_OF_MEMORY" }) as Error);
    heap.verify();
    // Without counts, what a call had made is there until the next collection.
    if (plan.counted) expect({ ...heap.stats(), buriedObjects: 0 }).toEqual({ ...before, buriedObjects: 0 });
    refuse(false);
    call();
    heap.verify();
  });

  it("what the count of an object has no room for is refused, and nothing changes", () => {
    if (!plan.counted) return;
    const { heap, list, pair, refuse } = setUp(plan);
    using scope = heap.enter();
    const [object, other, holder] = [scope.create(pair), scope.create(pair), scope.create(list)];
    heap.items.reserve(holder, 10_000);
    refuse(true);
    const stored = untilFull(() => {
      heap.items.append(holder, object);
    });
    expect(stored).toBe(8191 - 1);
    expect(() => {
      heap.set(other, 0, object);
    }).toThrow(/no room/u);
    expect(() => heap.pin(object)).toThrow(/no room/u);
    expect(() => {
      heap.retain(object, 5000);
    }).toThrow(/no room/u);
    expect(heap.count(object)).toBe(8191);
    heap.verify();
    refuse(false);
    heap.items.append(holder, object);
    expect(heap.count(object)).toBe(8192);
    heap.verify();
  });

  it("a full heap whose garbage has finalizers and weak references makes room of it", () => {
    if (!plan.complete) return;
    let [finalized, called] = [0, 0];
    const { heap, final, refuse } = setUp(plan, { finalize: () => finalized++, called: () => called++ });
    using scope = heap.enter();
    const weaks: Ptr[] = [];
    for (let each = 0; each < 50; each++) {
      const target = heap.scope((inner) => {
        const object = inner.create(final);
        heap.set(object, 0, object);
        return inner.escape(object);
      });
      weaks.push(heap.weak.create(scope, target, { callback: "called" }));
    }
    refuse(true);
    untilFull(() => {
      heap.scope((inner) => {
        const object = inner.create(final);
        heap.set(object, 0, object);
        if (finalized > 20) throw new HeapwrightError("ERR_OUT_OF_MEMORY", "enough");
      });
    });
    expect(finalized).toBeGreaterThan(20);
    expect(called).toBe(0);
    heap.verify();
  });

  it("a finalizer that finds no room tells the hook, and the rest goes on", () => {
    let finalized = 0;
    const scene: Scene = setUp(plan, {
      finalize: () => {
        finalized++;
        untilFull(() => void scene.heap.enter().create(scene.pair));
        scene.heap.verify();
        scene.heap.enter().create(scene.pair);
      },
    });
    const { heap, final, refuse, unraisable } = scene;
    heap.scope((scope) => {
      for (let each = 0; each < 3; each++) {
        const object = scope.create(final);
        if (plan.complete) heap.set(object, 0, object);
      }
      refuse(true);
    });
    heap.gc.collect();
    expect(finalized).toBe(3);
    expect(unraisable).toHaveLength(3);
    expect(unraisable.every((error) => HeapwrightError.is(error, "ERR_OUT_OF_MEMORY"))).toBe(true);
    heap.verify();
    refuse(false);
    heap.scope((scope) => scope.create(final));
    heap.gc.collect();
    heap.verify();
  });

  it("a callback that finds no room tells the hook, and the rest goes on", () => {
    let calls = 0;
    const scene: Scene = setUp(plan, {
      called: (weak) => {
        calls++;
        const { heap } = scene;
        untilFull(() => void heap.pin(weak));
        heap.pin(weak);
      },
    });
    const { heap, pair, refuse, unraisable } = scene;
    using scope = heap.enter();
    const pin = heap.scope((inner) => heap.pin(inner.create(pair)));
    for (let each = 0; each < 3; each++) heap.weak.create(scope, heap.deref(pin), { callback: "called" });
    refuse(true);
    heap.unpin(pin);
    heap.gc.collect();
    expect(calls).toBe(3);
    expect(unraisable).toHaveLength(3);
    heap.verify();
  });

  it("what was let go of is room again", () => {
    const { heap, pair, refuse } = setUp(plan);
    refuse(true);
    const first = heap.scope((scope) => untilFull(() => void scope.create(pair)));
    heap.verify();
    const second = heap.scope((scope) => untilFull(() => void scope.create(pair)));
    expect(second).toBe(first);
    heap.verify();
  });
});

describe.each(CRAMPED_PLANS)("with $name, in memories from nothing up", (plan) => {
  it("is refused by name, or is a heap", () => {
    let least = 0;
    for (let bytes = 8 << 10; least === 0; bytes += 4096) {
      try {
        using heap = createHeap({ ...plan.plugins(), memory: new ArrayBuffer(bytes) });
        least = bytes;
        heap.verify();
        const pair = heap.layout({ name: "pair", scan: "prefix", slots: 2 });
        heap.scope((scope) => untilFull(() => void scope.create(pair)));
        heap.verify();
      } catch (error) {
        const isExpected =
          HeapwrightError.is(error, "ERR_BUFFER_TOO_SMALL") || HeapwrightError.is(error, "ERR_OUT_OF_MEMORY");
        expect(isExpected, String(error)).toBe(true);
      }
    }
    expect(least).toBeLessThan(256 << 10);
  });
});
