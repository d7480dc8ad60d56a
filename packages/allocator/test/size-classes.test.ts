import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { SIZE_CLASS_COUNT, SMALL_REQUEST_MAX, blockBytesOf, sizeClassOf } from "../src/index.js";

describe("sizeClassOf", () => {
  it.each([
    [0, undefined],
    [1, 0],
    [16, 0],
    [17, 1],
    [512, 31],
    [513, undefined],
  ])("puts %i B in class %s", (bytes, expected) => {
    expect(sizeClassOf(bytes)).toBe(expected);
  });

  it("picks the smallest class that fits", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: SMALL_REQUEST_MAX }), (bytes) => {
        const size = blockBytesOf(sizeClassOf(bytes)!);
        expect(size).toBeGreaterThanOrEqual(bytes);
        expect(size - bytes).toBeLessThan(16);
      }),
    );
  });

  it.each([NaN, -5, 1.5])("refuses %d", (bytes) => {
    expect(() => sizeClassOf(bytes)).toThrow(/whole number/);
  });

  it("has 32 classes, as a 64-bit build of CPython", () => {
    expect(SIZE_CLASS_COUNT).toBe(32);
  });
});
