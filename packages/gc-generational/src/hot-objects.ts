/**
 * Hot objects: those with more references than a byte can count.
 *
 * A work byte counts modulo 256, or 128 in a young collection, and for an object with fewer references that is exact: its
 * byte cannot come round to 0. For the few that have more (a class and its instances, `None` in a language that counts it)
 * a 0 may stand for 0 references from outside or for 256. So they are put on a list when they are met, and looked at once
 * more when all is marked:
 *
 * - Reached already, as nearly all of them are: then the byte does not matter any more.
 * - Not reached: then whoever refers to it was not reached either, or it would have been. It is enough to go through the
 *   unreached objects, which are few, and to count the references to it among them with numbers of any size. When its
 *   exact count is higher, the rest comes from outside: it lives, with all that it refers to.
 *
 * So the loops over references have no branch for counts that do not fit, and the result is exact all the same. Immortal
 * objects, whose count says nothing, are on the list as well, and are reached before anything else.
 */

import type { Counter, HeapImage } from "@heapwright/core";

import { IMMORTAL, WORK_SHIFT } from "./bits.js";
import { keepUnreached } from "./condemned.js";
import { createScratch } from "./scratch.js";
import { IN_QUESTION } from "./work-bytes.js";

/** The hot objects of one collection. */
export interface HotObjects {
  /**
   * Puts an object on the list.
   *
   * @throws HeapwrightError `ERR_OUT_OF_MEMORY`
   */
  add(object: number): void;
  /** Writes a byte for every immortal object on the list: one that says "referred to from outside". */
  reachImmortals(byte: number): void;
  /**
   * Decides what bytes could not, and leaves the unreachable ones.
   *
   * @param suspects - all objects considered whose byte is `unreached`; the unreachable ones are moved to the front, in the
   *   order that they have
   * @param count - how many of its elements
   * @param unreached - byte of an object that was not reached
   * @param reached - what it becomes when it is reached after all
   * @returns how many are unreachable
   */
  settle(suspects: Int32Array, count: number, unreached: number, reached: number): number;
  /** Empties the list. */
  clear(): void;
}

/** Makes an empty list for a heap. */
export function createHotObjects(image: HeapImage, counter: Counter): HotObjects {
  const { words, work } = image;
  const list = createScratch();
  let length = 0;

  const byteOf = (object: number): number => work[object >> WORK_SHIFT]!;
  const setByte = (object: number, byte: number): void => {
    work[object >> WORK_SHIFT] = byte;
  };

  /** Hot objects that were not reached, with their exact counts. */
  function unreachedCounts(unreached: number): Map<number, number> {
    const counts = new Map<number, number>();
    for (let index = 0; index < length; index++) {
      const object = list.words[index]!;
      if (byteOf(object) === unreached) counts.set(object, counter.count(object));
    }
    return counts;
  }

  /** Takes the references that suspects have from counts; what is left came from outside. */
  function subtractInside(counts: Map<number, number>, suspects: Int32Array, count: number): void {
    for (let index = 0; index < count; index++) {
      const { refs, length: edges } = image.edgesOf(suspects[index]!);
      for (let edge = 0; edge < edges; edge++) {
        const target = refs[edge]!;
        if (byteOf(target) !== IN_QUESTION) continue;
        const left = counts.get(target);
        if (left !== undefined) counts.set(target, left - 1);
      }
    }
  }

  /** Reaches an object and all that it leads to. */
  function reach(object: number, unreached: number, reached: number): void {
    const waiting = [object];
    setByte(object, reached);
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { refs, length: edges } = image.edgesOf(next);
      for (let edge = 0; edge < edges; edge++) {
        const target = refs[edge]!;
        if (byteOf(target) !== unreached) continue;
        setByte(target, reached);
        waiting.push(target);
      }
    }
  }

  return {
    add(object) {
      list.reserve(length + 1)[length] = object;
      length++;
    },

    reachImmortals(byte) {
      for (let index = 0; index < length; index++) {
        const object = list.words[index]!;
        if ((words[object]! & IMMORTAL) !== 0) setByte(object, byte);
      }
    },

    settle(suspects, count, unreached, reached) {
      const counts = unreachedCounts(unreached);
      if (counts.size === 0) return count;
      for (const object of counts.keys()) setByte(object, IN_QUESTION);
      subtractInside(counts, suspects, count);
      for (const object of counts.keys()) setByte(object, unreached);
      for (const [object, outside] of counts) {
        if (outside !== 0 && byteOf(object) === unreached) reach(object, unreached, reached);
      }
      return keepUnreached(work, suspects, count, unreached);
    },

    clear() {
      length = 0;
      list.trim();
    },
  };
}
