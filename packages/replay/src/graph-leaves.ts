/**
 * Graph leaves: the untracked objects that nodes refer to (strings, numbers, code, tuples and dicts of nothing but those).
 *
 * A recording says how many leaves of each type there were and how many bytes they had together, and of each node how
 * many references to leaves it has; it does not say to which. So the leaves of a type are all of their mean length, and
 * references go to them in turn: the k-th reference of the graph to leaf k modulo their number. That keeps what a
 * collector pays for: it meets as many different leaves as CPython's did.
 *
 * ```text
 *   up to 32 B   [ header | raw words ]                                int, float
 *   longer       [ header | first | - | capacity ]                     16 B
 *                              +--> [ raw bytes ]                      the rest: str, bytes, code, ...
 * ```
 */

import type { GraphHeader } from "./graph-header.js";

/** Leaves of one length. */
export interface LeafKind {
  /** How many. */
  readonly count: number;
  /** Bytes of each. */
  readonly bytes: number;
}

/** Leaves of more bytes keep what does not fit into their cell in a buffer. */
export const LONGEST_LEAF_CELL_BYTES = 32;

/** Bytes in the cell of a leaf with a buffer. */
export const LONG_LEAF_CELL_BYTES = 16;

/** A leaf of which nothing is known. */
const UNKNOWN_BYTES = 16;

/**
 * The leaves of a graph, at most one for each reference to one.
 *
 * @returns kinds in the order of the header's types, none empty
 */
export function leafKindsOf(header: GraphHeader): LeafKind[] {
  const known = header.types.map(({ leaves = 0, leafBytes = 0 }) => kindOf(leaves, leafBytes));
  const distinct = Math.max(1, header.distinctLeaves ?? (countOf(known) || header.leafRefs));
  const kinds = countOf(known) === distinct ? known : [kindOf(distinct, header.leafBytes)];
  return firstOf(kinds, header.leafRefs);
}

/** All leaves of some kinds. */
export function countOf(kinds: readonly LeafKind[]): number {
  return kinds.reduce((sum, { count }) => sum + count, 0);
}

function kindOf(count: number, bytes: number | undefined): LeafKind {
  const mean = bytes === undefined || count === 0 ? UNKNOWN_BYTES : Math.ceil(bytes / count);
  return { count, bytes: Math.max(UNKNOWN_BYTES, mean) };
}

function firstOf(kinds: readonly LeafKind[], limit: number): LeafKind[] {
  let left = limit;
  return kinds
    .map(({ count, bytes }) => {
      const taken = Math.min(count, left);
      left -= taken;
      return { count: taken, bytes };
    })
    .filter(({ count }) => count > 0);
}
