/**
 * Byte counts: how options give them, how functions check them, how people read them.
 */

import { HeapwrightError } from "./errors.js";
import { showValue } from "./show-value.js";

/** A number of bytes: `65536`, or with a binary unit as in `"64KiB"`, `"256 MiB"`, `"1.5GiB"`. */
export type ByteSize = number | string;

const UNITS = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;

/**
 * Turns a {@link ByteSize} into a number of bytes.
 *
 * @param size - a whole number of bytes, or a number and a unit: B, KiB, MiB or GiB
 * @param what - the name of the option, for the message
 * @throws HeapwrightError `ERR_BAD_OPTION` when it is neither, negative or no whole number of bytes
 *
 * @example
 * ```ts
 * parseByteSize("64KiB", "maxBytes"); // 65536
 * ```
 */
export function parseByteSize(size: ByteSize, what: string): number {
  const match = typeof size === "string" ? /^(\d+(?:\.\d+)?) ?(B|KiB|MiB|GiB)$/.exec(size.trim()) : undefined;
  const bytes = match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : size;
  if (isCount(bytes)) return bytes;
  throw new HeapwrightError(
    "ERR_BAD_OPTION",
    `${what} must be a whole number of bytes or a text such as "64KiB" or "1.5GiB", not ${showValue(size)}.`,
  );
}

/**
 * Checks a byte count at a public edge.
 *
 * @returns the count
 * @throws HeapwrightError `ERR_BAD_SIZE` when it is negative, fractional, NaN, above 2^53 - 1 or no number at all
 */
export function checkSize(bytes: number): number {
  if (isCount(bytes)) return bytes;
  throw new HeapwrightError(
    "ERR_BAD_SIZE",
    `A block needs a whole number of bytes, 0 or more, not ${showValue(bytes)}.`,
  );
}

/**
 * The bytes that `calloc` clears: `count` elements of `bytes` each.
 *
 * @throws HeapwrightError `ERR_BAD_SIZE` when one of the two is no whole number of 0 or more; `ERR_OUT_OF_MEMORY` when the
 * product is above 2^53 - 1 (CPython: an overflow of the product fails like a lack of memory)
 */
export function checkElements(count: number, bytes: number): number {
  if (!isCount(count)) {
    throw new HeapwrightError(
      "ERR_BAD_SIZE",
      `calloc needs a whole number of elements, 0 or more, not ${showValue(count)}.`,
    );
  }
  const total = count * checkSize(bytes);
  if (Number.isSafeInteger(total)) return total;
  throw new HeapwrightError(
    "ERR_OUT_OF_MEMORY",
    `No room for ${count} elements of ${bytes} B: that is more than 2^53 - 1 B.`,
  );
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/**
 * Writes a number of bytes for people: 1,048,576 becomes `1 MiB`, 1,500,000 becomes `1.43 MiB`.
 *
 * @param bytes - 0 or more
 */
export function formatBytes(bytes: number): string {
  const [name, unit] = Object.entries(UNITS).findLast(([, unit]) => bytes >= unit * ALMOST) ?? ["B", 1];
  return `${Number((bytes / unit).toFixed(2))} ${name}`;
}

/** From this part of a unit on, two decimals of the next smaller one would read 1024. */
const ALMOST: number = 1 - 0.005 / 1024;
