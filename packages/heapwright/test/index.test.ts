import * as allocator from "@heapwright/allocator";
import * as core from "@heapwright/core";
import { expect, it } from "vitest";

import * as heapwright from "../src/index.js";

it("has everything that core and allocator export, and no two of one name", () => {
  const names = [...Object.keys(allocator), ...Object.keys(core)].sort();
  expect(Object.keys(heapwright).sort()).toEqual(names);
  expect(new Set(names).size).toBe(names.length);
});

it("hands out the very same values", () => {
  expect(heapwright).toMatchObject({ ...core, ...allocator });
  expect(heapwright.pymalloc).toBe(allocator.pymalloc);
});
