/**
 * Buffers: what objects own beside their cell, from the block allocator. A list's items, a dict's entries, the bytes of a
 * string.
 */

import type { BlockAllocator } from "../allocator.js";
import { BUFFERS } from "./control.js";
import type { HeapTables } from "./heap-tables.js";
import { tryMalloc } from "./pool-supply.js";
import { BUFFER_CAPACITY, BUFFER_FIRST } from "./scan.js";

/** Gives objects buffers; who buries an object takes them back. */
export interface Buffers {
  /**
   * Sees to it that an object's buffer has at least so many words. What is in use is carried over.
   *
   * @returns false, with everything as it was, when the memory has no room
   */
  reserve(object: number, wordCount: number): boolean;
}

/** Makes the buffers of a heap. */
export function createBuffers(tables: HeapTables, allocator: BlockAllocator): Buffers {
  const { words, control } = tables;

  return {
    reserve(object, wordCount) {
      if (wordCount <= words[object + BUFFER_CAPACITY]!) return true;
      const before = words[object + BUFFER_FIRST]!;
      const address = tryMalloc(allocator, 4 * wordCount, before * 4);
      if (address === 0) return false;
      if (before === 0) control[BUFFERS]!++;
      words[object + BUFFER_FIRST] = address / 4;
      words[object + BUFFER_CAPACITY] = wordCount;
      return true;
    },
  };
}
