/**
 * The full collection: trial deletion of the whole heap, in sweeps by rising address.
 *
 * ```text
 *   fill       every work byte is 0
 *   subtract   for each object p:  byte[p] += count of p
 *                                  byte[t] -= 1 for each reference p → t       what is left came from outside
 *   propagate  for each object p whose byte is not 0:
 *                for each reference p → t where byte[t] is 0:
 *                  byte[t] = 1    and t is scanned when the sweep gets there
 *              the others are suspects, those that are reached too late included
 *   once more  over the suspects alone, and whatever this sweep has passed is scanned at once
 *   the rest   whose byte is still 0 is unreachable
 * ```
 *
 * That is CPython's `update_refs`, `subtract_refs` and `move_unreachable`, with two turns. Its first two loops are one here:
 * modulo 256 the order of additions and subtractions does not matter, and a byte is enough (for those who have more
 * references see `hot-objects.ts`). And where CPython follows a linked list, in the order in which that was linked, and a
 * depth-first search jumps about in the memory, this goes through the pools from the first cell to the last, and only in
 * the last sweep do references back to an object that it has passed and found unreached make it jump. On random graphs that
 * is four to six times faster than a search, since the memory that comes next is already on its way. A sweep that jumped at
 * once would be a search of the whole graph whenever what holds it is younger than the graph, as is most often so.
 *
 * Leaves and untracked objects are targets like any other, their bytes get numbers, and nobody reads them: nothing is
 * subtracted on behalf of an untracked object, so what it refers to counts as referred to from outside, as in CPython.
 *
 * Two things are there for V8 alone. The loops take two references at a time, which saves a tenth: what kind of array it
 * has, and how long that is, V8 checks again after each branch back. And each pool is a call: a function that is called
 * often is compiled as a whole, while one that loops for long is compiled in the middle of its loop, and comes out a third
 * slower in one process of two.
 */

import type { HeapImage } from "@heapwright/core";

import { OLD } from "./ages.js";
import {
  ALL,
  BUFFER_COUNT,
  BUFFER_FIRST,
  CONDEMNED,
  COUNT_SHIFT,
  ITEMS,
  KIND_SHIFT,
  LAYOUT_MASK,
  STRIDE_MASK,
  TRACKED_POOL,
  UNTRACKED,
  WORK_SHIFT,
} from "./bits.js";
import { keepUnreached, type Condemned } from "./condemned.js";
import type { HotObjects } from "./hot-objects.js";
import { createScratch } from "./scratch.js";
import { FULL_HOT, REACHED, UNREACHED } from "./work-bytes.js";

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
  const { words: heapWords, work: heapWork, pools: heapPools, scan: heapScan, births, poolShift } = image;
  const poolWords = 1 << poolShift;
  /** Reached, and still to be scanned; all of them behind the sweep. */
  const passed = createScratch();
  /** Objects that the sweep found unreached. What reaches them may still come. */
  const suspects = createScratch();

  /** The first sweep. Returns how many objects are tracked. */
  function subtract(firstPool: number, endPool: number): number {
    let tracked = 0;
    for (let pool = firstPool; pool < endPool; pool++) {
      const poolWord = heapPools[pool]!;
      if (poolWord >>> KIND_SHIFT !== TRACKED_POOL) continue;
      tracked += subtractPool(pool << poolShift, poolWord & STRIDE_MASK);
    }
    return tracked;
  }

  function subtractPool(first: number, stride: number): number {
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

  /** The second sweep, and the third. Leaves the unreached objects in `suspects`, by rising address; returns how many. */
  function propagate(firstPool: number, endPool: number): number {
    let count = 0;
    for (let pool = firstPool; pool < endPool; pool++) {
      const poolWord = heapPools[pool]!;
      if (poolWord >>> KIND_SHIFT !== TRACKED_POOL) continue;
      count = propagatePool(pool << poolShift, poolWord & STRIDE_MASK, count);
    }
    const left = propagateSuspects(count);
    return keepUnreached(heapWork, suspects.words, left, UNREACHED);
  }

  /**
   * Scans the objects of a pool that are reached by now, and notes the others as suspects. A target behind the sweep is one
   * of those, and has its turn in the third.
   */
  function propagatePool(first: number, stride: number, suspectsBefore: number): number {
    const words = heapWords;
    const work = heapWork;
    const scan = heapScan;
    const last = first + poolWords - stride;
    const unreached = suspects.reserve(suspectsBefore + ((poolWords / stride) | 0));
    let count = suspectsBefore;
    for (let object = first; object <= last; object += stride) {
      const header = words[object]!;
      if (work[object >> WORK_SHIFT] === UNREACHED) {
        if (header !== 0 && (header & UNTRACKED) === 0) unreached[count++] = object;
        continue;
      }
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
          reachOthers(object, 0, 0);
          continue;
        }
      }
      for (const lastPair = end - 1; word < lastPair; word += 2) {
        const a = words[word]!;
        const b = words[word + 1]!;
        if (a > 0 && work[a >> WORK_SHIFT] === UNREACHED) work[a >> WORK_SHIFT] = REACHED;
        if (b > 0 && work[b >> WORK_SHIFT] === UNREACHED) work[b >> WORK_SHIFT] = REACHED;
      }
      if (word < end) {
        const a = words[word]!;
        if (a > 0 && work[a >> WORK_SHIFT] === UNREACHED) work[a >> WORK_SHIFT] = REACHED;
      }
    }
    return count;
  }

  /**
   * The third sweep: over the suspects alone. Those that were reached after the second had passed are scanned, and what they
   * lead to: at once when the sweep has passed it, too. Moves the others to the front; returns how many.
   */
  function propagateSuspects(before: number): number {
    const words = heapWords;
    const work = heapWork;
    const pools = heapPools;
    const scan = heapScan;
    const unreached = suspects.words;
    let stack = passed.words;
    let depth = 0;
    let count = 0;
    for (let index = 0; index < before; index++) {
      const cursor = unreached[index]!;
      if (work[cursor >> WORK_SHIFT] === UNREACHED) {
        unreached[count++] = cursor;
        continue;
      }
      for (let object = cursor; ; object = stack[--depth]!) {
        const code = scan[words[object]! & LAYOUT_MASK]!;
        let word = object + 1;
        let end = word + code;
        if (code < 0) {
          if (code === ITEMS) {
            word = words[object + BUFFER_FIRST]!;
            end = word + words[object + BUFFER_COUNT]!;
          } else if (code === ALL) {
            end = object + (pools[object >> poolShift]! & STRIDE_MASK);
          } else {
            depth = reachOthers(object, cursor, depth);
            stack = passed.words;
            end = word;
          }
        }
        // Once an object, not once a reference: it may push all that it has.
        if (depth + end - word > stack.length) stack = passed.reserve(depth + end - word);
        for (; word < end; word++) {
          const target = words[word]!;
          if (target <= 0 || work[target >> WORK_SHIFT] !== UNREACHED) continue;
          work[target >> WORK_SHIFT] = REACHED;
          if (target < cursor) stack[depth++] = target;
        }
        if (depth === 0) break;
      }
    }
    return count;
  }

  /** Reaches what a custom layout or a bitmap tells. Targets below `cursor` are pushed; returns the depth then. */
  function reachOthers(object: number, cursor: number, depth: number): number {
    const { refs, length } = image.edgesOf(object);
    const stack = passed.reserve(depth + length);
    for (let edge = 0; edge < length; edge++) {
      const target = refs[edge]!;
      if (heapWork[target >> WORK_SHIFT] !== UNREACHED) continue;
      heapWork[target >> WORK_SHIFT] = REACHED;
      if (target < cursor) stack[depth++] = target;
    }
    return depth;
  }

  /** Makes every object old. */
  function makeAllOld(firstPool: number, endPool: number): void {
    const bytesShift = poolShift - WORK_SHIFT;
    heapWork.fill(OLD, firstPool << bytesShift, endPool << bytesShift);
  }

  return {
    condemn() {
      const firstPool = image.poolsStart();
      const endPool = image.poolsEnd();
      makeAllOld(firstPool, endPool);
      births.fill(0, firstPool, endPool);
      let considered: number;
      let count: number;
      try {
        considered = subtract(firstPool, endPool);
        hot.reachImmortals(REACHED);
        count = propagate(firstPool, endPool);
        count = hot.settle(suspects.words, count, UNREACHED, REACHED);
      } finally {
        makeAllOld(firstPool, endPool);
        hot.clear();
      }
      const refs = suspects.words;
      for (let index = 0; index < count; index++) heapWork[refs[index]! >> WORK_SHIFT] = CONDEMNED;
      return { refs, count, considered };
    },

    trim() {
      passed.trim();
      suspects.trim();
    },
  };
}
