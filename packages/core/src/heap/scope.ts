/**
 * Scopes: what JavaScript owns for a while. Everything created or owned in a scope lives until it is closed.
 *
 * Scopes nest like calls: only the innermost one takes anything on, and they close in reverse order. Finalizers, callbacks
 * and listeners are calls as well, made at any time: they open scopes of their own, and cannot use those of before.
 */

import { DISPOSE } from "../disposable.js";
import { HeapwrightError } from "../errors.js";
import { HANDLES, OUTER_SCOPES, SCOPES } from "./control.js";
import type { Layout } from "./layouts.js";
import type { Owned, Ptr } from "./reference.js";
import type { HeldRoots } from "./roots.js";

/** An open scope. Made by `heap.scope` and `heap.enter`. */
export interface Scope extends Disposable {
  /**
   * Makes an object. All its words are 0: null references, and zeros. May collect.
   *
   * @param layout - of this heap
   * @param words - words after the header, for layouts that leave it open
   * @throws HeapwrightError `ERR_OUT_OF_MEMORY` after an emergency collection was in vain, `ERR_BAD_LAYOUT`, `ERR_BAD_SIZE`,
   * `ERR_SCOPE_ORDER` unless it is the innermost scope, `ERR_DISPOSED`
   */
  create(layout: Layout, words?: number): Owned;
  /**
   * Owns what was read from a field, so that it may be kept until the scope closes. Null and immediates are owned by
   * everyone.
   *
   * @throws HeapwrightError `ERR_OUT_OF_MEMORY`, `ERR_SCOPE_ORDER`, `ERR_DISPOSED`
   */
  own(value: Ptr): Owned;
  /**
   * Hands an object over to the scope outside of this one, which owns it from now on.
   *
   * @throws HeapwrightError `ERR_SCOPE_ORDER` when there is none, or this one is not the innermost; `ERR_OUT_OF_MEMORY`
   */
  escape(value: Ptr): Owned;
  /** Closes the scope. Closing twice is harmless. @throws HeapwrightError `ERR_SCOPE_ORDER` while one inside is open */
  dispose(): void;
}

/** What scopes lean on. */
export interface ScopeParts {
  readonly control: Int32Array;
  readonly roots: HeldRoots;
  /** Makes an object with a count of 1, or throws. */
  create(layout: Layout, words: number | undefined): number;
  incref(value: number): void;
  decref(value: number): void;
  assertUsable(): void;
  /** The heap has ended. */
  isOver(): boolean;
  /** Checks a value on the debug level. */
  check(value: Ptr): void;
  /** The memory has no room for one more handle: collects, and counts the value before it can go, or throws `ERR_OUT_OF_MEMORY`. */
  collectAndCount(value: number): void;
}

/** Opens and closes scopes. */
export interface Scopes {
  /** Opens a scope. */
  enter(): Scope;
  /** See `Heap.scope`. */
  run<T>(inScope: (scope: Scope) => T): T;
  /** Closes the scopes that user code left open, down to so many. */
  closeAbove(depth: number): void;
}

/** Makes the scopes of a heap. */
export function createScopes(parts: ScopeParts): Scopes {
  const { control, roots } = parts;
  /** Where the handles of each open scope begin. */
  const starts: number[] = [];
  /** The number of each open scope, 0 while it is being closed: another one may be open at the same depth by now. */
  const numbers: number[] = [];
  let lastNumber = 0;

  function orderError(what: string): HeapwrightError {
    return new HeapwrightError("ERR_SCOPE_ORDER", what);
  }

  function outerError(): HeapwrightError {
    return orderError(
      "The scope was open before this finalizer, callback or listener was called: open one in it, with heap.scope().",
    );
  }

  function closeInnermost(): void {
    const depth = control[SCOPES]!;
    const start = starts[depth - 1]!;
    numbers[depth - 1] = 0;
    try {
      // What dies runs user code, which may open scopes: those lie above, and are closed when it returns.
      while (control[HANDLES]! > start) parts.decref(roots.pop());
    } finally {
      // The code of a custom layout has thrown, or the heap is damaged.
      if (control[HANDLES]! > start) closeInnermost();
      else forgetInnermost(depth);
    }
  }

  function forgetInnermost(depth: number): void {
    starts.pop();
    numbers.pop();
    control[SCOPES] = depth - 1;
    roots.shrink();
  }

  /** A class: there is one for each scope, and a program opens millions. */
  class OpenScope implements Scope {
    readonly #depth: number;
    readonly #number: number;

    constructor(depth: number, number: number) {
      this.#depth = depth;
      this.#number = number;
    }

    #isOpen(): boolean {
      return numbers[this.#depth - 1] === this.#number;
    }

    #assertInnermost(): void {
      parts.assertUsable();
      if (!this.#isOpen()) throw orderError("The scope was closed before.");
      if (this.#depth !== control[SCOPES]) {
        throw orderError("A scope inside this one is open: use that one, or close it first.");
      }
      if (this.#depth <= control[OUTER_SCOPES]!) throw outerError();
    }

    create(layout: Layout, words?: number): Owned {
      this.#assertInnermost();
      if (!roots.makeRoom()) parts.collectAndCount(0);
      const object = parts.create(layout, words);
      roots.push(object);
      return object as Owned;
    }

    own(value: Ptr): Owned {
      this.#assertInnermost();
      parts.check(value);
      if (value <= 0) return value as Owned;
      if (roots.makeRoom()) parts.incref(value);
      else parts.collectAndCount(value);
      roots.push(value);
      return value as Owned;
    }

    escape(value: Ptr): Owned {
      this.#assertInnermost();
      if (this.#depth === control[OUTER_SCOPES]! + 1)
        throw orderError("There is no scope outside of this one to escape to. Pin the object instead.");
      this.own(value);
      if (value <= 0) return value as Owned;
      // The new handle goes below those of this scope; the one that was there goes to the top.
      const start = starts[this.#depth - 1]!;
      const top = control[HANDLES]! - 1;
      roots.put(top, roots.at(start));
      roots.put(start, value);
      starts[this.#depth - 1] = start + 1;
      return value as Owned;
    }

    dispose(): void {
      if (!this.#isOpen() || parts.isOver()) return;
      if (this.#depth !== control[SCOPES]) {
        throw orderError(
          "A scope inside this one is still open. Scopes close in reverse order: `using` sees to it.",
        );
      }
      if (this.#depth <= control[OUTER_SCOPES]!) throw outerError();
      closeInnermost();
    }

    [DISPOSE](): void {
      this.dispose();
    }
  }

  function enter(): Scope {
    parts.assertUsable();
    starts.push(control[HANDLES]!);
    numbers.push(++lastNumber);
    control[SCOPES]!++;
    return new OpenScope(control[SCOPES]!, lastNumber);
  }

  function closeAbove(depth: number): void {
    while (control[SCOPES]! > depth) closeInnermost();
  }

  return {
    enter,
    closeAbove,

    run(inScope) {
      const scope = enter();
      const depth = control[SCOPES]!;
      try {
        const result = inScope(scope);
        if (isThenable(result)) {
          throw new HeapwrightError(
            "ERR_ASYNC_SCOPE",
            "The function of a scope returned a promise: the scope is closed when it returns, before the promise is done. Await outside, or pin what has to live longer.",
          );
        }
        scope.dispose();
        return result;
      } catch (error) {
        // Scopes that the function left open go with it.
        if (!parts.isOver()) closeAbove(depth - 1);
        throw error;
      }
    },
  };
}

function isThenable(value: unknown): boolean {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function"
  );
}
