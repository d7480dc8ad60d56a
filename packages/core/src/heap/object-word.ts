/**
 * The object word: where each bit of an object's header lives. Nobody else knows.
 *
 * ```text
 *   cell   [ header | word 1 | word 2 | ... ]        a reference is the index of the header, in words
 *
 *   bit    31           18 17         12 11          0
 *          +--------------+-------------+-------------+
 *          |  count : 14  |  flags : 6  | layout : 12 |       0 = the cell is free
 *          +--------------+-------------+-------------+
 *            bit 31 set: the count has reached 8,192 and must be spilled
 *
 *   flags  12 LOGGED   13 UNTRACKED   14 HAS_WEAKREFS   15 FINALIZED   16 IMMORTAL   17 OVERFLOWED
 * ```
 *
 * The count is in the high bits, so that an overflow is a sign and a count of 0 is one comparison with the flags in
 * place: `header < ONE_COUNT` holds for counts of 0 and for overflowed fields alike. What does not fit is kept by the
 * counter in steps of 4,096, a multiple of 256: the field alone is right modulo 256, which is all that a collector with
 * work bytes needs.
 *
 * Plain numbers in a module without imports: those a build puts in place where they are used.
 */

/** Bits of the header that name the layout. Layout 0 is a free cell. */
export const LAYOUT_MASK = 0xfff;
/** Stores into this object are told to the collector. */
export const LOGGED = 0x1000;
/** The collector does not look at this object. CPython: `_PyObject_GC_UNTRACK`. */
export const UNTRACKED = 0x2000;
/** There are weak references to this object. */
export const HAS_WEAKREFS = 0x4000;
/** Its finalizer was called. CPython: `_PyGC_PREV_MASK_FINALIZED`. */
export const FINALIZED = 0x8000;
/** It lives as long as the heap, whatever its count. */
export const IMMORTAL = 0x1_0000;
/** Part of its count is kept by the counter, outside the field. */
export const OVERFLOWED = 0x2_0000;
/** Position of the count. */
export const COUNT_SHIFT = 18;
/** One reference. */
export const ONE_COUNT = 0x4_0000;
/** Every bit below the count. */
export const BELOW_COUNT = 0x3_ffff;
/** How many references are moved between field and counter at once. */
export const SPILL = 4096;
/** {@link SPILL}, in place. */
export const SPILL_COUNT: number = SPILL * ONE_COUNT;
/** Set when a collector that counts modulo 256 must look twice: a count of 256 or more, OVERFLOWED or IMMORTAL. */
export const LOOK_TWICE = -0x3fd_0000;
