/**
 * What an object may still do before it goes: its finalizer, and the callbacks of weak references to it.
 *
 * Follows `subtype_dealloc` (Objects/typeobject.c) and `PyObject_ClearWeakRefs` (Objects/weakrefobject.c), CPython 3.11: on
 * the way of counts the finalizer comes first, so that an object it resurrects keeps its weak references. A legacy finalizer
 * comes last.
 */

import { HeapwrightError } from "../errors.js";
import type { Code, WeakCallback } from "./code.js";
import type { Counter } from "./counter.js";
import type { Heap } from "./heap.js";
import { LAYOUT } from "./heap-image.js";
import type { HeapTables } from "./heap-tables.js";
import type { Keeper } from "./keeper.js";
import type { Layouts } from "./layouts.js";
import { FINALIZED, HAS_WEAKREFS, LAYOUT_MASK } from "./object-word.js";
import type { Ptr } from "./reference.js";
import type { UserCode } from "./user-code.js";
import type { WeakLists } from "./weak-lists.js";

/** Calls finalizers and callbacks. */
export interface LastWords {
  /** See `CounterContext.mayDie`. */
  mayDie(object: number): boolean;
  /** Calls the finalizer of an object that has one, for the first time. */
  finalize(object: number): void;
  /**
   * Clears all weak references to an object. Those whose callbacks have to be called are added to `called`, and are kept
   * alive until {@link LastWords.callBack}.
   *
   * @param isTrash - tells the weak references that die themselves, whose callbacks are not called
   * @returns how many were cleared
   */
  clearWeakReferences(object: number, called: number[], isTrash?: (weak: number) => boolean): number;
  /**
   * Calls the callbacks of cleared weak references, in this order, and lets go of each after its callback.
   *
   * @returns how many of them ended with that, where counts tell
   */
  callBack(weaks: readonly number[]): number;
}

/** What this file leans on. */
export interface LastWordsParts {
  readonly tables: HeapTables;
  readonly layouts: Layouts;
  readonly code: Code;
  readonly weak: WeakLists;
  readonly userCode: UserCode;
  readonly keeper: Keeper;
  /** The counter, which is made later. */
  counter(): Counter | undefined;
  /** The heap, as user code gets it. */
  heap(): Heap;
}

const CALLBACK = "the callback of a weak reference";

/** Stands for a weak reference whose callback cannot be called. */
const UNHELD = 0;

function refuseForLackOfRoom(): never {
  throw new HeapwrightError(
    "ERR_OUT_OF_MEMORY",
    "The callback was not called: the memory has no room to hold its weak reference.",
  );
}

/** Makes the caller of last words. */
export function createLastWords(parts: LastWordsParts): LastWords {
  const { tables, layouts, code, weak, userCode, keeper } = parts;
  const { words, layoutFlags } = tables;

  function callFinalizer(object: number): void {
    const { spec, finalizer } = layouts.entries[words[object]! & LAYOUT_MASK]!;
    userCode.call(`the finalizer of "${spec.name}"`, () => finalizer?.(object as Ptr, parts.heap()));
  }

  function finalize(object: number): void {
    // Before the call: an object that its finalizer resurrects is not finalized again.
    words[object]! |= FINALIZED;
    callFinalizer(object);
  }

  function clearWeakReferences(
    object: number,
    called: number[],
    isTrash: (weak: number) => boolean = () => false,
  ): number {
    const withCallback: number[] = [];
    const cleared = weak.clear(object, withCallback);
    for (const each of withCallback) {
      if (!isTrash(each)) called.push(keeper.hold(each) ? each : UNHELD);
    }
    return cleared;
  }

  function callOne(each: number): void {
    const callback = code.get(weak.callback(each)) as WeakCallback | undefined;
    userCode.call(
      CALLBACK,
      each === UNHELD ? refuseForLackOfRoom : () => callback?.(each as Ptr, parts.heap()),
    );
  }

  function callBack(weaks: readonly number[]): number {
    let ended = 0;
    for (const each of weaks) {
      callOne(each);
      if (each === UNHELD) continue;
      if (parts.counter()?.count(each) === 1) ended++;
      keeper.letGo(each);
    }
    return ended;
  }

  /** As {@link callBack}, but lets go of all at the end, the last one first. */
  function callBackTogether(weaks: readonly number[]): void {
    for (const each of weaks) callOne(each);
    for (const each of weaks.toReversed()) if (each !== UNHELD) keeper.letGo(each);
  }

  return {
    finalize,
    clearWeakReferences,
    callBack,

    mayDie(object) {
      const counter = parts.counter()!;
      const flags = layoutFlags[words[object]! & LAYOUT_MASK]!;
      if ((flags & LAYOUT.finalizer) !== 0 && (words[object]! & FINALIZED) === 0) {
        finalize(object);
        if (counter.count(object) !== 1) return false;
      }
      if ((words[object]! & HAS_WEAKREFS) !== 0) {
        const called: number[] = [];
        clearWeakReferences(object, called);
        callBackTogether(called);
      }
      if ((flags & LAYOUT.legacyFinalizer) !== 0) {
        callFinalizer(object);
        if (counter.count(object) !== 1) return false;
      }
      // Weak references that were made since are cleared, and nobody is called: much of the object may be gone.
      if ((words[object]! & HAS_WEAKREFS) !== 0) weak.clear(object, []);
      return true;
    },
  };
}
