import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { checkElements, checkSize, formatBytes, parseByteSize, type ByteSize } from "../src/byte-size.js";
import { codeOf, errorOf } from "./error-of.js";

const UNITS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
const MAX = Number.MAX_SAFE_INTEGER;

describe("parseByteSize", () => {
  it.each<[ByteSize, number]>([
    [0, 0],
    [65_536, 65_536],
    [MAX, MAX],
    ["0B", 0],
    ["1 B", 1],
    ["64KiB", 65_536],
    ["256 MiB", 268_435_456],
    ["1.5GiB", 1_610_612_736],
    ["4GiB", 2 ** 32],
    [" 2GiB\n", 2 ** 31],
  ])("reads %o as %d B", (size, bytes) => {
    expect(parseByteSize(size, "maxBytes")).toBe(bytes);
  });

  it.each([
    -1,
    0.5,
    NaN,
    Infinity,
    2 ** 53,
    "",
    "64",
    "64KB",
    "64kib",
    "64K",
    "-1KiB",
    "0.1KiB",
    "1e3 B",
    "1,000 B",
    "1.KiB",
    "64  KiB",
    "9007199254740992B",
    "8388608.5GiB",
    null,
    undefined,
    true,
    64n,
    {},
    Object.create(null),
  ])("refuses %o and says what it is", (size) => {
    const error = errorOf(() => parseByteSize(size as ByteSize, "maxBytes"));
    expect(error.code).toBe("ERR_BAD_OPTION");
    expect(error.message).toMatch(/^maxBytes must be a whole number of bytes or a text such as "64KiB"/);
  });

  it("quotes the text that it refuses", () => {
    expect(errorOf(() => parseByteSize("64KB", "offset")).message).toMatch(/^offset .* not "64KB"\.$/);
  });

  it("multiplies by the unit", () => {
    const units = fc.constantFrom(...(Object.keys(UNITS) as (keyof typeof UNITS)[]));
    fc.assert(
      fc.property(fc.nat(2 ** 22), units, fc.constantFrom("", " "), (count, unit, space) => {
        expect(parseByteSize(`${count}${space}${unit}`, "x")).toBe(count * UNITS[unit]);
      }),
    );
  });
});

describe("checkSize", () => {
  it("returns any whole number from 0 to 2^53 - 1", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        expect(checkSize(bytes)).toBe(bytes);
      }),
      { examples: [[0], [1], [2 ** 32], [MAX]] },
    );
  });

  it.each([-1, -MAX, 0.5, NaN, Infinity, 2 ** 53, "16", undefined, null, 16n])("refuses %o", (bytes) => {
    expect(codeOf(() => checkSize(bytes as number))).toBe("ERR_BAD_SIZE");
  });
});

describe("checkElements", () => {
  it("returns the product, however large its factors, or finds no room for it", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (count, bytes) => {
        const total = BigInt(count) * BigInt(bytes);
        const call = (): number => checkElements(count, bytes);
        if (total <= BigInt(MAX)) expect(BigInt(call())).toBe(total);
        else expect(codeOf(call)).toBe("ERR_OUT_OF_MEMORY");
      }),
      {
        examples: [
          [0, MAX],
          [MAX, 1],
          [2 ** 26, 2 ** 26],
          [2 ** 27, 2 ** 26],
          [MAX, MAX],
        ],
      },
    );
  });

  it.each([-1, 0.5, NaN, Infinity, 2 ** 53, "2", undefined])("refuses %o as either factor", (bad) => {
    expect(codeOf(() => checkElements(bad as number, 0))).toBe("ERR_BAD_SIZE");
    expect(codeOf(() => checkElements(0, bad as number))).toBe("ERR_BAD_SIZE");
  });
});

describe("formatBytes", () => {
  it.each([
    [0, "0 B"],
    [1, "1 B"],
    [1023, "1023 B"],
    [1024, "1 KiB"],
    [1536, "1.5 KiB"],
    [1_500_000, "1.43 MiB"],
    [1024 ** 2 - 6, "1023.99 KiB"],
    [1024 ** 2 - 5, "1 MiB"],
    [2 ** 32, "4 GiB"],
    [2 ** 42, "4096 GiB"],
  ])("writes %d B as %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it("is exact to two decimals of the largest unit that fits", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 50), (bytes) => {
        const [, number, unit] = /^([\d.]+) (B|KiB|MiB|GiB)$/.exec(formatBytes(bytes))!;
        const unitBytes = UNITS[unit as keyof typeof UNITS];
        expect(Math.abs(Number(number) * unitBytes - bytes)).toBeLessThanOrEqual(unitBytes * 0.00501);
        if (unit !== "GiB") expect(Number(number)).toBeLessThan(1024);
        if (unit !== "B") expect(Number(number)).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});
