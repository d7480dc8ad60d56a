import fc from "fast-check";
import { expect, it } from "vitest";

import { showValue } from "../src/show-value.js";

it.each([
  ["64KB", '"64KB"'],
  ["", '""'],
  [1.5, "1.5"],
  [NaN, "NaN"],
  [12n, "12"],
  [undefined, "undefined"],
  [null, "null"],
  [true, "true"],
  [Symbol("x"), "Symbol(x)"],
  [() => 1, "a function"],
  [{}, "[object Object]"],
  [[1], "[object Array]"],
  [new Uint8Array(1), "[object Uint8Array]"],
  [Object.create(null), "[object Object]"],
])("shows %o", (value, shown) => {
  expect(showValue(value)).toBe(shown);
});

it("has a text for any value", () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true, withBigInt: true, withTypedArray: true }), (value) => {
      expect(showValue(value)).not.toBe("");
    }),
  );
});
