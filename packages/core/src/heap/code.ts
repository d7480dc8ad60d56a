/**
 * Code by name: finalizers, callbacks and custom layouts.
 *
 * A heap is bytes, and bytes hold no functions. What they hold is the number of a name; the directory has the names, and
 * whoever stands on the bytes brings the functions. A function without a name works too, as long as this process
 * stands on the heap.
 */

import { HeapwrightError } from "../errors.js";
import { showValue } from "../show-value.js";
import { ANONYMOUS_CODE } from "./control.js";
import type { Heap } from "./heap.js";
import type { EdgeBuffer, HeapImage } from "./heap-image.js";
import type { Ptr } from "./reference.js";

/** Called once for each object of its layout, before it dies. It may store the object somewhere: then it lives on. */
export type Finalizer = (object: Ptr, heap: Heap) => void;
/** Called when the object that a weak reference refers to has died. `weak` refers to nothing by then. */
export type WeakCallback = (weak: Ptr, heap: Heap) => void;
/** Adds each reference in an object to `out`, as often as it is there. It must not touch the heap. */
export type EdgesOf = (image: HeapImage, object: Ptr, out: EdgeBuffer) => void;

/** Any code that a heap can call. What it is called as is the affair of whoever names it. */
export type HeapCode = Finalizer | WeakCallback | EdgesOf;

/** Functions by name. */
export type CodeTable = Readonly<Record<string, HeapCode>>;

/** Numbers of anonymous functions begin here. */
const ANONYMOUS = 1 << 20;

/** Knows the functions of a heap by number. */
export interface Code {
  /** The names, the one with number 1 first. */
  readonly names: readonly string[];
  /**
   * The number of a name.
   *
   * @throws HeapwrightError `ERR_MISSING_CODE`
   */
  numberOf(name: string, what: string): number;
  /** The number of a function that has no name. */
  numberOfAnonymous(code: HeapCode): number;
  /** Forgets a function without a name; does nothing for others. */
  forget(number: number): void;
  /** The function with a number; `undefined` for one that was left behind in another process. */
  get(number: number): HeapCode | undefined;
}

/**
 * Makes the code of a heap.
 *
 * @param control - says how many functions without a name there ever were: their numbers never come again, so that
 * one that was left behind is not taken for another
 * @param given - functions by name
 * @param known - names that the heap's bytes refer to, in order
 * @param changed - called when a name got a number
 * @throws HeapwrightError `ERR_MISSING_CODE` listing every known name that was not given
 */
export function createCode(
  control: Int32Array,
  given: CodeTable,
  known: readonly string[],
  changed: () => void,
): Code {
  for (const [name, code] of Object.entries(given)) {
    if (typeof code === "function") continue;
    throw new HeapwrightError("ERR_BAD_OPTION", `code.${name} must be a function, not ${showValue(code)}.`);
  }
  const names = [...known];
  const missing = names.filter((name) => !Object.hasOwn(given, name));
  if (missing.length > 0) {
    throw new HeapwrightError(
      "ERR_MISSING_CODE",
      `The heap refers to code that was not given: ${missing.join(", ")}. Pass it as { code: { ${missing.join(", ")} } }.`,
    );
  }
  const anonymous = new Map<number, HeapCode>();

  return {
    names,
    numberOf(name, what) {
      const found = names.indexOf(name);
      if (found >= 0) return found + 1;
      if (typeof name !== "string" || !Object.hasOwn(given, name)) {
        throw new HeapwrightError(
          "ERR_MISSING_CODE",
          `${what} names the code ${showValue(name)}, which was not given. Pass it as createHeap({ code: { ... } }).`,
        );
      }
      names.push(name);
      try {
        changed();
      } catch (error) {
        names.pop();
        throw error;
      }
      return names.length;
    },

    numberOfAnonymous(code) {
      const number = ANONYMOUS + control[ANONYMOUS_CODE]!++;
      anonymous.set(number, code);
      return number;
    },

    forget(number) {
      if (number >= ANONYMOUS) anonymous.delete(number);
    },

    get: (number) => (number >= ANONYMOUS ? anonymous.get(number) : given[names[number - 1]!]),
  };
}
