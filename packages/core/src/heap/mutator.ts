/**
 * The mutator: reading and writing references, with all that a heap's plan asks of a store.
 *
 * One template serves all plans, and all heaps: what a plan does not need is a field that is false. With a template each, a
 * program that has two kinds of heaps at work would call one function here and another there, V8 would inline neither, and
 * a store would cost three times as much. A barrier is a test of a bit in a header that is at hand.
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

/** What {@link mutatorState} is given of counter and collector. */
export interface MutatorParts {
  /** The counts of a counted heap. */
  readonly counter: Counter | undefined;
  /** For barriers and decrements. */
  readonly collector: Collector;
}

/** Called in the rare cases. */
interface RareCases {
  overflow(object: number): void;
  /** A count has fallen below the limit. */
  low(object: number, header: number): void;
  stored(object: number, word: number, before: number, after: number): void;
}

/**
 * What a store looks at. These are fields of the heap object itself, so that `heap.set` is one function for all heaps,
 * which V8 inlines where several are at work, too. A closure for each heap is quicker as long as there is one, and twice as
 * slow with two (docs/adr/0008).
 */
export interface MutatorState {
  /** The whole memory. */
  readonly words: Int32Array;
  /**
   * Headers below this are looked at after a decrement: those of a count of 0; or all, for a collector that is told of
   * decrements. 0 in a heap that keeps no counts.
   */
  readonly low: number;
  /** Everything else. */
  readonly rare: RareCases;
}

const EVERY_HEADER = 0x7fff_ffff;

function lowFor({ counted, decrements }: HeapPlan): number {
  if (!counted) return 0;
  return decrements ? EVERY_HEADER : ONE_COUNT;
}

/** Makes the state of a heap's mutator. */
export function mutatorState({ words }: HeapTables, plan: HeapPlan, parts: MutatorParts): MutatorState {
  const { counter, collector } = parts;
  return {
    words,
    low: lowFor(plan),
    rare: {
      overflow: (object) => counter!.overflow(object),
      low(object, header) {
        if (header < ONE_COUNT) counter!.underflow(object);
        else collector.decremented?.(object);
      },
      stored: (object, word, before, after) => collector.stored?.(object, word, before, after),
    },
  };
}

/** `heap.get`: the reference in a slot of an object; slot 0 is word 1. */
export function getSlot(this: MutatorState, object: Ptr, slot: number): Ptr {
  return this.words[object + 1 + slot]! as Ptr;
}

/** `heap.set`: stores a reference into a slot of an object. */
export function setSlot(this: MutatorState, object: Ptr, slot: number, value: Ptr): void {
  store(this, object, object + 1 + slot, value);
}

/** Stores a reference into a word; `object` is the one that it belongs to. What was there before may die. */
export function store(state: MutatorState, object: number, word: number, value: number): void {
  const { words, low } = state;
  const before = words[word]!;
  if (low === 0) {
    words[word] = value;
    if ((words[object]! & LOGGED) !== 0) state.rare.stored(object, word, before, value);
    return;
  }
  if (value > 0) {
    const header = (words[value]! + ONE_COUNT) | 0;
    words[value] = header;
    if (header < 0) state.rare.overflow(value);
  }
  words[word] = value;
  if ((words[object]! & LOGGED) !== 0) state.rare.stored(object, word, before, value);
  if (before > 0) {
    const header = (words[before]! - ONE_COUNT) | 0;
    words[before] = header;
    if (header < low) state.rare.low(before, header);
  }
}

/** Adds one to the count of a value, where counts are kept and it is an object. */
export function incref({ words, low, rare }: MutatorState, value: number): void {
  if (low === 0 || value <= 0) return;
  const header = (words[value]! + ONE_COUNT) | 0;
  words[value] = header;
  if (header < 0) rare.overflow(value);
}

/** Takes one from the count of a value, which may die. */
export function decref({ words, low, rare }: MutatorState, value: number): void {
  if (low === 0 || value <= 0) return;
  const header = (words[value]! - ONE_COUNT) | 0;
  words[value] = header;
  if (header < low) rare.low(value, header);
}
