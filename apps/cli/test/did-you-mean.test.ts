import { expect, it } from "vitest";

import { closest } from "../src/did-you-mean.js";

it.each([
  ["repaly", "replay"],
  ["REPLAY", "replay"],
  ["plugin", "plugins"],
  ["demos", "demo"],
  ["frobnicate", undefined],
  ["", undefined],
])("guesses what %j was meant to be: %j", (word, expected) => {
  expect(closest(word, ["replay", "plugins", "demo"])).toBe(expected);
});

it("guesses nothing where there is nothing", () => {
  expect(closest("x", [])).toBeUndefined();
});
