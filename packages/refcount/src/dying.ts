/**
 * Dying: what happens from the moment a count reaches 0 to the moment the cell is free, for one object after another.
 *
 * ```text
 *   count 0 ──► waits, count 1 ──► last words ──► references dropped ──► buried
 *                    │                 │            (others may begin
 *                    │                 │             to wait)
 *                    └── found ────────┴── resurrected ──► lives on
 * ```
 *
 * *Last words* are its finalizer and the callbacks of its weak references; user code, which core calls in CPython's
 * order. Between the dropping and the burial none runs.
 *
 * Nothing here recurses, so a chain of millions dies like a single object. CPython recurses and needs a trashcan for
 * what is nested deeper than 50. That number has its use here too: when the last words of one object make another die,
 * that one dies at once, as in CPython, so a finalizer that makes and drops objects in a loop does not fill the memory. But
 * when that one's last words do the same, and so on 50 times over, the rest waits for the outermost to finish.
 */

import type { CounterContext } from "@heapwright/core";

import { IMMORTAL, ONE_COUNT, WHOLE_COUNT } from "./bits.js";
import type { Dropping } from "./dropping.js";
import type { SpilledCounts } from "./spilled-counts.js";
import type { WaitingStack } from "./waiting-stack.js";

/** How many deaths may be under way inside each other. CPython: `PyTrash_UNWIND_LEVEL`. */
export const NESTING_LIMIT = 50;

/** Lets objects die. */
export interface Dying {
  /** The field of an object fell below 1, outside of any dropping. */
  underflow(object: number): void;
  /** As {@link @heapwright/core#Counter.suspend}. */
  suspend(): void;
  /** As {@link @heapwright/core#Counter.resume}. */
  resume(): void;
  /** Nothing dies any more, and the memory is touched no more. */
  dispose(): void;
}

/** Lets the objects of a heap die. */
export function createDying(
  { image, mayDie, bury }: CounterContext,
  counts: SpilledCounts,
  waiting: WaitingStack,
  { isSilent, dropReferences, takeOver }: Dropping,
): Dying {
  const { words } = image;
  let suspensions = 0;
  /** Length of the stack when the outermost suspension began. */
  let suspendedAt = 0;
  /** Deaths under way inside each other. */
  let nesting = 0;
  let isDisposed = false;

  /** Whether the only reference is the counter's own: nobody found the object while it waited. */
  const isOursAlone = (object: number): boolean => (words[object]! & WHOLE_COUNT) === ONE_COUNT;

  /** A field fell below 1. Gives the last reference to the counter, unless there are others outside the field. */
  function isLast(object: number): boolean {
    if (counts.refill(object)) return false;
    words[object] = words[object]! + ONE_COUNT;
    return true;
  }

  /** Others have references to an object that waited: it lives on without the counter's own. */
  function spare(object: number): void {
    const header = words[object]!;
    // A cell that was given back meanwhile, by one reference too many that somebody dropped, is nobody's to touch.
    if (header === 0 || (header & IMMORTAL) !== 0) return;
    words[object] = (header - ONE_COUNT) | 0;
    if (words[object] < ONE_COUNT && isLast(object)) waiting.push(object);
  }

  /** Lets the object on top of the stack speak, unless others have found it. Returns whether it is to die; it is off the stack. */
  function lastWords(object: number): boolean {
    const place = waiting.length - 1;
    const goes = isOursAlone(object) && mayDie(object);
    if (isDisposed) return false;
    // Where the nesting is deepest, what its last words left to die is above it.
    waiting.removeAt(place);
    if (goes && isOursAlone(object)) return true;
    spare(object);
    return false;
  }

  /** Lets all objects die that wait above a place in the stack. */
  function letDie(base: number): void {
    if (nesting === NESTING_LIMIT) return;
    let dropping = 0;
    nesting++;
    try {
      while (waiting.length > base && suspensions === 0) {
        const place = waiting.length - 1;
        const object = waiting.refs[place]!;
        if (isSilent(words[object]!)) waiting.length = place;
        else if (!lastWords(object)) continue;
        dropping = object;
        dropReferences(object);
        dropping = 0;
        bury(object);
      }
    } finally {
      nesting--;
      // A custom layout's `edges` has thrown, or the heap is damaged. What was not dropped leaks, but nothing dangles.
      if (dropping !== 0) bury(dropping);
      if (nesting === 0) waiting.trim();
    }
  }

  return {
    underflow(object) {
      if (isDisposed || !isLast(object)) return;
      if (suspensions > 0) {
        waiting.push(object);
        return;
      }
      const base = nesting === 0 ? 0 : waiting.length;
      takeOver(object);
      if (waiting.length > base) letDie(base);
    },

    suspend() {
      if (suspensions === 0) suspendedAt = waiting.length;
      suspensions++;
    },

    resume() {
      if (suspensions === 0) throw new Error("Invariant: resume() was called more often than suspend().");
      suspensions--;
      if (suspensions > 0) return;
      const base = nesting === 0 ? 0 : suspendedAt;
      if (waiting.length <= base) return;
      // The first that began to wait is the first to die: a stack gives the last.
      waiting.refs.subarray(suspendedAt, waiting.length).reverse();
      letDie(base);
    },

    dispose() {
      isDisposed = true;
      waiting.clear();
    },
  };
}
