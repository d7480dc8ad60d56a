/** The counter and `none` in a real heap, through its public calls. */
import { pymalloc } from "@heapwright/allocator";
import {
  attachHeap,
  HeapwrightError,
  NULL,
  type Finalizer,
  type Heap,
  type Owned,
  type Ptr,
} from "@heapwright/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { none, refcount } from "../src/index.js";
import { openHeap } from "./open-heap.js";

/** Creates an object that the caller holds by a count of its own. */
const held = (heap: Heap, create: () => Ptr): Ptr => {
  const object = create();
  heap.retain(object);
  return object;
};

describe("counts in a heap", () => {
  it("go to 100,000 by stores, and back to a death", () => {
    const { heap, layouts } = openHeap();
    const target = heap.scope((scope) => held(heap, () => scope.create(layouts.leaf)));
    heap.scope((scope) => {
      const list = scope.create(layouts.list);
      for (let index = 0; index < 100_000; index++) heap.items.append(list, target);
      expect(heap.count(target)).toBe(100_001);
      heap.verify();
      heap.items.truncate(list, 100);
      expect(heap.count(target)).toBe(101);
    });
    expect(heap.count(target)).toBe(1);
    heap.release(target);
    expect(heap.stats().objects).toBe(0);
    heap.verify();
  });

  it("go on after another thread could have attached, and so do thresholds", () => {
    const { heap, layouts } = openHeap();
    const target = heap.scope((scope) => held(heap, () => scope.create(layouts.plain)));
    heap.retain(target, 50_000);
    heap.gc.setThreshold(1, 2);
    const attached = attachHeap(heap.detach(), {
      allocator: pymalloc(),
      collector: none(),
      counter: refcount(),
      code: { finalize: () => {}, edges: () => {} },
    });
    attached.verify();
    expect(attached.count(target)).toBe(50_001);
    expect(attached.gc.getThreshold()).toEqual([1, 2, 10]);
    attached.release(target, 50_001);
    expect(attached.stats().objects).toBe(0);
    attached.verify();
    attached.dispose();
  });

  it("of immortals do not matter", () => {
    const { heap, layouts } = openHeap();
    const object = heap.scope((scope) => {
      const created = scope.create(layouts.leaf);
      heap.immortalize(created);
      return created;
    });
    for (let round = 0; round < 3; round++) {
      heap.scope((scope) => {
        const list = scope.create(layouts.list);
        for (let index = 0; index < 9000; index++) heap.items.append(list, object);
        heap.verify();
      });
    }
    expect(heap.isObject(object)).toBe(true);
    heap.verify();
  });

  it("that have no room in a full memory refuse the store, and the heap is as before", () => {
    const { heap, layouts } = openHeap(() => {}, { maxBytes: "4MiB" });
    const PAGE = 4096;
    const taken: number[] = [];
    heap.scope((scope) => {
      const [popular, list, node] = [layouts.leaf, layouts.list, layouts.plain].map((each) =>
        scope.create(each),
      );
      for (let index = 0; index < 8190; index++) heap.items.append(list!, popular!);
      for (let page: number; (page = heap.memory.reserve(PAGE, PAGE, 1)) !== 0;) taken.push(page);
      expect(heap.count(popular!)).toBe(8191);
      expect(() => heap.set(node!, 0, popular!)).toThrow(
        expect.objectContaining({ code: "ERR_OUT_OF_MEMORY" }) as HeapwrightError,
      );
      expect(heap.get(node!, 0)).toBe(NULL);
      expect(heap.count(popular!)).toBe(8191);
      heap.verify();

      heap.memory.release(taken.pop()!, PAGE);
      heap.memory.release(taken.pop()!, PAGE);
      heap.set(node!, 0, popular!);
      expect(heap.count(popular!)).toBe(8192);
      heap.verify();
    });
    expect(heap.stats().objects).toBe(0);
    for (const page of taken) heap.memory.release(page, PAGE);
    heap.dispose();
  });
});

describe("none in a heap", () => {
  it("leaves cycles where they are", () => {
    const { heap, layouts } = openHeap();
    heap.scope((scope) => {
      const [a, b] = [scope.create(layouts.plain), scope.create(layouts.plain)];
      heap.set(a, 0, b);
      heap.set(b, 0, a);
    });
    expect(heap.gc.collect()).toBe(0);
    expect(heap.stats().objects).toBe(2);
    expect(heap.gc.getThreshold()).toEqual([700, 10, 10]);
    heap.verify();
  });

  it("is not asked by allocations", () => {
    const { heap, layouts } = openHeap();
    heap.scope((scope) => {
      for (let index = 0; index < 2000; index++) scope.create(layouts.plain);
      expect(heap.gc.getCount()).toEqual([2000, 0, 0]);
    });
    expect(heap.gc.getStats().map(({ collections }) => collections)).toEqual([0, 0, 0]);
  });
});

describe("finalizers in a dying tree", () => {
  const SLOTS = 4;

  /** A complete tree of nodes, held. */
  function tree(heap: Heap, depth: number): Ptr {
    const node = heap.layoutNamed("node")!;
    return heap.scope((scope) => {
      const build = (levels: number): Owned => {
        const object = scope.create(node);
        for (let slot = 0; levels > 0 && slot < SLOTS; slot++) heap.set(object, slot, build(levels - 1));
        return object;
      };
      return held(heap, () => build(depth));
    });
  }

  const TREE = 1 + 4 + 16 + 64;

  it.each<[what: string, finalize: Finalizer, left: number, finalized?: number]>([
    ["collect", (_, heap) => heap.gc.collect(), 0],
    ["verify", (_, heap) => heap.verify(), 0],
    ["walk over all objects", (_, heap) => Array.from(heap.objects(), (each) => heap.referentsOf(each)), 0],
    [
      "make objects and drop them",
      (_, heap) =>
        heap.scope((scope) => {
          const list = scope.create(heap.layoutNamed("list")!);
          for (let index = 0; index < 50; index++)
            heap.items.append(list, scope.create(heap.layoutNamed("leaf")!));
        }),
      0,
    ],
    [
      "let go of what their object refers to",
      (object, heap) => {
        for (let slot = 0; slot < SLOTS; slot++) heap.set(object, slot, NULL);
      },
      0,
    ],
    // It drops what was in the slot, whose finalizer does the same.
    ["close a cycle", (object, heap) => heap.set(object, 0, object), TREE, 4],
    ["retain their object", (object, heap) => heap.retain(object), TREE],
    [
      "throw",
      () => {
        throw new Error("on purpose");
      },
      0,
    ],
    [
      "throw after they retained their object",
      (object, heap) => {
        heap.retain(object);
        throw new Error("on purpose");
      },
      TREE,
    ],
  ])("may %s", (_, finalize, left, calls = left === 0 ? TREE : 1) => {
    const finalized = new Set<Ptr>();
    const { heap } = openHeap(
      (object, inHeap) => {
        expect(finalized.has(object)).toBe(false);
        finalized.add(object);
        finalize(object, inHeap);
      },
      { unraisable: () => {} },
    );
    heap.release(tree(heap, 3));
    heap.verify();
    expect(heap.stats().objects).toBe(left);
    expect(finalized.size).toBe(calls);
    heap.dispose();
  });

  it("may not dispose the heap, and it dies all the same", () => {
    const refused: unknown[] = [];
    const { heap } = openHeap((_, inHeap) => inHeap.dispose(), {
      unraisable: (error) => refused.push(error),
    });
    heap.release(tree(heap, 1));
    expect(refused.map((error) => HeapwrightError.is(error, "ERR_BUSY"))).toEqual(Array(5).fill(true));
    expect(heap.stats().objects).toBe(0);
    heap.dispose();
  });

  it("may make ever more objects that die: only so many are alive at a time", () => {
    const made = 100_000;
    const { heap, layouts } = openHeap(
      (_, inHeap) => {
        for (let index = 0; index < made; index++) {
          inHeap.scope((scope) => inHeap.set(scope.create(layouts.plain), 0, scope.create(layouts.plain)));
        }
      },
      { maxBytes: "2MiB" },
    );
    heap.scope((scope) => scope.create(layouts.node));
    expect(heap.stats().objects).toBe(0);
    heap.verify();
  });
});

describe("a random program", () => {
  type Step =
    | { readonly do: "create"; readonly kind: (typeof KINDS)[number] }
    | { readonly do: "store"; readonly from: number; readonly slot: number; readonly to: number }
    | { readonly do: "clear"; readonly from: number; readonly slot: number }
    | { readonly do: "retain"; readonly at: number; readonly times: number }
    | { readonly do: "release"; readonly at: number };
  const KINDS = ["leaf", "node", "plain", "sparse", "tuple", "list", "dict", "custom"] as const;
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant("create"), kind: fc.constantFrom(...KINDS) }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant("store"), from: fc.nat(), slot: fc.nat(3), to: fc.nat() }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("clear"), from: fc.nat(), slot: fc.nat(3) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant("retain"), at: fc.nat(), times: fc.constantFrom(1, 2, 9000) }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("release"), at: fc.nat() }) },
  );

  /** Slots that are references, as heap.set counts them. */
  const SLOTS_OF: Readonly<Record<(typeof KINDS)[number], readonly number[]>> = {
    leaf: [],
    node: [0, 1, 2, 3],
    plain: [0, 1, 2, 3],
    sparse: [1, 4],
    tuple: [0, 1, 2],
    list: [0, 1, 2],
    dict: [0, 1, 2, 3],
    custom: [0, 2],
  };

  it("leaves every object with the count that a Map says, and no other object", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (program) => {
        const finalized: Ptr[] = [];
        const { heap, layouts } = openHeap((object) => finalized.push(object));
        const slots = new Map<Ptr, Map<number, Ptr>>();
        const kinds = new Map<Ptr, (typeof KINDS)[number]>();
        const holds = new Map<Ptr, number>();
        let expectedFinalized = 0;

        const countOf = (object: Ptr): number => {
          let count = holds.get(object) ?? 0;
          for (const values of slots.values())
            for (const value of values.values()) if (value === object) count++;
          return count;
        };
        const settle = (): void => {
          for (let gone = true; gone;) {
            gone = false;
            for (const object of slots.keys()) {
              if (countOf(object) > 0) continue;
              slots.delete(object);
              if (kinds.get(object) === "node") expectedFinalized++;
              gone = true;
            }
          }
        };
        const put = (from: Ptr, slot: number, value: Ptr): void => {
          const kind = kinds.get(from)!;
          if (kind === "list" || kind === "dict") heap.items.set(from, slot, value);
          else heap.set(from, slot, value);
          slots.get(from)!.set(slot, value);
        };
        const pick = (objects: Iterable<Ptr>, at: number): Ptr | undefined => {
          const all = [...objects];
          return all[at % all.length];
        };

        for (const each of program) {
          if (each.do === "create") {
            const { kind } = each;
            const object = heap.scope((scope) =>
              held(heap, () => {
                const created = scope.create(
                  layouts[kind],
                  kind === "tuple" ? SLOTS_OF.tuple.length : undefined,
                );
                if (kind === "list" || kind === "dict")
                  for (const _ of SLOTS_OF[kind]) heap.items.append(created, NULL);
                return created;
              }),
            );
            slots.set(object, new Map());
            kinds.set(object, kind);
            holds.set(object, 1);
          } else if (each.do === "store" || each.do === "clear") {
            // Only to older objects: whatever dies then dies by its count.
            const from = pick(slots.keys(), each.from);
            const slot = from === undefined ? undefined : pickSlot(SLOTS_OF[kinds.get(from)!], each.slot);
            if (from === undefined || slot === undefined) continue;
            const older = [...slots.keys()].slice(0, [...slots.keys()].indexOf(from));
            put(from, slot, each.do === "clear" ? NULL : (pick(older, each.to) ?? NULL));
          } else {
            const object = pick(
              [...slots.keys()].filter((candidate) => (holds.get(candidate) ?? 0) > 0),
              each.at,
            );
            if (object === undefined) continue;
            const times = each.do === "retain" ? each.times : -Math.min(holds.get(object)!, 5000);
            if (times > 0) heap.retain(object, times);
            else heap.release(object, -times);
            holds.set(object, holds.get(object)! + times);
          }
          settle();
          expect(new Set(heap.objects())).toEqual(new Set(slots.keys()));
          for (const object of slots.keys()) expect(heap.count(object)).toBe(countOf(object));
          expect(finalized).toHaveLength(expectedFinalized);
          heap.verify();
        }
        heap.dispose();
      }),
      { numRuns: 60 },
    );
  });

  function pickSlot(slots: readonly number[], at: number): number | undefined {
    return slots[at % slots.length];
  }
});
