import { bump, pymalloc } from "@heapwright/allocator";
import { conformance } from "@heapwright/conformance";
import { describe, it } from "vitest";

import { none, refcount } from "../src/index.js";

describe("none keeps the collector contract, with refcount as its counter", () => {
  const options = { allocators: [pymalloc(), bump()], counter: refcount() };
  for (const { title, skip, run } of conformance.collector(none(), options)) {
    it.skipIf(skip !== undefined)(skip === undefined ? title : `${title} (skipped: ${skip})`, run);
  }
});
