/**
 * Random programs: lists of calls, made by fast-check, which finds the shortest one that breaks a law.
 *
 * A step is plain data and names a block by a number, taken modulo the blocks that are live when the step runs. So any
 * part of a program is a program, and the shortest one follows from the seed alone. (fast-check's own commands need
 * a second number, the path, to be replayed.)
 */

import fc from "fast-check";

/** A call of a program. `block` picks one of the live blocks. */
export type Step =
  | { readonly call: "malloc"; readonly bytes: number }
  | { readonly call: "calloc"; readonly count: number; readonly bytes: number }
  | { readonly call: "realloc"; readonly block: number; readonly bytes: number }
  | { readonly call: "free"; readonly block: number }
  | { readonly call: "usableSize"; readonly block: number };

const LONGEST_PROGRAM = 60;

/** Sizes at which allocators change their mind, in bytes: granule, pool, page, arena. */
export const EDGE_SIZES: readonly number[] = [
  1,
  15,
  16,
  17,
  511,
  512,
  513,
  4096,
  4097,
  64 * 1024,
  64 * 1024 + 1,
  300 * 1024,
];

/** Byte counts, most of them small, as in real programs. */
export function sizes(): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(0, ...EDGE_SIZES.filter((bytes) => bytes < 1024)) },
    { weight: 5, arbitrary: fc.integer({ min: 0, max: 640 }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 16 * 1024 }) },
    { weight: 1, arbitrary: fc.constantFrom(...EDGE_SIZES.filter((bytes) => bytes > 1024)) },
  );
}

/** Programs of all five calls. */
export function programs(): fc.Arbitrary<Step[]> {
  const block = fc.nat({ max: LONGEST_PROGRAM });
  const malloc: fc.Arbitrary<Step> = fc.record({ call: fc.constant("malloc"), bytes: sizes() });
  const calloc: fc.Arbitrary<Step> = fc.record({
    call: fc.constant("calloc"),
    count: fc.nat({ max: 12 }),
    bytes: fc.oneof(fc.nat({ max: 64 }), fc.nat({ max: 4096 })),
  });
  const realloc: fc.Arbitrary<Step> = fc.record({ call: fc.constant("realloc"), block, bytes: sizes() });
  const free: fc.Arbitrary<Step> = fc.record({ call: fc.constant("free"), block });
  const usableSize: fc.Arbitrary<Step> = fc.record({ call: fc.constant("usableSize"), block });
  const step = fc.oneof(
    { weight: 5, arbitrary: malloc },
    { weight: 2, arbitrary: calloc },
    { weight: 3, arbitrary: realloc },
    { weight: 4, arbitrary: free },
    { weight: 1, arbitrary: usableSize },
  );
  return fc.array(step, { maxLength: LONGEST_PROGRAM, size: "max" });
}

const LONG_PROGRAM = 2000;
const TIDE = 400;

/**
 * Long programs, in which pools and chunks fill up and empty again: for 400 steps most are allocations, for the next 400
 * most are frees. They are not made shorter: each follows from one number.
 */
export function longPrograms(): fc.Arbitrary<Step[]> {
  return fc.noShrink(fc.integer()).map(longProgram);
}

function longProgram(seed: number): Step[] {
  const random = randomNumbers(seed);
  return Array.from({ length: LONG_PROGRAM }, (_, step): Step => {
    const rising = step % (2 * TIDE) < TIDE;
    const block = Math.floor(random() * LONG_PROGRAM);
    const bytes = Math.floor(2 ** (random() * (random() < 0.9 ? 10 : 15)));
    const choice = random();
    if (choice < 0.1) return { call: "realloc", block, bytes };
    return choice < (rising ? 0.8 : 0.3) ? { call: "malloc", bytes } : { call: "free", block };
  });
}

/** Numbers from 0 to 1 that follow from a seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
