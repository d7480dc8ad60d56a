import { bump, pymalloc } from "@heapwright/allocator";
import { conformance } from "@heapwright/conformance";
import { describe, it } from "vitest";

import { markSweep } from "../src/index.js";

describe("gc-mark-sweep keeps the collector contract", () => {
  for (const { title, skip, run } of conformance.collector(markSweep(), {
    allocators: [pymalloc(), bump()],
  })) {
    it.skipIf(skip !== undefined)(skip === undefined ? title : `${title} (skipped: ${skip})`, run);
  }
});
