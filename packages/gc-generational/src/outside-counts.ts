/**
 * The first sweep of a full collection: leaves in each object's work byte what remains of its count when the references
 * inside the heap are subtracted. What remains comes from outside. CPython: `update_refs` and `subtract_refs`.
 *
 * CPython copies all counts first and subtracts then. Here both are one sweep: modulo 256 the order of additions and
 * subtractions does not matter. The counts themselves are left alone.
 */

import type { HeapImage } from "@heapwright/core";

import {
  ALL,
  BUFFER_COUNT,
  BUFFER_FIRST,
  COUNT_SHIFT,
  ITEMS,
  KIND_SHIFT,
  LAYOUT_MASK,
  STRIDE_MASK,
  TRACKED_POOL,
  UNTRACKED,
  WORK_SHIFT,
} from "./bits.js";
import type { HotObjects } from "./hot-objects.js";
import { FULL_HOT } from "./work-bytes.js";

/** Counts the references from outside, modulo 256. */
export interface OutsideCounts {
  /**
   * Adds to the work byte of each tracked object its count, less the references of tracked objects to it. All bytes were 0.
   *
   * @returns how many objects are tracked
   * @throws HeapwrightError `ERR_OUT_OF_MEMORY`; and whatever the code of a custom layout throws
   */
  take(firstPool: number, endPool: number): number;
}

/** Makes the counting of a heap. */
export function createOutsideCounts(image: HeapImage, hot: HotObjects): OutsideCounts {
  const { words: heapWords, work: heapWork, pools: heapPools, scan: heapScan, poolShift } = image;
  const poolWords = 1 << poolShift;

  function takePool(first: number, stride: number): number {
    const words = heapWords;
    const work = heapWork;
    const scan = heapScan;
    const last = first + poolWords - stride;
    let tracked = 0;
    for (let object = first; object <= last; object += stride) {
      const header = words[object]!;
      if (header === 0 || (header & UNTRACKED) !== 0) continue;
      tracked++;
      work[object >> WORK_SHIFT]! += header >>> COUNT_SHIFT;
      if ((header & FULL_HOT) !== 0) hot.add(object);

      const code = scan[header & LAYOUT_MASK]!;
      let word = object + 1;
      let end = word + code;
      if (code < 0) {
        if (code === ITEMS) {
          word = words[object + BUFFER_FIRST]!;
          end = word + words[object + BUFFER_COUNT]!;
        } else if (code === ALL) {
          end = object + stride;
        } else {
          subtractOthers(object);
          continue;
        }
      }
      for (const lastPair = end - 1; word < lastPair; word += 2) {
        const a = words[word]!;
        const b = words[word + 1]!;
        if (a > 0) work[a >> WORK_SHIFT]!--;
        if (b > 0) work[b >> WORK_SHIFT]!--;
      }
      if (word < end) {
        const a = words[word]!;
        if (a > 0) work[a >> WORK_SHIFT]!--;
      }
    }
    return tracked;
  }

  function subtractOthers(object: number): void {
    const { refs, length } = image.edgesOf(object);
    for (let edge = 0; edge < length; edge++) heapWork[refs[edge]! >> WORK_SHIFT]!--;
  }

  return {
    take(firstPool, endPool) {
      let tracked = 0;
      for (let pool = firstPool; pool < endPool; pool++) {
        const poolWord = heapPools[pool]!;
        if (poolWord >>> KIND_SHIFT !== TRACKED_POOL) continue;
        tracked += takePool(pool << poolShift, poolWord & STRIDE_MASK);
      }
      return tracked;
    },
  };
}
