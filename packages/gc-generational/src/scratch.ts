/**
 * Scratch: arrays of references that a collection needs and nobody after it, outside the heap's memory, so that a heap
 * which is full can still be collected.
 *
 * They are kept from one collection to the next, since a young one takes less time than making an array; large ones go
 * back to the host.
 */

import { HeapwrightError } from "@heapwright/core";

/** Words that are kept between collections. */
const KEPT_WORDS = 1 << 16;

const FIRST_WORDS = 1 << 10;

/** An array that grows. */
export interface Scratch {
  /** The words. Another array after {@link Scratch.reserve}. */
  readonly words: Int32Array;
  /**
   * Makes room for so many words, twice as many as before at least; what was there stays.
   *
   * @returns {@link Scratch.words}
   * @throws HeapwrightError `ERR_OUT_OF_MEMORY` when the host has none; the array stays as it was
   */
  reserve(count: number): Int32Array;
  /** Gives a large array back; what was in it is lost. */
  trim(): void;
}

/** Makes an empty array. */
export function createScratch(): Scratch {
  let words: Int32Array = new Int32Array(FIRST_WORDS);

  return {
    get words() {
      return words;
    },

    reserve(count) {
      if (count <= words.length) return words;
      const larger = newWords(Math.max(count, 2 * words.length));
      larger.set(words);
      words = larger;
      return words;
    },

    trim() {
      if (words.length > KEPT_WORDS) words = new Int32Array(FIRST_WORDS);
    },
  };
}

function newWords(count: number): Int32Array {
  try {
    return new Int32Array(count);
  } catch (cause) {
    throw new HeapwrightError(
      "ERR_OUT_OF_MEMORY",
      `The host has no room for the ${4 * count} B that a collection needs beside the heap. All objects were spared; collect again when there is room.`,
      { cause },
    );
  }
}
