/**
 * The keeper: holds objects for the heap itself, while user code runs that might let go of them.
 *
 * A count is held from outside, as `heap.retain` does it. Where there are no counts nothing is needed: nobody is freed before
 * the collection that is under way has looked again.
 */

import { HeapwrightError } from "../errors.js";
import type { Counter } from "./counter.js";
import type { HeapTables } from "./heap-tables.js";
import { decref, type MutatorState } from "./mutator.js";
import type { HeldRoots } from "./roots.js";

/** Keeps objects alive for a while. */
export interface Keeper {
  /** Keeps an object alive from outside; false when the memory has no room for its count. */
  hold(object: number): boolean;
  /** Ends {@link Keeper.hold}; the object may die. */
  letGo(object: number): void;
}

/** What the keeper leans on, most of it made later. */
export interface KeeperParts {
  readonly tables: HeapTables;
  counter(): Counter | undefined;
  roots(): HeldRoots;
  mutator(): MutatorState;
}

/** Makes the keeper of a heap. */
export function createKeeper(parts: KeeperParts): Keeper {
  return {
    hold(object) {
      if (!parts.counter()) return true;
      try {
        parts.roots().retain(object, 1);
        return true;
      } catch (error) {
        if (HeapwrightError.is(error, "ERR_OUT_OF_MEMORY")) return false;
        throw error;
      }
    },

    letGo(object) {
      if (!parts.counter()) return;
      parts.tables.retained[0]!--;
      decref(parts.mutator(), object);
    },
  };
}
