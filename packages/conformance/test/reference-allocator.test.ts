import { describe, it } from "vitest";

import { conformance } from "../src/index.js";
import { reference } from "./reference-allocator.js";

describe("the reference allocator keeps every rule", () => {
  for (const { id, title, skip, run } of conformance.allocator(reference, { maxBytes: "2MiB" })) {
    (skip ? it.skip : it)(`${title} (${id})`, run);
  }
});
