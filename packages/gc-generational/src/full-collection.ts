/**
 * The full collection: trial deletion of the whole heap, in sweeps by rising address.
 *
 * ```text
 *   fill        every work byte is 0
 *   subtract    for each object p:  byte[p] += count of p                     outside-counts.ts
 *                                   byte[t] -= 1 for each reference p → t     what is left came from outside
 *   reach       for each object p whose byte is not 0:                        reach.ts
 *                                   byte[t] |= 1 for each reference p → t     and so on from t
 *   look twice  at those with more references than a byte counts              hot-objects.ts
 *   the rest    whose byte is still 0 is unreachable
 * ```
 *
 * CPython does the same on two linked lists. They lead through the memory in the order in which they were linked, and a wait
 * for each object is most of what its collector does. Going by address, what comes next is already on its way, and a byte
 * for 32 B of heap is little enough to stay near. On random graphs that is four to six times faster than a search.
 *
 * Two things in the sweeps are there for V8 alone. The loops take two references at a time, which saves a tenth: what kind
 * of array it has, and how long that is, V8 checks again after each branch back. And each pool is a call: a function that is
 * called often is compiled as a whole, one that loops for long in the middle of its loop.
 */

import type { HeapImage } from "@heapwright/core";

import { OLD } from "./ages.js";
import { CONDEMNED, WORK_SHIFT } from "./bits.js";
import type { Condemned } from "./condemned.js";
import type { HotObjects } from "./hot-objects.js";
import { createOutsideCounts } from "./outside-counts.js";
import { createReach } from "./reach.js";
import { NO_BIRTHS, REACHED, UNREACHED } from "./work-bytes.js";

/** Finds what is unreachable in the whole heap. */
export interface FullCollection {
  /**
   * Condemns every unreachable object; all others are old afterwards. So they are when it throws.
   *
   * @throws HeapwrightError `ERR_OUT_OF_MEMORY` when the host has no room for scratch; and whatever the code of a custom
   *   layout throws
   */
  condemn(): Condemned;
  /** Gives large scratch back. */
  trim(): void;
}

/** Makes the full collection of a heap. */
export function createFullCollection(image: HeapImage, hot: HotObjects): FullCollection {
  const { work, births, poolShift } = image;
  const outsideCounts = createOutsideCounts(image, hot);
  const reach = createReach(image);
  const bytesShift = poolShift - WORK_SHIFT;

  function makeOld(firstPool: number, endPool: number): void {
    work.fill(OLD, firstPool << bytesShift, endPool << bytesShift);
  }

  /** Where nobody is young, all bytes are 0 already. */
  function makeYoungOld(firstPool: number, endPool: number): void {
    for (let pool = firstPool; pool < endPool; pool++) {
      if (births[pool] === NO_BIRTHS) continue;
      makeOld(pool, pool + 1);
      births[pool] = NO_BIRTHS;
    }
  }

  return {
    condemn() {
      const firstPool = image.poolsStart();
      const endPool = image.poolsEnd();
      makeYoungOld(firstPool, endPool);
      let considered: number;
      let count: number;
      try {
        considered = outsideCounts.take(firstPool, endPool);
        hot.reachImmortals(REACHED);
        count = reach.spread(firstPool, endPool);
        count = hot.settle(reach.suspects.words, count, UNREACHED, REACHED);
      } finally {
        makeOld(firstPool, endPool);
        hot.clear();
      }
      const refs = reach.suspects.words;
      for (let index = 0; index < count; index++) work[refs[index]! >> WORK_SHIFT] = CONDEMNED;
      return { refs, count, considered };
    },

    trim: reach.trim,
  };
}
