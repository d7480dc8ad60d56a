/** Thousands of random programs, and longer ones than in programs.test.ts; some in memories that are nearly full. */
import fc from "fast-check";
import { describe, it } from "vitest";

import { Machine } from "./machine.js";
import { programs } from "./operations.js";
import { CRAMPED_PLANS, PLANS } from "./plans.js";

const MEMORY_BYTES = 4 << 20;

describe.each(PLANS)("with $name", (plan) => {
  it("a heap does what a naive model does, a thousand times", () => {
    fc.assert(
      fc.property(programs(250), (program) => {
        new Machine(plan, program, MEMORY_BYTES).play();
      }),
      { numRuns: 1000 },
    );
  });
});

describe.each(CRAMPED_PLANS)("with $name", (plan) => {
  it("so does a heap that runs out of memory", () => {
    fc.assert(
      fc.property(programs(250), fc.integer(plan.crampedKiB), (program, kibibytes) => {
        new Machine(plan, program, kibibytes * 1024).play();
      }),
      { numRuns: 500 },
    );
  });
});
