/**
 * References and immediates.
 *
 * A reference is an int32: the index of the object's header in words, that is its byte address / 4, a multiple of 4. 0 is
 * null. A negative number is an immediate: a value, no object. Those that CPython shares are immediates here, so that identity
 * agrees: `a is b` holds for 100 and fails for 1000.
 *
 * ```text
 *   -1 None   -2 True   -3 False   -4 Ellipsis   -5 NotImplemented   -6 ... -267  the ints -5 to 256
 * ```
 */

import { HeapwrightError } from "../errors.js";
import { showValue } from "../show-value.js";

declare const ptr: unique symbol;
declare const owned: unique symbol;

/**
 * A reference that was read from a field: *borrowed*. It is valid until the next store, release, allocation or collection;
 * `scope.own` keeps it longer. 0 is null, a negative number an {@link immediate}.
 */
export type Ptr = number & { readonly [ptr]: "reference" };

/** A reference that an open scope or a pin keeps alive. */
export type Owned = Ptr & { readonly [owned]: "owned" };

/** No object. */
export const NULL = 0 as Ptr;

/** How many immediates there are: -1 down to minus this. */
export const IMMEDIATES = 65536;

/** The immediate with a number, 0 to 65,535. What the numbers mean is for the language on the heap to say. @throws HeapwrightError `ERR_BAD_OPTION` */
export function immediate(number: number): Ptr {
  if (!Number.isInteger(number) || number < 0 || number >= IMMEDIATES) {
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `An immediate is a whole number from 0 to ${IMMEDIATES - 1}, not ${showValue(number)}.`,
    );
  }
  return (-1 - number) as Ptr;
}

/** The number of an immediate; `undefined` for null and for references to objects. */
export function immediateNumber(value: Ptr): number | undefined {
  return value < 0 ? -1 - value : undefined;
}

/** CPython's shared values as immediates. */
export const IMMEDIATE = {
  none: -1 as Ptr,
  true: -2 as Ptr,
  false: -3 as Ptr,
  ellipsis: -4 as Ptr,
  notImplemented: -5 as Ptr,
} as const;

/** CPython: `_PY_NSMALLNEGINTS`, `_PY_NSMALLPOSINTS`. */
const LEAST_SMALL_INT = -5;
const MOST_SMALL_INT = 256;
/** Number of the immediate for the least of them, behind those of {@link IMMEDIATE}. */
const FIRST_SMALL_INT = 5;

/** The immediate for an int that CPython shares, -5 to 256; `undefined` for others. CPython: `_PyLong_GetSmallInt`. */
export function smallInt(value: number): Ptr | undefined {
  return Number.isInteger(value) && value >= LEAST_SMALL_INT && value <= MOST_SMALL_INT
    ? immediate(FIRST_SMALL_INT + value - LEAST_SMALL_INT)
    : undefined;
}
