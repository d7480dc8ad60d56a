/**
 * Ages: what the work byte of a tracked object says between collections.
 *
 * ```text
 *   age          1            2            0
 *   generation   0            1            2          0 = the youngest, as CPython counts them
 *                born ─────►  survived ──► old
 * ```
 *
 * Old is 0, so that a full collection ends with one fill, and so that the byte of a free cell, of a leaf and of whatever
 * nobody tracks says the same as that of an old object: not a member of a young generation.
 */

/** Generation 2: it survived twice, or a full collection. */
export const OLD = 0;

/** Generation 0: born since the last collection. What the trait `birth` says. */
export const YOUNG = 1;

/** Generation 1: it survived a collection of generation 0. */
export const MIDDLE = 2;

/** How many generations there are. CPython: `NUM_GENERATIONS`. */
export const GENERATIONS = 3;

const AGES = [YOUNG, MIDDLE, OLD] as const;

/** The age of the objects in a generation, 0 to 2. */
export function ageOf(generation: number): number {
  return AGES[generation]!;
}

/** The generation of an age. The dead, while their finalizers run, are in none any more: 2. */
export function generationOf(age: number): number {
  return age === YOUNG || age === MIDDLE ? age - 1 : GENERATIONS - 1;
}

/** The age of those that survive a collection of a generation. */
export function survivorsOf(generation: number): number {
  return generation === 0 ? MIDDLE : OLD;
}
