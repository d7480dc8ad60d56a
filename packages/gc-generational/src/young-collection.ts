/**
 * The young collection: trial deletion of generation 0, or of 0 and 1, and nothing else.
 *
 * ```text
 *   work byte      0 .. 127            128                   129 .. 255
 *                  not a member,       a member,             a member,
 *                  or reached:         no references         so many (- 128)
 *                  its age             from outside so far   from outside
 *
 *   gather         each member's byte = 128 + its count                     young-members.ts
 *   subtract       one less for each reference from a member to a member
 *   propagate      by rising address: whoever is above 128 is reached and gets its new age. Whomever it refers to,
 *                  with 128, becomes 129 and has its turn when the sweep gets there; or, if the sweep has passed it,
 *                  its new age, and it is scanned at once
 *   the rest       has 128 still and is unreachable
 * ```
 *
 * References from older objects are never subtracted, so they count as references from outside, and no older object is
 * looked at. That is the bargain of generations: most objects die young, and an old one that is dead keeps what it refers
 * to alive until its own generation is collected.
 *
 * Counts wrap at 128 without touching the upper bit, `(byte - 1) | 128`; for those who have more see `hot-objects.ts`.
 */

import type { HeapImage } from "@heapwright/core";

import { ageOf, survivorsOf } from "./ages.js";
import {
  ALL,
  BUFFER_COUNT,
  BUFFER_FIRST,
  CONDEMNED,
  ITEMS,
  LAYOUT_MASK,
  MAX_AGE,
  STRIDE_MASK,
  WORK_SHIFT,
} from "./bits.js";
import { keepUnreached, type Condemned } from "./condemned.js";
import type { HotObjects } from "./hot-objects.js";
import { createScratch } from "./scratch.js";
import { MEMBER, TO_BE_SCANNED } from "./work-bytes.js";
import { createYoungMembers } from "./young-members.js";

/** Finds what is unreachable among the young. */
export interface YoungCollection {
  /**
   * Condemns the unreachable objects of generation 0, or of 0 and 1; the others of these generations move to the next one.
   * When it throws, none is condemned, and those that it had come to have moved.
   *
   * @param generation - the oldest one: 0 or 1
   * @throws HeapwrightError `ERR_OUT_OF_MEMORY` when the host has no room for scratch; and whatever the code of a custom
   *   layout throws
   */
  condemn(generation: number): Condemned;
  /** Gives large scratch back. */
  trim(): void;
}

/** Makes the young collection of a heap. */
export function createYoungCollection(image: HeapImage, hot: HotObjects): YoungCollection {
  const { words: heapWords, work: heapWork, pools: heapPools, scan: heapScan, poolShift } = image;
  const found = createScratch();
  const passed = createScratch();
  const young = createYoungMembers(image, hot, found);

  /** Takes the references among members from their counts. */
  function subtract(count: number): void {
    const words = heapWords;
    const work = heapWork;
    const scan = heapScan;
    const members = found.words;
    for (let index = 0; index < count; index++) {
      const object = members[index]!;
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
          subtractOthers(object);
          continue;
        }
      }
      for (; word < end; word++) {
        const target = words[word]!;
        if (target <= 0) continue;
        const byte = work[target >> WORK_SHIFT]!;
        if (byte > MAX_AGE) work[target >> WORK_SHIFT] = (byte - 1) | MEMBER;
      }
    }
  }

  function subtractOthers(object: number): void {
    const { refs, length } = image.edgesOf(object);
    for (let edge = 0; edge < length; edge++) {
      const target = refs[edge]!;
      const byte = heapWork[target >> WORK_SHIFT]!;
      if (byte > MAX_AGE) heapWork[target >> WORK_SHIFT] = (byte - 1) | MEMBER;
    }
  }

  /**
   * Gives all that can be reached its new age, and moves the members that were not reached to the front.
   *
   * @returns how many those are
   */
  function propagate(count: number, age: number): number {
    const words = heapWords;
    const work = heapWork;
    const scan = heapScan;
    const members = found.words;
    // Each member is pushed once at the most.
    const stack = passed.reserve(count);
    let depth = 0;
    // Members that the sweep found unreached, and how many of them were reached after all.
    let suspects = 0;
    let pushes = 0;
    for (let index = 0; index < count; index++) {
      const cursor = members[index]!;
      if (work[cursor >> WORK_SHIFT] === MEMBER) {
        members[suspects++] = cursor;
        continue;
      }
      work[cursor >> WORK_SHIFT] = age;
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
            const before = depth;
            depth = reachOthers(object, cursor, age, depth);
            pushes += depth - before;
            end = word;
          }
        }
        for (; word < end; word++) {
          const target = words[word]!;
          if (target <= 0 || work[target >> WORK_SHIFT] !== MEMBER) continue;
          if (target > cursor) {
            work[target >> WORK_SHIFT] = TO_BE_SCANNED;
          } else {
            work[target >> WORK_SHIFT] = age;
            stack[depth++] = target;
            pushes++;
          }
        }
        if (depth === 0) break;
      }
    }
    if (pushes === 0) return suspects;
    return pushes === suspects ? 0 : keepUnreached(work, members, suspects, MEMBER);
  }

  function reachOthers(object: number, cursor: number, age: number, depth: number): number {
    const { refs, length } = image.edgesOf(object);
    const stack = passed.words;
    for (let edge = 0; edge < length; edge++) {
      const target = refs[edge]!;
      if (heapWork[target >> WORK_SHIFT] !== MEMBER) continue;
      if (target > cursor) {
        heapWork[target >> WORK_SHIFT] = TO_BE_SCANNED;
      } else {
        heapWork[target >> WORK_SHIFT] = age;
        stack[depth++] = target;
      }
    }
    return depth;
  }

  /** After an error: whoever has no age yet gets one. Members that `propagate` overwrote in the array have theirs. */
  function spareAll(count: number, age: number): void {
    const members = found.words;
    for (let index = 0; index < count; index++) {
      const object = members[index]!;
      if (heapWork[object >> WORK_SHIFT]! > MAX_AGE) heapWork[object >> WORK_SHIFT] = age;
    }
  }

  return {
    condemn(generation) {
      const age = survivorsOf(generation);
      let count: number;
      try {
        young.gather(ageOf(generation));
        subtract(young.count);
        hot.reachImmortals(TO_BE_SCANNED);
        count = propagate(young.count, age);
        count = hot.settle(found.words, count, MEMBER, age);
      } catch (error) {
        spareAll(young.count, age);
        throw error;
      } finally {
        hot.clear();
      }
      const refs = found.words;
      for (let index = 0; index < count; index++) heapWork[refs[index]! >> WORK_SHIFT] = CONDEMNED;
      return { refs, count, considered: young.count };
    },

    trim() {
      found.trim();
      passed.trim();
    },
  };
}
