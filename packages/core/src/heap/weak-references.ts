/**
 * `heap.weak`: weak references as users make them. CPython: the module `weakref`. How they are linked is in `weak-lists.ts`,
 * when they are cleared in `deaths.ts`.
 */

import { HeapwrightError } from "../errors.js";
import { showValue } from "../show-value.js";
import type { Code, WeakCallback } from "./code.js";
import type { Heap } from "./heap.js";
import type { HeapTables } from "./heap-tables.js";
import { WEAK_REFERENCE } from "./layouts.js";
import { LAYOUT_MASK } from "./object-word.js";
import type { Owned, Ptr } from "./reference.js";
import { orNull, type Room } from "./room.js";
import type { Scope } from "./scope.js";
import type { WeakLists } from "./weak-lists.js";

/** What `heap.weak.create` accepts. */
export interface WeakOptions {
  /** Called when the target has died: the name of code, or a function of this process alone. */
  readonly callback?: string | WeakCallback;
  /** An object that the weak reference keeps alive, for its callback to use: it is in slot 0. */
  readonly bound?: Ptr;
}

/** Weak references of a heap. CPython: the module `weakref`. */
export interface WeakReferences {
  /**
   * Makes a weak reference. Without callback and bound object it is shared: the same one each time.
   *
   * @param scope - the innermost one, which owns it
   * @throws HeapwrightError `ERR_BAD_REFERENCE` when there cannot be one to the target, `ERR_BAD_OPTION` for a callback that
   * is none, `ERR_MISSING_CODE`, `ERR_OUT_OF_MEMORY`, `ERR_SCOPE_ORDER`, `ERR_DISPOSED`
   */
  create(scope: Scope, target: Ptr, options?: WeakOptions): Owned;
  /** What a weak reference refers to: 0 when it has died. Borrowed. @throws HeapwrightError `ERR_BAD_REFERENCE` */
  target(weak: Ptr): Ptr;
  /** The weak references to an object: the shared one, then the others, newest first. Borrowed. */
  refs(target: Ptr): Ptr[];
}

/** What `heap.weak` leans on. */
export interface WeakReferenceParts {
  readonly tables: HeapTables;
  readonly lists: WeakLists;
  readonly code: Code;
  readonly room: Room;
  /** Made later. */
  heap(): Heap;
  /** Throws `ERR_BAD_REFERENCE` unless it is a live object, `ERR_DISPOSED`. */
  assertObject(object: Ptr): void;
}

/** Bytes of an entry in the table of those that are referred to weakly. */
const ENTRY_BYTES = 8;

/** Makes `heap.weak`. */
export function createWeakReferences(parts: WeakReferenceParts): WeakReferences {
  const { tables, lists, code, room, assertObject } = parts;
  const { words } = tables;

  function assertWeak(ref: Ptr): void {
    assertObject(ref);
    if ((words[ref]! & LAYOUT_MASK) === WEAK_REFERENCE) return;
    throw new HeapwrightError("ERR_BAD_REFERENCE", `Object ${ref} is no weak reference.`);
  }

  function numberOf(callback: string | WeakCallback | undefined): number {
    if (callback === undefined) return 0;
    if (typeof callback === "string") return code.numberOf(callback, "A weak reference");
    return code.numberOfAnonymous(callback);
  }

  /** Making one may collect: target and bound object are borrowed, perhaps, and are owned meanwhile. */
  function make(target: Ptr, bound: Ptr, callback: string | WeakCallback | undefined): Owned {
    const heap = parts.heap();
    const number = numberOf(callback);
    const own = heap.enter();
    try {
      own.own(target);
      own.own(bound);
      const made = own.create(WEAK_REFERENCE);
      room.withRoom(ENTRY_BYTES, [], () => orNull(() => (lists.link(made, target, number), true)));
      if (bound !== 0) heap.set(made, 0, bound);
      return own.escape(made);
    } catch (error) {
      code.forget(number);
      throw error;
    } finally {
      own.dispose();
    }
  }

  return {
    create(scope, target, options = {}) {
      assertObject(target);
      lists.assertWeakrefable(target);
      const { callback, bound = 0 as Ptr } = options;
      if (bound > 0) assertObject(bound);
      if (callback === undefined && bound === 0) {
        const shared = lists.shared(target);
        if (shared !== 0) return scope.own(shared as Ptr);
      }
      if (callback !== undefined && typeof callback !== "string" && typeof callback !== "function") {
        throw new HeapwrightError(
          "ERR_BAD_OPTION",
          `A callback is a function or the name of code, not ${showValue(callback)}.`,
        );
      }
      scope.own(0 as Ptr); // refuses unless it is the innermost one, which the new object escapes to
      return make(target, bound, callback);
    },

    target(weak) {
      assertWeak(weak);
      return lists.target(weak) as Ptr;
    },

    refs(target) {
      assertObject(target);
      return lists.of(target) as Ptr[];
    },
  };
}
