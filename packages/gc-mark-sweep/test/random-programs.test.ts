import { bump, pymalloc } from "@heapwright/allocator";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { HOLDERS, LEAVES, createShadowHeap, type Kind, type Shade, type ShadowHeap } from "./shadow.js";

const KINDS: readonly Kind[] = [...HOLDERS, ...LEAVES];

/** One step of a program. Numbers choose among what can be reached. */
type Step =
  | { readonly do: "make"; readonly kind: Kind }
  | { readonly do: "link"; readonly from: number; readonly slot: number; readonly to: number }
  | { readonly do: "unlink" | "pin" | "unpin" | "retain" | "release" | "untrack"; readonly which: number }
  | { readonly do: "collect"; readonly generation: number };

const which = fc.nat({ max: 10_000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("make" as const), kind: fc.constantFrom(...KINDS) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("link" as const),
      from: which,
      slot: fc.nat({ max: 1 }),
      to: which,
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("unpin" as const), which }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("unlink" as const, "pin" as const, "untrack" as const),
      which,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("collect" as const), generation: fc.nat({ max: 2 }) }),
  },
);

function play(shadow: ShadowHeap, one: Step): void {
  const { heap } = shadow;
  if (one.do === "make") {
    shadow.make(one.kind);
    return;
  }
  if (one.do === "collect") {
    heap.gc.collect(one.generation);
    return;
  }
  const reachable = shadow.reachable();
  if (reachable.length === 0) return;
  const choose = (number: number): Shade => reachable[number % reachable.length]!;
  if (one.do === "link") {
    shadow.link(choose(one.from), one.slot, choose(one.to));
    return;
  }
  const shade = choose(one.which);
  if (one.do === "unlink") shadow.link(shade, 0, undefined);
  else if (one.do === "pin") shadow.pin(shade);
  else if (one.do === "unpin") shadow.unpin(shade);
  else if (one.do === "untrack" && !LEAVES.includes(shade.kind)) heap.untrack(shade.ptr);
}

const numbersOf = (shades: readonly Shade[]): number[] => shades.map(({ number }) => number);

/** Whatever can be reached is as it was. */
function expectIntact(shadow: ShadowHeap): void {
  const damaged = shadow.reachable().filter((shade) => !shadow.isIntact(shade));
  expect(numbersOf(damaged)).toEqual([]);
}

/** The heap holds what can be reached, and nothing else. */
function expectExact(shadow: ShadowHeap): void {
  expectIntact(shadow);
  expect(shadow.living()).toEqual(numbersOf(shadow.reachable()));
  shadow.forget();
}

describe.each([
  ["pymalloc", pymalloc()],
  ["pymalloc of CPython 3.9", pymalloc({ preset: "cpython-3.9" })],
  ["bump", bump()],
])("a random program over %s", (_, allocator) => {
  it("leaves exactly what can be reached after each collection", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        using shadow = disposable(createShadowHeap({ allocator }));
        shadow.heap.gc.disable();
        for (const one of steps) {
          play(shadow, one);
          if (one.do === "collect") expectExact(shadow);
          shadow.heap.verify();
        }
        shadow.heap.gc.collect();
        expectExact(shadow);
      }),
      { numRuns: 60 },
    );
  });

  it("never loses what can be reached, whenever it collects by itself", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 9 }), (steps, threshold) => {
        using shadow = disposable(createShadowHeap({ allocator, threshold, growthPercent: 0 }));
        for (const one of steps) {
          play(shadow, one);
          expectIntact(shadow);
        }
        shadow.heap.verify();
        shadow.heap.gc.collect();
        expectExact(shadow);
      }),
      { numRuns: 60 },
    );
  });
});

/** What a finalizer does, with the object and the heap. */
const DEEDS = {
  nothing: () => undefined,
  comeBack: ({ keep, self }) => keep(self),
  /** Brings back what it refers to, and not itself. */
  saveOther: ({ shadow, keep, self }) => {
    const other = shadow.shades.get(self.slots[0]);
    if (other) keep(other);
  },
  /** A leaf that only the object refers to, made while the collection runs. */
  ownLeaf: ({ shadow, keep, self }) => {
    const leaf = shadow.make("small");
    shadow.link(self, 0, leaf);
    shadow.unpin(leaf);
    keep(self);
  },
  keepLeaf: ({ shadow, keep }) => {
    const leaf = shadow.make("small");
    keep(leaf);
    shadow.unpin(leaf);
  },
  litter: ({ shadow }) => {
    const [a, b, leaf] = [shadow.make("node"), shadow.make("list"), shadow.make("small")];
    shadow.link(a, 0, b);
    shadow.link(b, 0, a);
    shadow.link(b, 1, leaf);
    for (const each of [a, b, leaf]) shadow.unpin(each);
  },
  /** What nobody holds refers to one of the dead when the second look comes. */
  litterWithSelf: ({ shadow, self }) => {
    const holder = shadow.make("list");
    shadow.link(holder, 0, self);
    shadow.unpin(holder);
  },
  cut: ({ shadow, self }) => shadow.link(self, 0, undefined),
  /** Takes from the living what they refer to. */
  rob: ({ shadow }) => {
    for (const shade of shadow.reachable()) shadow.link(shade, 1, undefined);
  },
  collect: ({ shadow }) => expect(shadow.heap.gc.collect()).toBe(0),
  fail: () => {
    throw new Error("on purpose");
  },
} satisfies Record<string, (scene: Scene) => unknown>;

interface Scene {
  readonly shadow: ShadowHeap;
  readonly self: Shade;
  /** Makes something reachable from a list that is pinned. */
  readonly keep: (shade: Shade) => void;
}

describe("a random program with finalizers", () => {
  it("keeps what can be reached, whatever they do, and frees the rest in the end", () => {
    const deed = fc.constantFrom(...(Object.keys(DEEDS) as (keyof typeof DEEDS)[]));
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 80 }),
        fc.array(deed, { minLength: 1, maxLength: 6 }),
        (steps, deeds) => {
          const errors: unknown[] = [];
          let isOver = false;
          const shadow = createShadowHeap({
            unraisable: (error) => errors.push(error),
            mourn(object) {
              const self = shadow.shadeOf(object);
              if (isOver || !self) return;
              // All of what it leads to is there still, leaves included.
              expect(
                self.slots.every((number) => number === 0 || shadow.isIntact(shadow.shades.get(number)!)),
              ).toBe(true);
              DEEDS[deeds[self.number % deeds.length]!]({
                shadow,
                self,
                keep: (shade) => keep(shadow, shade),
              });
            },
          });
          for (const one of steps) {
            play(shadow, one);
            expectIntact(shadow);
            shadow.heap.verify();
          }
          // What was made and lost meanwhile goes with the next collections; each finalizer is called once.
          isOver = true;
          for (let round = 0; round < 3; round++) shadow.heap.gc.collect();
          expectExact(shadow);
          shadow.heap.verify();
          expect(errors.filter((error) => (error as Error).message !== "on purpose")).toEqual([]);
          shadow.heap.dispose();
        },
      ),
      { numRuns: 150 },
    );
  });
});

function keep(shadow: ShadowHeap, shade: Shade): void {
  const holder = shadow.make("node");
  shadow.link(holder, 0, shade);
}

function disposable(shadow: ShadowHeap): ShadowHeap & Disposable {
  return Object.assign(shadow, { [Symbol.dispose]: () => shadow.heap.dispose() });
}
