/**
 * The pool word: what a collector needs to walk a pool, one word a pool of the whole memory.
 *
 * ```text
 *   bit    31        18 17  16 15                  0
 *          +-----------+------+---------------------+
 *          |     0     | kind | words in each cell  |      0 = no cells there
 *          +-----------+------+---------------------+
 *   kind   1 = tracked: objects with references, or with finalizers or weak references
 *          2 = leaves: nothing in them is a reference, cells of 16 bytes are allowed
 * ```
 *
 * Cells begin at the pool's first word and follow each other without gaps, as many as fit. Memory is walked in address
 * order, and there is no list of objects.
 */

/** Bits of the pool word with the words in each cell. */
export const STRIDE_MASK = 0xffff;
/** Position of the kind. */
export const KIND_SHIFT = 16;
/** Kind of a pool whose cells are tracked. */
export const TRACKED_POOL = 1;
/** Kind of a pool of leaves. */
export const LEAF_POOL = 2;
