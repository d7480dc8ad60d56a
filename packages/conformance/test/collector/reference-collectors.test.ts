import { describe, it } from "vitest";

import { conformance } from "../../src/index.js";
import { reference as allocator } from "../reference-allocator.js";
import { referenceCounter } from "./reference-counter.js";
import { reference as generational } from "./reference-generational.js";
import { reference as tracing } from "./reference-tracing.js";

for (const plugin of [generational, tracing]) {
  describe(`the collector ${plugin.name} keeps every rule`, () => {
    const cases = conformance.collector(plugin, { allocators: [allocator], counter: referenceCounter });
    for (const { id, title, skip, run } of cases) (skip ? it.skip : it)(`${title} (${id})`, run);
  });
}
