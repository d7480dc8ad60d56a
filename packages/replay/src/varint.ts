/**
 * Varints: the numbers in records.
 *
 * Unsigned LEB128: 7 bits a byte, least significant first, the high bit set on
 * all but the last byte. Values stay below 2^53, so a number has 8 bytes at most
 * and arithmetic replaces shifts, which would cut at 32 bits. Signed numbers are
 * folded first (zigzag: 0, -1, 1, -2 become 0, 1, 2, 3), so that near zero either
 * way is short.
 */

/** Bytes of the longest varint. */
export const MAX_VARINT_BYTES = 8;

/** What {@link readVarint} returns for a value of 2^53 or more, or of more than 8 bytes. */
export const BAD_VARINT = -1;

/** Where a number was read from, and where it ended. */
export interface Cursor {
  /** The bytes. Those behind the data must be 0, 8 of them at least. */
  bytes: Uint8Array;
  /** Index of the next byte. */
  at: number;
}

/** Reads a varint at a cursor and moves the cursor behind it. */
export function readVarint(cursor: Cursor): number {
  const { bytes, at } = cursor;
  let value = 0;
  let scale = 1;
  for (let i = 0; i < MAX_VARINT_BYTES; i++) {
    const byte = bytes[at + i]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      cursor.at = at + i + 1;
      return value <= Number.MAX_SAFE_INTEGER ? value : BAD_VARINT;
    }
    scale *= 128;
  }
  return BAD_VARINT;
}

/**
 * Writes a varint.
 *
 * @param bytes - where; 8 bytes must be free
 * @param at - index of the first
 * @param value - a whole number from 0 to 2^53 - 1
 * @returns the index behind it
 */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let end = at;
  while (rest >= 0x80) {
    bytes[end++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  bytes[end++] = rest;
  return end;
}

/** Folds a signed number from -2^52 to 2^52 - 1. */
export function toZigzag(value: number): number {
  return value >= 0 ? 2 * value : -2 * value - 1;
}

/** Undoes {@link toZigzag}. */
export function fromZigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
