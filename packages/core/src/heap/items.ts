/**
 * Items: the references in the buffer of a list, or keys and values in that of a dict.
 */

import { HeapwrightError } from "../errors.js";
import { showValue } from "../show-value.js";
import type { Buffers } from "./buffers.js";
import type { Counter } from "./counter.js";
import type { HeapTables } from "./heap-tables.js";
import { store, type MutatorState } from "./mutator.js";
import type { Ptr } from "./reference.js";
import type { Room } from "./room.js";
import { BUFFER_CAPACITY, BUFFER_COUNT, BUFFER_FIRST } from "./scan.js";

/** Reads and writes the items of objects whose layout has a buffer. */
export interface Items {
  /** How many items an object has. For entries: keys and values, each counted. */
  count(object: Ptr): number;
  /** The item at a place, 0 to count - 1. Borrowed. */
  get(object: Ptr, place: number): Ptr;
  /** Stores an item in place of another, which may die. */
  set(object: Ptr, place: number, value: Ptr): void;
  /**
   * Adds an item at the end. The buffer grows by an eighth and some, as CPython's lists do. May collect.
   *
   * @throws HeapwrightError `ERR_OUT_OF_MEMORY`; nothing changes then
   */
  append(object: Ptr, value: Ptr): void;
  /**
   * Drops all items from a place on. They die when all are out of the list, the last one first. CPython: `del list[count:]`.
   *
   * @throws HeapwrightError `ERR_BAD_OPTION` unless it is a whole number, 0 or more
   */
  truncate(object: Ptr, count: number): void;
  /**
   * Sees to it that the buffer has room for so many items, or words of raw data in a leaf.
   *
   * @throws HeapwrightError `ERR_OUT_OF_MEMORY`, `ERR_BAD_SIZE`; nothing changes then
   */
  reserve(object: Ptr, words: number): void;
  /** As {@link Items.reserve}, errors included, in bytes that are rounded up to whole words. */
  reserveBytes(object: Ptr, bytes: number): void;
  /** The word index where the buffer begins, 0 when there is none; it moves when the buffer grows. */
  first(object: Ptr): number;
  /** How many words the buffer has. */
  capacity(object: Ptr): number;
}

/** What items lean on. */
export interface ItemsParts {
  readonly tables: HeapTables;
  readonly mutator: MutatorState;
  readonly buffers: Buffers;
  readonly counter: Counter | undefined;
  readonly room: Room;
}

/** Makes the items of a heap. */
export function createItems(parts: ItemsParts): Items {
  const { tables, mutator, buffers, room } = parts;
  const { words } = tables;

  function reserve(object: Ptr, wordCount: number): void {
    room.withRoom(4 * wordCount, [object], () => buffers.reserve(object, wordCount) || null);
  }

  function checkLength(length: number, unit: string): void {
    if (Number.isSafeInteger(length) && length >= 0) return;
    throw new HeapwrightError(
      "ERR_BAD_SIZE",
      `A buffer has a whole number of ${unit}, not ${showValue(length)}.`,
    );
  }

  /** CPython: list_resize. Room for more than was asked, so that appending takes constant time; or just enough. */
  function grow(object: Ptr, count: number): boolean {
    const roomy = (count + 1 + ((count + 1) >> 3) + 6) & ~3;
    return buffers.reserve(object, roomy) || buffers.reserve(object, count + 1);
  }

  /** False, with everything as it was, when there is no room. */
  function tryAppend(object: Ptr, value: Ptr): boolean {
    const count = words[object + BUFFER_COUNT]!;
    if (count === words[object + BUFFER_CAPACITY] && !grow(object, count)) return false;
    const word = words[object + BUFFER_FIRST]! + count;
    // Room that was never used holds anything.
    words[word] = 0;
    store(mutator, object, word, value);
    words[object + BUFFER_COUNT] = count + 1;
    return true;
  }

  return {
    count: (object) => words[object + BUFFER_COUNT]!,
    first: (object) => words[object + BUFFER_FIRST]!,
    capacity: (object) => words[object + BUFFER_CAPACITY]!,
    get: (object, place) => words[words[object + BUFFER_FIRST]! + place]! as Ptr,

    set(object, place, value) {
      store(mutator, object, words[object + BUFFER_FIRST]! + place, value);
    },

    append(object, value) {
      if (tryAppend(object, value)) return;
      // The collection runs user code, perhaps, which finds the list in order and may change it.
      const bytes = 4 * (words[object + BUFFER_COUNT]! + 1);
      room.withRoom(bytes, [object, value], () => tryAppend(object, value) || null);
    },

    truncate(object, count) {
      if (!Number.isInteger(count) || count < 0) {
        throw new HeapwrightError(
          "ERR_BAD_OPTION",
          `A list has a whole number of items, not ${showValue(count)}.`,
        );
      }
      const before = words[object + BUFFER_COUNT]!;
      if (count >= before) return;
      const first = words[object + BUFFER_FIRST]!;
      // The list is in order before the first item dies: user code may look at it, and change it.
      words[object + BUFFER_COUNT] = count;
      parts.counter?.suspend();
      for (let word = first + before - 1; word >= first + count; word--) store(mutator, object, word, 0);
      parts.counter?.resume();
    },

    reserve(object, wordCount) {
      checkLength(wordCount, "words");
      reserve(object, wordCount);
    },

    reserveBytes(object, bytes) {
      checkLength(bytes, "bytes");
      reserve(object, Math.ceil(bytes / 4));
    },
  };
}
