/**
 * Calls of user code: finalizers, callbacks, listeners. Whatever they throw goes to the unraisable hook, and what was under
 * way goes on. CPython: `PyErr_WriteUnraisable`, `sys.unraisablehook`.
 */

import { HeapwrightError } from "../errors.js";
import { OUTER_SCOPES, SCOPES, USER_CODE } from "./control.js";

/**
 * Gets what user code threw where nobody can catch it.
 *
 * @param error - what was thrown
 * @param where - what was called, such as `the finalizer of "Node"`
 */
export type UnraisableHook = (error: unknown, where: string) => void;

/** Calls user code for a heap. */
export interface UserCode {
  /** Calls it; what it throws goes to the hook. */
  call(where: string, code: () => void): void;
  /**
   * Refuses what must not happen while user code runs inside the heap.
   *
   * @throws HeapwrightError `ERR_BUSY`
   */
  assertNone(what: string): void;
}

/**
 * Makes the caller of user code.
 *
 * @param closeScopesAbove - closes what a call left open
 */
export function createUserCode(
  control: Int32Array,
  unraisable: UnraisableHook,
  closeScopesAbove: (depth: number) => void,
): UserCode {
  return {
    call(where, code) {
      control[USER_CODE]!++;
      const depth = control[SCOPES]!;
      const outer = control[OUTER_SCOPES]!;
      control[OUTER_SCOPES] = depth;
      try {
        try {
          code();
        } finally {
          closeScopesAbove(depth);
        }
      } catch (error) {
        report(unraisable, error, where);
      } finally {
        control[OUTER_SCOPES] = outer;
        control[USER_CODE]!--;
      }
    },

    assertNone(what) {
      // Nothing is there when the buffer was detached.
      if ((control[USER_CODE] ?? 0) === 0) return;
      throw new HeapwrightError(
        "ERR_BUSY",
        `${what} was called from a finalizer, a callback or an event listener, while the heap is at work. Call it later, from a microtask for example.`,
      );
    },
  };
}

/** A hook that throws itself must not stop a collection. */
function report(hook: UnraisableHook, error: unknown, where: string): void {
  try {
    hook(error, where);
  } catch {
    // There is nobody left to tell.
  }
}

/** The default: a line on the console. */
export function warnUnraisable(error: unknown, where: string): void {
  console.warn(`Heapwright: ignored an error in ${where}:`, error);
}
