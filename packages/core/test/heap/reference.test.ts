import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { IMMEDIATE, NULL, immediate, immediateNumber, smallInt, type Ptr } from "../../src/heap/reference.js";
import { codeOf } from "../error-of.js";

describe("immediates", () => {
  it("are the negative numbers from -1 down to -65,536, and go both ways", () => {
    fc.assert(
      fc.property(fc.nat(65_535), (number) => {
        const value = immediate(number);
        expect(value).toBe(-1 - number);
        expect(immediateNumber(value)).toBe(number);
      }),
    );
    expect(immediate(0)).toBe(-1);
    expect(immediate(65_535)).toBe(-65_536);
  });

  it("are neither null nor objects", () => {
    expect(immediateNumber(NULL)).toBeUndefined();
    expect(immediateNumber(4 as Ptr)).toBeUndefined();
  });

  it.each([-1, 65_536, 0.5, NaN, Infinity, "1", undefined])("do not have the number %s", (number) => {
    expect(codeOf(() => immediate(number as number))).toBe("ERR_BAD_OPTION");
  });

  it("are what CPython shares: the five singletons, and the ints from -5 to 256", () => {
    expect(Object.values(IMMEDIATE)).toEqual([-1, -2, -3, -4, -5]);
    expect(smallInt(-5)).toBe(-6);
    expect(smallInt(0)).toBe(-11);
    expect(smallInt(256)).toBe(-267);
    const values = Array.from({ length: 262 }, (_, index) => smallInt(index - 5)!);
    expect(new Set([...values, ...Object.values(IMMEDIATE)]).size).toBe(267);
    for (const value of [-6, 257, 0.5, NaN, Infinity]) expect(smallInt(value)).toBeUndefined();
    expect(smallInt(-0)).toBe(smallInt(0));
  });
});
