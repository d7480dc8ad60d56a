/**
 * What an object may still do before it goes: its finalizer, and the callbacks of weak references to it.
 *
 * Follows `PyObject_CallFinalizerFromDealloc` (Objects/object.c) and `PyObject_ClearWeakRefs` (Objects/weakrefobject.c),
 * CPython 3.11: on the way of counts the finalizer comes first, so that an object it resurrects keeps its weak references.
 */

import { HeapwrightError } from "../errors.js";
import type { Code, WeakCallback } from "./code.js";
import type { Counter } from "./counter.js";
import type { Heap } from "./heap.js";
import { LAYOUT } from "./heap-image.js";
import type { HeapTables } from "./heap-tables.js";
import type { Layouts } from "./layouts.js";
import { FINALIZED, HAS_WEAKREFS, LAYOUT_MASK } from "./object-word.js";
import type { Ptr } from "./reference.js";
import type { UserCode } from "./user-code.js";
import type { WeakLists } from "./weak-references.js";

/** Calls finalizers and callbacks. */
export interface LastWords {
  /** See `CounterContext.mayDie`. */
  mayDie(object: number): boolean;
  /** Calls the finalizer of an object unless it was called before. Returns whether it was called now. */
  finalize(object: number): boolean;
  /**
   * Clears all weak references to an object. Those whose callbacks have to be called are added to `called`, and are kept
   * alive until {@link LastWords.callBack}.
   *
   * @param isTrash - tells the weak references that die themselves, whose callbacks are not called
   * @returns how many were cleared
   */
  clearWeakReferences(object: number, called: number[], isTrash?: (weak: number) => boolean): number;
  /** Calls the callbacks of cleared weak references, in this order. */
  callBack(weaks: readonly number[]): void;
}

/** What this file leans on. */
export interface LastWordsParts {
  readonly tables: HeapTables;
  readonly layouts: Layouts;
  readonly code: Code;
  readonly weak: WeakLists;
  readonly userCode: UserCode;
  /** The counter, which is made later. */
  counter(): Counter | undefined;
  /** Keeps an object alive from outside; false when the memory has no room for that. */
  hold(object: number): boolean;
  /** Ends {@link LastWordsParts.hold}. */
  letGo(object: number): void;
  /** The heap, as user code gets it. */
  heap(): Heap;
}

const CALLBACK = "the callback of a weak reference";

function refuseForLackOfRoom(): never {
  throw new HeapwrightError(
    "ERR_OUT_OF_MEMORY",
    "The callback was not called: the memory has no room to hold its weak reference.",
  );
}

/** Makes the caller of last words. */
export function createLastWords(parts: LastWordsParts): LastWords {
  const { tables, layouts, code, weak, userCode } = parts;
  const { words, layoutFlags } = tables;

  function finalize(object: number): boolean {
    const number = words[object]! & LAYOUT_MASK;
    const flags = layoutFlags[number]!;
    const entry = layouts.entries[number]!;
    if ((flags & LAYOUT.finalizer) !== 0) {
      if ((words[object]! & FINALIZED) !== 0) return false;
      // Before the call: an object that its finalizer resurrects is not finalized again.
      words[object]! |= FINALIZED;
    } else if ((flags & LAYOUT.legacyFinalizer) === 0) {
      return false;
    }
    userCode.call(`the finalizer of "${entry.spec.name}"`, () =>
      entry.finalizer?.(object as Ptr, parts.heap()),
    );
    return true;
  }

  function clearWeakReferences(
    object: number,
    called: number[],
    isTrash: (weak: number) => boolean = () => false,
  ): number {
    const withCallback: number[] = [];
    const cleared = weak.clear(object, withCallback);
    for (const each of withCallback) {
      if (isTrash(each)) continue;
      if (parts.hold(each)) called.push(each);
      else userCode.call(CALLBACK, refuseForLackOfRoom);
    }
    return cleared;
  }

  function callBack(weaks: readonly number[]): void {
    for (const each of weaks) {
      const callback = code.get(weak.callback(each)) as WeakCallback | undefined;
      userCode.call(CALLBACK, () => callback?.(each as Ptr, parts.heap()));
      parts.letGo(each);
    }
  }

  return {
    finalize,
    clearWeakReferences,
    callBack,

    mayDie(object) {
      finalize(object);
      if (parts.counter()!.count(object) !== 1) return false;
      if ((words[object]! & HAS_WEAKREFS) !== 0) {
        const called: number[] = [];
        clearWeakReferences(object, called);
        callBack(called);
      }
      return true;
    },
  };
}
