/** What a collection has found. */
export interface Condemned {
  /** The unreachable objects, by rising address. Scratch of the collection: the next one overwrites it. */
  readonly refs: Int32Array;
  /** How many of its elements. */
  readonly count: number;
  /** How many objects it looked at, the unreachable ones included. */
  readonly considered: number;
}
