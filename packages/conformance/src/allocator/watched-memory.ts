/**
 * A memory that counts the runs of pages taken from it and can refuse one: the way to make an allocator run out of
 * memory at any point of a program.
 */

import type { Memory } from "@heapwright/core";

/** A memory and what was asked of it. */
export interface WatchedMemory {
  /** To be handed to `create`. */
  readonly memory: Memory;
  /** Calls of `reserve` so far. */
  reserves(): number;
  /** The longest run that was taken, in bytes. */
  longestRunBytes(): number;
}

/**
 * Watches a memory.
 *
 * @param memory - the one that does the work
 * @param refuses - whether a call of `reserve`, counted from 1, returns 0
 */
export function watchMemory(memory: Memory, refuses: (call: number) => boolean = () => false): WatchedMemory {
  let calls = 0;
  let longest = 0;

  function watch(reserve: Memory["reserve"]): Memory["reserve"] {
    return (bytes, alignment, use) => {
      calls++;
      if (refuses(calls)) return 0;
      const address = reserve(bytes, alignment, use);
      if (address !== 0) longest = Math.max(longest, bytes);
      return address;
    };
  }

  return {
    memory: { ...memory, reserve: watch(memory.reserve), reserveZeroed: watch(memory.reserveZeroed) },
    reserves: () => calls,
    longestRunBytes: () => longest,
  };
}
