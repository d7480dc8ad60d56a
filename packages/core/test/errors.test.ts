import { runInNewContext } from "node:vm";

import { describe, expect, it, vi } from "vitest";

import { ERROR_CODES, HeapwrightError } from "../src/errors.js";

describe("HeapwrightError", () => {
  it("carries its code, message and cause, under its own name", () => {
    const cause = new RangeError("no");
    const error = new HeapwrightError("ERR_OUT_OF_MEMORY", "No room for 16 B.", { cause });
    expect(error).toMatchObject({ name: "HeapwrightError", code: "ERR_OUT_OF_MEMORY", cause });
    expect(String(error)).toBe("HeapwrightError: No room for 16 B.");
  });

  it("has no cause when none was given", () => {
    expect("cause" in new HeapwrightError("ERR_DISPOSED", "gone")).toBe(false);
  });
});

describe("HeapwrightError.is", () => {
  const error = new HeapwrightError("ERR_DISPOSED", "gone");

  it("asks for the code when one is given", () => {
    expect(HeapwrightError.is(error)).toBe(true);
    expect(HeapwrightError.is(error, "ERR_DISPOSED")).toBe(true);
    expect(HeapwrightError.is(error, "ERR_BAD_SIZE")).toBe(false);
  });

  it("recognises the errors of another copy of this module", async () => {
    vi.resetModules();
    const copy = await import("../src/errors.js");
    const theirs = new copy.HeapwrightError("ERR_DISPOSED", "gone");
    expect(theirs).not.toBeInstanceOf(HeapwrightError);
    expect(HeapwrightError.is(theirs, "ERR_DISPOSED")).toBe(true);
    expect(copy.HeapwrightError.is(error, "ERR_DISPOSED")).toBe(true);
  });

  it("recognises the errors of another realm", () => {
    const theirs: unknown = runInNewContext(
      `Object.assign(new Error("gone"), { name: "HeapwrightError", code: "ERR_DISPOSED" })`,
    );
    expect(theirs).not.toBeInstanceOf(Error);
    expect(HeapwrightError.is(theirs, "ERR_DISPOSED")).toBe(true);
  });

  it.each([
    ["undefined", undefined],
    ["null", null],
    ["a text", "ERR_DISPOSED"],
    ["an error of the host", new RangeError("no")],
    ["an error of Node", Object.assign(new Error("no"), { code: "ENOENT" })],
    ["an error of the name without a code", Object.assign(new Error("no"), { name: "HeapwrightError" })],
    ["an object that looks like one", { name: "HeapwrightError", code: "ERR_DISPOSED", message: "gone" }],
  ])("refuses %s", (_what, value) => {
    expect(HeapwrightError.is(value)).toBe(false);
  });
});

describe("ERROR_CODES", () => {
  it.each(Object.entries(ERROR_CODES))("says in a sentence what %s means", (code, meaning) => {
    expect(code).toMatch(/^ERR(_[A-Z]+)+$/);
    expect(meaning).toMatch(/^(?:[A-Z]|verify\(\)).{10,}\.$/);
  });

  it("says of no two codes the same", () => {
    expect(new Set(Object.values(ERROR_CODES)).size).toBe(Object.keys(ERROR_CODES).length);
  });
});
