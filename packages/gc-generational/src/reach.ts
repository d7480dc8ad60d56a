/**
 * The other sweeps of a full collection: from the objects that are referred to from outside to all that can be reached from
 * them. CPython: `move_unreachable`.
 *
 * ```text
 *   low addresses                                    cursor                  high addresses
 *   ... | done: reached ones scanned, the others    | ?  ?  ? ...
 *       | are suspects                              |
 *              ▲                                    |    ▲
 *              └──── behind: a suspect, later ◄─────┼────┴── ahead: its turn comes
 * ```
 *
 * Reaching an object is one store of one bit, wherever it is. If it is ahead, it is scanned when the sweep comes to it. If it
 * is behind, the sweep has taken it for a *suspect* already; it is still on that list, and is scanned from there:
 *
 * 1. Each time the sweep has gone through some pools, their suspects are looked at once more. Most programs make the parts
 *    before the whole, so what reaches a suspect often comes just after it; and all of this is still in the cache.
 * 2. At the end, all suspects that are left are swept once more, by address too. Now an object that is reached behind the
 *    cursor has nobody left who would come by: it goes on a stack and is scanned at once.
 *
 * Every tracked object has been scanned then or is unreached. A search in depth, with that stack alone, would jump about in
 * the memory for each object; this mostly reads on.
 *
 * Leaves and untracked objects are reached like any other, and scanned only when they happen to get on the stack. Nothing
 * was subtracted on behalf of an untracked object, so what it refers to is reached anyway.
 */

import type { HeapImage } from "@heapwright/core";

import {
  ALL,
  BUFFER_COUNT,
  BUFFER_FIRST,
  ITEMS,
  KIND_SHIFT,
  LAYOUT_MASK,
  STRIDE_MASK,
  TRACKED_POOL,
  UNTRACKED,
  WORK_SHIFT,
} from "./bits.js";
import { keepUnreached } from "./condemned.js";
import { createScratch, type Scratch } from "./scratch.js";
import { REACHED, UNREACHED } from "./work-bytes.js";

/** Suspects are looked at again after so many pools: 512 KiB, which a core has in a cache of its own. */
const WINDOW_POOLS = 32;

/** Finds what can be reached. */
export interface Reach {
  /** The objects that were not reached, by rising address. */
  readonly suspects: Scratch;
  /**
   * Reaches all that the objects with a work byte above 0 lead to: their bytes are above 0 as well.
   *
   * @returns how many objects are left in {@link Reach.suspects}
   * @throws HeapwrightError `ERR_OUT_OF_MEMORY`; and whatever the code of a custom layout throws
   */
  spread(firstPool: number, endPool: number): number;
  /** Gives large scratch back. */
  trim(): void;
}

/** Makes the reach of a heap. */
export function createReach(image: HeapImage): Reach {
  const { words: heapWords, work: heapWork, pools: heapPools, scan: heapScan, poolShift } = image;
  const poolWords = 1 << poolShift;
  const suspects = createScratch();
  /** Reached behind the cursor, and still to be scanned. */
  const passed = createScratch();

  /** Scans the reached objects of a pool, adds the others to the suspects, and returns how many of those there are. */
  function sweepPool(first: number, stride: number, before: number): number {
    const words = heapWords;
    const work = heapWork;
    const scan = heapScan;
    const last = first + poolWords - stride;
    const list = suspects.reserve(before + ((poolWords / stride) | 0));
    let count = before;
    for (let object = first; object <= last; object += stride) {
      const header = words[object]!;
      if (work[object >> WORK_SHIFT] === UNREACHED) {
        if (header !== 0 && (header & UNTRACKED) === 0) list[count++] = object;
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
          reachOthers(object);
          continue;
        }
      }
      for (const lastPair = end - 1; word < lastPair; word += 2) {
        const a = words[word]!;
        const b = words[word + 1]!;
        if (a > 0) work[a >> WORK_SHIFT]! |= REACHED;
        if (b > 0) work[b >> WORK_SHIFT]! |= REACHED;
      }
      if (word < end) {
        const a = words[word]!;
        if (a > 0) work[a >> WORK_SHIFT]! |= REACHED;
      }
    }
    return count;
  }

  /** Scans those suspects of a window that were reached meanwhile, and leaves the others; returns where they end now. */
  function sweepWindow(from: number, end: number): number {
    const words = heapWords;
    const work = heapWork;
    const scan = heapScan;
    const list = suspects.words;
    let count = from;
    for (let index = from; index < end; index++) {
      const object = list[index]!;
      if (work[object >> WORK_SHIFT] === UNREACHED) {
        list[count++] = object;
        continue;
      }
      const code = scan[words[object]! & LAYOUT_MASK]!;
      let word = object + 1;
      let wordEnd = word + code;
      if (code < 0) {
        if (code === ITEMS) {
          word = words[object + BUFFER_FIRST]!;
          wordEnd = word + words[object + BUFFER_COUNT]!;
        } else if (code === ALL) {
          wordEnd = object + (heapPools[object >> poolShift]! & STRIDE_MASK);
        } else {
          reachOthers(object);
          continue;
        }
      }
      for (; word < wordEnd; word++) {
        const target = words[word]!;
        if (target > 0) work[target >> WORK_SHIFT]! |= REACHED;
      }
    }
    return count;
  }

  function reachOthers(object: number): void {
    const { refs, length } = image.edgesOf(object);
    for (let edge = 0; edge < length; edge++) heapWork[refs[edge]! >> WORK_SHIFT]! |= REACHED;
  }

  /** The last sweep, over all suspects that are left. Returns how many of them were not reached before it passed them. */
  function sweepSuspects(before: number): number {
    const words = heapWords;
    const work = heapWork;
    const scan = heapScan;
    const list = suspects.words;
    let stack = passed.words;
    let depth = 0;
    let count = 0;
    for (let index = 0; index < before; index++) {
      const cursor = list[index]!;
      if (work[cursor >> WORK_SHIFT] === UNREACHED) {
        list[count++] = cursor;
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
            end = object + (heapPools[object >> poolShift]! & STRIDE_MASK);
          } else {
            depth = pushOthers(object, cursor, depth);
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

  function pushOthers(object: number, cursor: number, depth: number): number {
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

  /** The first sweep, with the windows' after every few pools. Returns how many suspects it left. */
  function sweepPools(firstPool: number, endPool: number): number {
    let count = 0;
    let windowStart = 0;
    let windowPools = 0;
    for (let pool = firstPool; pool < endPool; pool++) {
      const poolWord = heapPools[pool]!;
      if (poolWord >>> KIND_SHIFT !== TRACKED_POOL) continue;
      count = sweepPool(pool << poolShift, poolWord & STRIDE_MASK, count);
      if (++windowPools < WINDOW_POOLS) continue;
      count = sweepWindow(windowStart, count);
      windowStart = count;
      windowPools = 0;
    }
    return count;
  }

  return {
    suspects,

    spread(firstPool, endPool) {
      const left = sweepSuspects(sweepPools(firstPool, endPool));
      return keepUnreached(heapWork, suspects.words, left, UNREACHED);
    },

    trim() {
      suspects.trim();
      passed.trim();
    },
  };
}
