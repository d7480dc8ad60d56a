import { bump, pymalloc } from "@heapwright/allocator";
import { conformance } from "@heapwright/conformance";
import { refcount } from "@heapwright/refcount";
import { describe, it } from "vitest";

import { generational } from "../src/index.js";

describe("gc-generational keeps the collector contract", () => {
  const options = { allocators: [pymalloc(), bump()], counter: refcount() };
  for (const { title, skip, run } of conformance.collector(generational(), options)) {
    it.skipIf(skip !== undefined)(skip === undefined ? title : `${title} (skipped: ${skip})`, run);
  }
});
