/**
 * The numbers of core's layout that the kernels use in every turn of their loops, as literals.
 *
 * A number imported from another package is a load from memory wherever it is used, since a build leaves other packages
 * outside; V8 cannot tell that it never changes. Written here, it becomes part of the instruction, and a full collection of
 * four-item lists takes 32 ns an object instead of 47. What they mean is core's to say: a type that names core's number does
 * not compile with any other.
 */

import type * as core from "@heapwright/core";

export const LAYOUT_MASK: typeof core.LAYOUT_MASK = 0xfff;
export const UNTRACKED: typeof core.UNTRACKED = 0x2000;
export const IMMORTAL: typeof core.IMMORTAL = 0x1_0000;
export const COUNT_SHIFT: typeof core.COUNT_SHIFT = 18;

export const WORK_SHIFT: typeof core.WORK_SHIFT = 3;
export const MIN_TRACKED_WORDS: typeof core.MIN_TRACKED_WORDS = 8;
export const MAX_AGE: typeof core.MAX_AGE = 127;
export const CONDEMNED: typeof core.CONDEMNED = 255;

export const STRIDE_MASK: typeof core.STRIDE_MASK = 0xffff;
export const KIND_SHIFT: typeof core.KIND_SHIFT = 16;
export const TRACKED_POOL: typeof core.TRACKED_POOL = 1;

export const ITEMS: typeof core.ITEMS = -1;
export const ALL: typeof core.ALL = -2;
export const BUFFER_FIRST: typeof core.BUFFER_FIRST = 1;
export const BUFFER_COUNT: typeof core.BUFFER_COUNT = 2;
