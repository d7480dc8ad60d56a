/**
 * What a collection has found.
 */

import { WORK_SHIFT } from "./bits.js";

/** The unreachable objects of a collection. */
export interface Condemned {
  /** They, by rising address. Scratch of the collection: the next one overwrites it. */
  readonly refs: Int32Array;
  /** How many of its elements. */
  readonly count: number;
  /** How many objects it looked at, the unreachable ones included. */
  readonly considered: number;
}

/** Moves the objects that have the byte still to the front, in their order. Returns how many. */
export function keepUnreached(
  work: Uint8Array,
  suspects: Int32Array,
  count: number,
  unreached: number,
): number {
  let kept = 0;
  for (let index = 0; index < count; index++) {
    const object = suspects[index]!;
    if (work[object >> WORK_SHIFT] === unreached) suspects[kept++] = object;
  }
  return kept;
}
