import { describe, expect, it } from "vitest";

import { classAfterRealloc, classOf } from "../src/small-objects.js";

const RAW = 0;
const OBJ = 2;

describe("classOf", () => {
  it.each([
    [0, 0],
    [1, 1],
    [16, 1],
    [17, 2],
    [512, 32],
    [513, 0],
    [2 ** 40, 0],
  ])("puts %d bytes into class %d", (bytes, expected) => {
    expect(classOf(OBJ, bytes)).toBe(expected);
  });

  it("keeps the domain raw out of the pools", () => {
    expect(classOf(RAW, 16)).toBe(0);
  });
});

describe("classAfterRealloc", () => {
  it.each([
    ["stays when it fits", 4, 64, 4],
    ["stays when it wastes less than a quarter", 4, 49, 4],
    ["shrinks when it would waste a quarter", 4, 48, 3],
    ["grows", 4, 65, 5],
    ["leaves the pools above 512 bytes", 4, 513, 0],
    ["leaves the pools for 0 bytes", 4, 0, 0],
    ["never comes back", 0, 16, 0],
  ])("%s", (_, before, bytes, after) => {
    expect(classAfterRealloc(before, OBJ, bytes)).toBe(after);
  });
});
