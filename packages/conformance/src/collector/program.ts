/**
 * Random heap programs: lists of steps, made by fast-check, which finds the shortest one that breaks a law.
 *
 * A step is plain data and names objects by numbers, taken modulo the objects that can be reached when it runs. So any part of
 * a program is a program, and the shortest one follows from the seed alone.
 */

import fc from "fast-check";

import type { KindName } from "./kinds.js";

/** What holds a new object. */
export type Hold = "scope" | "pin" | "retain" | "slot";

/** A step of a program. `object`, `from` and `to` pick one of the objects that can be reached. */
export type HeapStep =
  | {
      readonly do: "create";
      readonly kind: KindName;
      readonly hold: Hold;
      readonly from: number;
      readonly slot: number;
    }
  | { readonly do: "set"; readonly from: number; readonly slot: number; readonly to: number }
  | { readonly do: "clear"; readonly from: number; readonly slot: number; readonly value: 0 | -1 }
  | { readonly do: "append"; readonly from: number; readonly to: number }
  | { readonly do: "truncate"; readonly from: number; readonly count: number }
  | { readonly do: "own" | "pin" | "unpin" | "release" | "untrack" | "track"; readonly object: number }
  | { readonly do: "retain"; readonly object: number; readonly times: number }
  | { readonly do: "immortalize"; readonly object: number }
  | { readonly do: "weak"; readonly object: number; readonly callback: boolean }
  | { readonly do: "enter" | "leave" }
  | { readonly do: "collect"; readonly generation: number };

const LONGEST_PROGRAM = 60;

/** How often an object is retained at once: mostly once, and around 8 and 14 bits. */
const TIMES = [1, 2, 255, 256, 257, 512, 8191, 8192] as const;

/** Programs of all steps. */
export function heapPrograms(): fc.Arbitrary<HeapStep[]> {
  const object = fc.nat({ max: LONGEST_PROGRAM });
  const slot = fc.nat({ max: 4 });
  const kind = fc.oneof(
    { weight: 6, arbitrary: fc.constant<KindName>("node") },
    { weight: 4, arbitrary: fc.constantFrom<KindName>("list", "array", "bits", "custom", "dict") },
    { weight: 2, arbitrary: fc.constantFrom<KindName>("leaf", "blob") },
    { weight: 2, arbitrary: fc.constantFrom<KindName>("mourned", "phoenix") },
  );
  const hold = fc.oneof(
    { weight: 3, arbitrary: fc.constant<Hold>("slot") },
    { weight: 2, arbitrary: fc.constantFrom<Hold>("scope", "pin", "retain") },
  );
  const times = fc.oneof(
    { weight: 3, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.constantFrom(...TIMES) },
  );
  const step = (
    weight: number,
    arbitrary: fc.Arbitrary<HeapStep>,
  ): { weight: number; arbitrary: fc.Arbitrary<HeapStep> } => ({
    weight,
    arbitrary,
  });
  const is = <T extends string>(name: T): fc.Arbitrary<T> => fc.constant(name);
  return fc.array(
    fc.oneof(
      step(40, fc.record({ do: is("create"), kind, hold, from: object, slot })),
      step(40, fc.record({ do: is("set"), from: object, slot, to: object })),
      step(8, fc.record({ do: is("clear"), from: object, slot, value: fc.constantFrom<0 | -1>(0, -1) })),
      step(12, fc.record({ do: is("append"), from: object, to: object })),
      step(4, fc.record({ do: is("truncate"), from: object, count: slot })),
      step(4, fc.record({ do: fc.constantFrom("own", "pin", "untrack", "track"), object })),
      step(24, fc.record({ do: fc.constantFrom("unpin", "release"), object })),
      step(4, fc.record({ do: is("retain"), object, times })),
      step(4, fc.record({ do: is("weak"), object, callback: fc.boolean() })),
      step(12, fc.record({ do: fc.constantFrom("enter", "leave") })),
      step(24, fc.record({ do: is("collect"), generation: fc.constantFrom(0, 0, 1, 2, 2) })),
      // Rare: what is immortal is kept, and keeps others, to the end of the program.
      step(1, fc.record({ do: is("immortalize"), object })),
    ),
    { maxLength: LONGEST_PROGRAM, size: "max" },
  );
}
