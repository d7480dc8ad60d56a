/**
 * Random programs on heaps of every plan, held against a naive model after each step, and inside of finalizers, callbacks
 * and listeners, which play random programs themselves.
 */
import fc from "fast-check";
import { describe, it } from "vitest";

import { Machine } from "./machine.js";
import { programs } from "./operations.js";
import { PLANS } from "./plans.js";

const MEMORY_BYTES = 4 << 20;

describe.each(PLANS)("with $name", (plan) => {
  it("a heap does what a naive model does", () => {
    fc.assert(
      fc.property(programs(120), (program) => {
        new Machine(plan, program, MEMORY_BYTES).play();
      }),
      { numRuns: 25 },
    );
  });
});
