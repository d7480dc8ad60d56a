/**
 * The numbers of core's headers and layouts that the loop over the dying uses, as literals.
 *
 * Imported from another package they would be loads from memory at each use, since a build leaves other packages outside, and
 * V8 cannot tell that they never change: a death would take a fifth longer. What they mean is core's to say; a
 * type that names core's number does not compile with any other, and `bits.test.ts` checks those that are put together.
 */

import type * as core from "@heapwright/core";

type LayoutFlags = typeof core.LAYOUT;

export const LAYOUT_MASK: typeof core.LAYOUT_MASK = 0xfff;
export const HAS_WEAKREFS: typeof core.HAS_WEAKREFS = 0x4000;
export const IMMORTAL: typeof core.IMMORTAL = 0x1_0000;
export const ONE_COUNT: typeof core.ONE_COUNT = 0x4_0000;

/** All of a header that tells how many references there are: count, OVERFLOWED and IMMORTAL. One reference: {@link ONE_COUNT}. */
export const WHOLE_COUNT = -0x1_0000;
/** {@link WHOLE_COUNT} and HAS_WEAKREFS. */
export const COUNT_AND_WEAKREFS = -0xc000;

export const LEAF: LayoutFlags["leaf"] = 1;
export const ENTRIES: LayoutFlags["entries"] = 64;
/** Flags of layouts whose objects have last words: finalizer, legacyFinalizer and weakReference. */
export const SPEAKS = 0x16;
/** {@link SPEAKS} and {@link LEAF}. */
export const LEAF_OR_SPEAKS = 0x17;

export const STRIDE_MASK: typeof core.STRIDE_MASK = 0xffff;
export const ITEMS: typeof core.ITEMS = -1;
export const ALL: typeof core.ALL = -2;
export const BUFFER_FIRST: typeof core.BUFFER_FIRST = 1;
export const BUFFER_COUNT: typeof core.BUFFER_COUNT = 2;
