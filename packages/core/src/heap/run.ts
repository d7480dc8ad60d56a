/**
 * Runs: tables that grow. A run of pages with a place in the control words that says where it is and how long, so that
 * another thread finds it again.
 */

import type { Memory } from "../memory.js";
import { PAGE_BYTES } from "../page-map.js";
import { RUNS } from "./control.js";
import { HEAP_USE } from "./heap-tables.js";

/** Which run is which. */
export const RUN = {
  /** What scopes own: a stack of references. */
  handles: 0,
  /** Pins: two words each. */
  pins: 1,
  /** From objects to the first weak reference to them. */
  weakHeads: 2,
  /** From objects to how often `retain` holds them, in heaps without counts. */
  retained: 3,
  /** The first of four tables of the counter. */
  counter: 4,
  /** `gc.garbage`. */
  garbage: 8,
} as const;

/** How many runs there are. */
export const RUN_COUNT: number = RUN.garbage + 1;

/** A table that grows. */
export interface Run {
  /** The words. Another array after {@link Run.grow}. */
  readonly words: Int32Array;
  /**
   * Makes room for at least so many words, more if there is room for more. Returns false, with everything as it was, when
   * the memory has no room.
   *
   * @param words - how many are needed
   * @param move - carries over what was there into the new words, which are 0; left out, it is copied
   */
  grow(words: number, move?: (before: Int32Array, after: Int32Array) => void): boolean;
  /** Gives back what is far too much for so many words and one more. */
  shrink(words: number): void;
  /** Gives the pages back. */
  dispose(): void;
}

const PAGE_WORDS = PAGE_BYTES / 4;
/** Shorter runs stay as they are, in words. */
const SHRINK_ABOVE = 16384;

/** Gives back all runs of a heap. */
export function releaseRuns(memory: Memory, control: Int32Array): void {
  for (let number = 0; number < RUN_COUNT; number++) openRun(memory, control, number).dispose();
}

/** Opens the run of a number, empty when it was never opened. */
export function openRun(memory: Memory, control: Int32Array, number: number): Run {
  const place = RUNS + 2 * number;
  const view = (): Int32Array =>
    control[place] === 0
      ? new Int32Array(0)
      : new Int32Array(memory.buffer, control[place]! >>> 0, control[place + 1]);
  let words = view();

  /** Twice as much as before, so that growing is rare; or just enough, when that is all there is room for. */
  function reserve(wanted: number): { address: number; length: number } {
    for (const least of [Math.max(wanted, 2 * words.length), wanted]) {
      const length = Math.ceil(least / PAGE_WORDS) * PAGE_WORDS;
      const address = memory.reserveZeroed(4 * length, PAGE_BYTES, HEAP_USE.run);
      if (address !== 0) return { address, length };
    }
    return { address: 0, length: 0 };
  }

  function giveBack(address: number, length: number): void {
    if (address !== 0) memory.release(address, 4 * length);
  }

  return {
    get words() {
      return words;
    },

    grow(wanted, move = (before, after) => after.set(before)) {
      if (wanted <= words.length) return true;
      const before = words;
      const oldAddress = control[place]! >>> 0;
      const { address, length } = reserve(wanted);
      if (address === 0) return false;
      control[place] = address;
      control[place + 1] = length;
      words = view();
      move(before, words);
      giveBack(oldAddress, before.length);
      return true;
    },

    shrink(used) {
      if (words.length <= SHRINK_ABOVE || used > words.length / 8) return;
      const before = words;
      const oldAddress = control[place]! >>> 0;
      const length = Math.ceil((used + 1) / PAGE_WORDS) * PAGE_WORDS;
      const address = memory.reserve(4 * length, PAGE_BYTES, HEAP_USE.run);
      if (address === 0) return;
      control[place] = address;
      control[place + 1] = length;
      words = view();
      words.set(before.subarray(0, length));
      giveBack(oldAddress, before.length);
    },

    dispose() {
      giveBack(control[place]! >>> 0, words.length);
      control[place] = 0;
      control[place + 1] = 0;
      words = view();
    },
  };
}
