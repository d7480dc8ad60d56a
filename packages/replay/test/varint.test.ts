import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  BAD_VARINT,
  MAX_VARINT_BYTES,
  fromZigzag,
  readVarint,
  toZigzag,
  writeVarint,
} from "../src/varint.js";

const MAX = Number.MAX_SAFE_INTEGER;

function encode(value: number): Uint8Array {
  const bytes = new Uint8Array(16);
  return bytes.slice(0, writeVarint(bytes, 0, value));
}

function decode(bytes: ArrayLike<number>): { value: number; at: number } {
  const cursor = { bytes: new Uint8Array(bytes.length + MAX_VARINT_BYTES), at: 0 };
  cursor.bytes.set(Array.from(bytes));
  return { value: readVarint(cursor), at: cursor.at };
}

describe("varints", () => {
  it.each([
    [0, [0]],
    [127, [127]],
    [128, [128, 1]],
    [300, [0xac, 2]],
    [2 ** 32, [128, 128, 128, 128, 16]],
    [MAX, [255, 255, 255, 255, 255, 255, 255, 15]],
  ])("writes %d in the fewest bytes", (value, bytes) => {
    expect([...encode(value)]).toEqual(bytes);
  });

  it("read back what was written, and stop behind it", () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeNat(), fc.nat(70_000)), (value) => {
        const bytes = encode(value);
        expect(decode(bytes)).toEqual({ value, at: bytes.length });
      }),
    );
  });

  it("accept a number with needless zeros, as LEB128 does", () => {
    expect(decode([0x85, 0x80, 0])).toEqual({ value: 5, at: 3 });
  });

  it.each([
    ["of 2^53", [128, 128, 128, 128, 128, 128, 128, 16]],
    ["of nine bytes", [255, 255, 255, 255, 255, 255, 255, 255, 1]],
    ["of nine bytes, all zeros", [128, 128, 128, 128, 128, 128, 128, 128, 0]],
  ])("refuse a number %s", (_, bytes) => {
    expect(decode(bytes).value).toBe(BAD_VARINT);
  });
});

describe("zigzag", () => {
  it.each([
    [0, 0],
    [-1, 1],
    [1, 2],
    [-2, 3],
    [-(2 ** 31), 2 ** 32 - 1],
  ])("folds %d to %d", (value, folded) => {
    expect(toZigzag(value)).toBe(folded);
    expect(fromZigzag(folded)).toBe(value);
  });

  it("unfolds what it folded", () => {
    const bound = 2 ** 52 - 1;
    fc.assert(
      fc.property(fc.integer({ min: -bound, max: bound }), (value) => {
        expect(fromZigzag(toZigzag(value))).toBe(value);
      }),
    );
  });
});
