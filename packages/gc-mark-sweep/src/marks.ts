/**
 * Marks: what a work byte means while this collector runs.
 *
 * ```text
 *   32 bytes of memory    +----------------+----------------+
 *                         | first granule  | second granule |     a cell begins at a granule of 16 bytes
 *                         +----------------+----------------+
 *   their work byte       bit 7 ... 3        2         1        0
 *                               0         PENDING   second   first
 * ```
 *
 * An object is marked by the bit of the granule in which it begins. Leaves of 16 bytes share a byte, two by two, and each has
 * a bit of its own; a tracked cell has the byte for itself, so that one comparison with 0 tells whether it is marked.
 * Between collections all bytes are 0: this collector has one generation, and everything in it has age 0.
 *
 * Plain numbers in a module without imports: those a build puts in place where they are used.
 */

/** Both bits: the byte of a cell that is marked, wherever it begins. */
export const MARKED = 3;

/** The object is marked, and its references were not followed yet: there was no room on the stack. Tracked cells only. */
export const PENDING = 4;

/** The bit of the granule at a reference. */
export function markBit(ref: number): number {
  return 1 + ((ref >> 2) & 1);
}
