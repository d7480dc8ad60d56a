/**
 * Who is young: the members of generations 0 and 1, found without looking at the old.
 *
 * There is no list of objects. Core marks the pool of each new object in `births`, and a collection goes through the work
 * bytes of the marked pools only, four at a time: most words there are 0, old cells all of them.
 *
 * ```text
 *   births   | 0 | 0 | 1 | 0 | 2 | 0 | ...     one byte a pool of 16 KiB
 *                      │       └─ objects of age 2 at most     left alone by a collection of generation 0
 *                      └───────── newborn objects, and perhaps some of age 2
 *
 *   work     | 0 0 0 0 | 0 1 1 0 | ...         128 words a pool
 *                          └─ ages of the cells that begin in the second 32 bytes, ...
 * ```
 *
 * So the cost goes with the pools in which something was born. The one part that goes with the heap is the table of births
 * itself: four pools a word, which is a microsecond for 64 MiB.
 *
 * An untracked object has no age: its byte is 0, like that of a free cell, so the bytes alone tell who is a member.
 *
 * Members are counted as they are found: the work byte of each becomes 128 + its reference count modulo 128. No other byte
 * is above 127, so this one bit says "a member" as well, and references to the old are told by the byte that has to be
 * read anyway.
 */

import type { HeapImage } from "@heapwright/core";

import { OLD, YOUNG } from "./ages.js";
import { COUNT_SHIFT, KIND_SHIFT, MIN_TRACKED_WORDS, STRIDE_MASK, TRACKED_POOL, WORK_SHIFT } from "./bits.js";
import type { HotObjects } from "./hot-objects.js";
import type { Scratch } from "./scratch.js";
import {
  BIRTHS,
  COUNT_MASK,
  MEMBER,
  MIDDLE_ONLY,
  NO_BIRTHS,
  WORK_WORD_SHIFT,
  YOUNG_HOT,
} from "./work-bytes.js";

/** Finds young objects. */
export interface YoungMembers {
  /** The members, by rising address. */
  readonly found: Scratch;
  /** How many {@link YoungMembers.gather} has found so far, also when it was interrupted by an error. */
  readonly count: number;
  /**
   * Gathers the objects of generation 0, or of 0 and 1; the work byte of each is {@link MEMBER} or above from then on.
   *
   * @param oldest - YOUNG or MIDDLE: the oldest age that is taken
   * @throws HeapwrightError `ERR_OUT_OF_MEMORY`
   */
  gather(oldest: number): void;
}

/** A table of bytes, four at a time. Core's tables begin at multiples of 16 and are as long. */
function wordsOf({ buffer, byteOffset, length }: Uint8Array): Int32Array {
  return new Int32Array(buffer, byteOffset, length >> 2);
}

/** Makes the finder of a heap. */
export function createYoungMembers(image: HeapImage, hot: HotObjects, found: Scratch): YoungMembers {
  const { words: heapWords, work: heapWork, pools, births, poolShift } = image;
  const poolWords = 1 << poolShift;
  const workWords = wordsOf(heapWork);
  const birthWords = wordsOf(births);
  let count = 0;

  /** Adds the members in a pool; there is room for all of them. */
  function gatherPool(pool: number, stride: number, oldest: number): void {
    const words = heapWords;
    const work = heapWork;
    const fourBytes = workWords;
    const members = found.words;
    const start = pool << poolShift;
    const last = start + poolWords - stride;
    let length = count;
    const endWord = (start + poolWords) >>> WORK_WORD_SHIFT;
    for (let workWord = start >> WORK_WORD_SHIFT; workWord < endWord; workWord++) {
      if (fourBytes[workWord] === 0) continue;
      const from = workWord << WORK_WORD_SHIFT;
      const end = from + (1 << WORK_WORD_SHIFT);
      // The first cell that begins there. Most cells have the least stride, and need no division.
      let object = from;
      if (stride !== MIN_TRACKED_WORDS)
        object = start + (((from - start + stride - 1) / stride) | 0) * stride;
      for (; object < end && object <= last; object += stride) {
        const age = work[object >> WORK_SHIFT]!;
        if (age === OLD || age > oldest) continue;
        const header = words[object]!;
        if ((header & YOUNG_HOT) !== 0) {
          count = length;
          hot.add(object);
        }
        work[object >> WORK_SHIFT] = MEMBER | ((header >>> COUNT_SHIFT) & COUNT_MASK);
        members[length++] = object;
      }
    }
    count = length;
  }

  return {
    found,

    get count() {
      return count;
    },

    gather(oldest) {
      count = 0;
      const firstPool = image.poolsStart();
      const endPool = image.poolsEnd();
      const mostBirths = oldest === YOUNG ? BIRTHS : MIDDLE_ONLY;
      const afterwards = oldest === YOUNG ? MIDDLE_ONLY : NO_BIRTHS;
      for (let four = firstPool & ~3; four < endPool; four += 4) {
        if (birthWords[four >> 2] === 0) continue;
        for (let pool = four; pool < four + 4; pool++) {
          if (births[pool] === NO_BIRTHS || births[pool]! > mostBirths) continue;
          const poolWord = pools[pool]!;
          if (poolWord >>> KIND_SHIFT !== TRACKED_POOL) continue;
          found.reserve(count + (poolWords >> WORK_SHIFT));
          gatherPool(pool, poolWord & STRIDE_MASK, oldest);
          births[pool] = afterwards;
        }
      }
    },
  };
}
