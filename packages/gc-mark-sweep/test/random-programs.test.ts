import { bump, pymalloc } from "@heapwright/allocator";
import fc from "fast-check";
import { describe, it } from "vitest";

import { expectExact, expectIntact, play, programsOver } from "./random-programs.js";
import { HOLDERS, LEAVES, createShadowHeap } from "./shadow.js";

const program = programsOver([...HOLDERS, ...LEAVES]);

describe.each([
  ["pymalloc", pymalloc()],
  ["pymalloc of CPython 3.9", pymalloc({ preset: "cpython-3.9" })],
  ["bump", bump()],
])("a random program over %s", (_, allocator) => {
  it("leaves exactly what can be reached after each collection", () => {
    fc.assert(
      fc.property(program, (steps) => {
        const shadow = createShadowHeap({ allocator });
        shadow.heap.gc.disable();
        for (const step of steps) {
          play(shadow, step);
          if (step.do === "collect") expectExact(shadow);
        }
        shadow.heap.verify();
        shadow.heap.gc.collect();
        expectExact(shadow);
        shadow.heap.verify();
        shadow.heap.dispose();
      }),
      { numRuns: 50 },
    );
  });

  it("never loses what can be reached, whenever it collects by itself", () => {
    fc.assert(
      fc.property(program, fc.integer({ min: 1, max: 9 }), (steps, threshold) => {
        const shadow = createShadowHeap({ allocator, threshold, growthPercent: 0 });
        for (const step of steps) {
          play(shadow, step);
          expectIntact(shadow);
        }
        shadow.heap.verify();
        shadow.heap.gc.collect();
        expectExact(shadow);
        shadow.heap.dispose();
      }),
      { numRuns: 50 },
    );
  });
});
