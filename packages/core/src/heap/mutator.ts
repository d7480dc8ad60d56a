/**
 * The mutator: reading and writing references, with all that a heap's plan asks of a store.
 *
 * One template serves all plans: what a plan does not need is a constant that is false. With a template each, a program
 * that has two kinds of heaps at work would call one function here and another there, V8 would inline neither, and a
 * store would cost three times as much. A barrier is a test of a bit in a header that is at hand.
 *
 * References are counted before they are written, and dropped after: an error leaves all as it was, and a value that
 * replaces itself does not die on the way.
 */

import type { Collector } from "./collector.js";
import type { Counter } from "./counter.js";
import type { HeapTables } from "./heap-tables.js";
import type { HeapPlan } from "./negotiate.js";
import { LOGGED, ONE_COUNT } from "./object-word.js";
import type { Ptr } from "./reference.js";

/** Reads and writes references. Nothing is checked: that is for the debug level. */
export interface Mutator {
  /** The reference in a slot of an object; slot 0 is word 1. Borrowed. */
  get(object: Ptr, slot: number): Ptr;
  /** Stores a reference into a slot of an object. What was there before may die. */
  set(object: Ptr, slot: number, value: Ptr): void;
  /** Stores a reference into a word; `object` is the one that it belongs to. */
  store(object: number, word: number, value: number): void;
  /** Adds one to the count of a value, where counts are kept and it is an object. */
  incref(value: number): void;
  /** Takes one from the count of a value, which may die. */
  decref(value: number): void;
}

/** What {@link createMutator} is given of counter and collector. */
export interface MutatorParts {
  /** The counts of a counted heap. */
  readonly counter: Counter | undefined;
  /** For barriers and decrements. */
  readonly collector: Collector;
}

/** Makes the mutator of a heap. */
export function createMutator({ words }: HeapTables, plan: HeapPlan, parts: MutatorParts): Mutator {
  const overflow = (object: number): void => {
    parts.counter!.overflow(object);
  };
  const underflow = (object: number): void => {
    parts.counter!.underflow(object);
  };
  const stored = (object: number, word: number, before: number, after: number): void => {
    parts.collector.stored?.(object, word, before, after);
  };
  const decremented = (object: number): void => {
    parts.collector.decremented?.(object);
  };
  return mutatorOver(words, plan.counted, plan.decrements, overflow, underflow, stored, decremented);
}

/** Parameters, not captured constants: V8 checks those for being initialised at each use. */
function mutatorOver(
  words: Int32Array,
  counted: boolean,
  decrements: boolean,
  overflow: (object: number) => void,
  underflow: (object: number) => void,
  stored: (object: number, word: number, before: number, after: number) => void,
  decremented: (object: number) => void,
): Mutator {
  function store(object: number, word: number, value: number): void {
    const before = words[word]!;
    if (counted && value > 0) {
      const header = (words[value]! + ONE_COUNT) | 0;
      words[value] = header;
      if (header < 0) overflow(value);
    }
    words[word] = value;
    if ((words[object]! & LOGGED) !== 0) stored(object, word, before, value);
    if (counted && before > 0) {
      const header = (words[before]! - ONE_COUNT) | 0;
      words[before] = header;
      if (header < ONE_COUNT) underflow(before);
      else if (decrements) decremented(before);
    }
  }

  return {
    get: (object, slot) => words[object + 1 + slot]! as Ptr,
    set(object, slot, value) {
      store(object, object + 1 + slot, value);
    },
    store,
    incref(value) {
      if (!counted || value <= 0) return;
      const header = (words[value]! + ONE_COUNT) | 0;
      words[value] = header;
      if (header < 0) overflow(value);
    },
    decref(value) {
      if (!counted || value <= 0) return;
      const header = (words[value]! - ONE_COUNT) | 0;
      words[value] = header;
      if (header < ONE_COUNT) underflow(value);
      else if (decrements) decremented(value);
    },
  };
}
