import fc from "fast-check";
import { expect, it } from "vitest";

import { expectExact, expectIntact, play, programsOver } from "./random-programs.js";
import { HOLDERS, createShadowHeap, type Shade, type ShadowHeap } from "./shadow.js";

/** What a finalizer has to work with. */
interface Scene {
  readonly shadow: ShadowHeap;
  /** The object that is about to die. */
  readonly self: Shade;
  /** Makes something reachable from an object that is pinned. */
  readonly keep: (shade: Shade) => void;
}

/** What finalizers do. */
const DEEDS = {
  nothing: () => undefined,
  comeBack: ({ keep, self }) => keep(self),
  /** Brings back what it refers to, and not itself. */
  saveOther: ({ shadow, keep, self }) => {
    const other = shadow.shades.get(self.slots[0]);
    if (other) keep(other);
  },
  /** Comes back with a leaf that was made while the collection ran. */
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
  /** When the second look comes, what nobody holds refers to one of the dead. */
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
  collect: ({ shadow }) => {
    expect(shadow.heap.gc.collect()).toBe(0);
  },
  fail: () => {
    throw new Error("on purpose");
  },
} satisfies Record<string, (scene: Scene) => void>;

/** A good half of the objects are finalized. */
const program = programsOver([...HOLDERS, "small", ...Array.from({ length: 9 }, () => "mourned" as const)]);
const deeds = fc.array(fc.constantFrom(...(Object.keys(DEEDS) as (keyof typeof DEEDS)[])), {
  minLength: 1,
  maxLength: 6,
});

it("keeps what can be reached, whatever finalizers do, and frees the rest in the end", () => {
  fc.assert(
    fc.property(program, deeds, fc.constantFrom(3, 700), (steps, chosen, threshold) => {
      const errors: unknown[] = [];
      let isOver = false;
      const shadow = createShadowHeap({
        threshold,
        growthPercent: 0,
        unraisable: (error) => errors.push(error),
        mourn(object) {
          const self = shadow.shadeOf(object);
          if (isOver || !self) return;
          // All of what it leads to is there still, leaves included.
          expect(self.slots.filter((number) => number !== 0 && !isIntact(shadow, number))).toEqual([]);
          const keep = (shade: Shade): void => shadow.link(shadow.make("node"), 0, shade);
          DEEDS[chosen[self.number % chosen.length]!]({ shadow, self, keep });
        },
      });
      for (const step of steps) {
        play(shadow, step);
        expectIntact(shadow);
        if (step.do === "collect") shadow.heap.verify();
      }
      // What was let go of meanwhile goes with the next collection; a finalizer is called once in a life.
      isOver = true;
      for (let round = 0; round < 3; round++) shadow.heap.gc.collect();
      expectExact(shadow);
      shadow.heap.verify();
      expect(errors.filter((error) => (error as Error).message !== "on purpose")).toEqual([]);
      shadow.heap.dispose();
    }),
    { numRuns: 100 },
  );
});

function isIntact(shadow: ShadowHeap, number: number): boolean {
  return shadow.isIntact(shadow.shades.get(number)!);
}
