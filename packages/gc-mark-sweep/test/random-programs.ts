/**
 * Random programs: steps that a heap and its shadow take together.
 */

import fc from "fast-check";
import { expect } from "vitest";

import { LEAVES, type Kind, type Shade, type ShadowHeap } from "./shadow.js";

/** One step of a program. Numbers choose among what can be reached. */
export type Step =
  | { readonly do: "make"; readonly kind: Kind }
  | { readonly do: "link"; readonly from: number; readonly slot: number; readonly to: number }
  | { readonly do: "unlink" | "pin" | "unpin" | "untrack"; readonly which: number }
  | { readonly do: "collect"; readonly generation: number };

/** Programs of up to a hundred steps, which make objects of some kinds. */
export function programsOver(kinds: readonly Kind[]): fc.Arbitrary<Step[]> {
  const which = fc.nat({ max: 10_000 });
  const doing = <T extends Step["do"]>(...names: T[]): fc.Arbitrary<T> => fc.constantFrom(...names);
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: doing("make"), kind: fc.constantFrom(...kinds) }) },
    {
      weight: 7,
      arbitrary: fc.record({ do: doing("link"), from: which, slot: fc.nat({ max: 1 }), to: which }),
    },
    { weight: 5, arbitrary: fc.record({ do: doing("unpin"), which }) },
    { weight: 2, arbitrary: fc.record({ do: doing("unlink", "pin", "untrack"), which }) },
    { weight: 1, arbitrary: fc.record({ do: doing("collect"), generation: fc.nat({ max: 2 }) }) },
  );
  return fc.array(step, { maxLength: 100, size: "max" });
}

/** Takes a step. */
export function play(shadow: ShadowHeap, step: Step): void {
  if (step.do === "make") {
    shadow.make(step.kind);
    return;
  }
  if (step.do === "collect") {
    shadow.heap.gc.collect(step.generation);
    return;
  }
  const reachable = shadow.reachable();
  if (reachable.length === 0) return;
  const choose = (number: number): Shade => reachable[number % reachable.length]!;
  if (step.do === "link") {
    shadow.link(choose(step.from), step.slot, choose(step.to));
    return;
  }
  const shade = choose(step.which);
  if (step.do === "unlink") shadow.link(shade, 0, undefined);
  else if (step.do === "pin") shadow.pin(shade);
  else if (step.do === "unpin") shadow.unpin(shade);
  else if (!LEAVES.includes(shade.kind)) shadow.heap.untrack(shade.ptr);
}

const numbersOf = (shades: readonly Shade[]): number[] => shades.map(({ number }) => number);

/** Whatever can be reached is as it was. */
export function expectIntact(shadow: ShadowHeap): void {
  const damaged = shadow.reachable().filter((shade) => !shadow.isIntact(shade));
  expect(numbersOf(damaged)).toEqual([]);
}

/** The heap holds what can be reached, and nothing else. */
export function expectExact(shadow: ShadowHeap): void {
  expectIntact(shadow);
  expect(shadow.living()).toEqual(numbersOf(shadow.reachable()));
  shadow.forget();
}
