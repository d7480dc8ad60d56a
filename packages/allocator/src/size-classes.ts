/**
 * Size classes: the table that turns "how many bytes?" into "which pool?".
 *
 * CPython never keeps a free list for every possible size. It rounds a small
 * request up to the next multiple of the alignment and keeps the pools of each
 * result together, so 512 sizes share 32 classes. The waste is bounded (under
 * one alignment step a block) and the lookup is one subtraction and one shift.
 *
 * Follows `Objects/obmalloc.c` of CPython 3.11, 64-bit build.
 */

import { checkSize } from "@heapwright/core";

import { ALIGNMENT_SHIFT, SMALL_REQUEST_MAX } from "./layout.js";

/** How many size classes there are. CPython: `NB_SMALL_SIZE_CLASSES`. */
export const SIZE_CLASS_COUNT: number = SMALL_REQUEST_MAX >> ALIGNMENT_SHIFT;

/**
 * The class that serves a request, or `undefined` when it is not for the pools: above 512 bytes, and 0 bytes, which
 * CPython sends on to `malloc(1)`.
 *
 * @param bytes - whole number of bytes, 0 or more
 * @throws HeapwrightError `ERR_BAD_SIZE` when it is none
 *
 * @example
 * ```ts
 * sizeClassOf(16); // 0
 * sizeClassOf(17); // 1
 * sizeClassOf(513); // undefined
 * ```
 */
export function sizeClassOf(bytes: number): number | undefined {
  checkSize(bytes);
  if (bytes === 0 || bytes > SMALL_REQUEST_MAX) return undefined;
  return (bytes - 1) >> ALIGNMENT_SHIFT;
}

/** Bytes in every block of a class: 16 for class 0, 512 for class 31. CPython: `INDEX2SIZE`. */
export function blockBytesOf(sizeClass: number): number {
  return (sizeClass + 1) << ALIGNMENT_SHIFT;
}
