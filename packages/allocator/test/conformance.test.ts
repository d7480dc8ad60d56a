import { conformance } from "@heapwright/conformance";
import { describe, it } from "vitest";

import { bump, pymalloc } from "../src/index.js";

describe.each([
  ["pymalloc", pymalloc()],
  ["pymalloc of CPython 3.9", pymalloc({ preset: "cpython-3.9" })],
  ["pymalloc with arenas at pages", pymalloc({ arenaAlignment: "page" })],
  ["bump", bump()],
])("%s keeps the allocator contract", (_, plugin) => {
  for (const { title, skip, run } of conformance.allocator(plugin)) {
    it.skipIf(skip !== undefined)(skip === undefined ? title : `${title} (skipped: ${skip})`, run);
  }
});
