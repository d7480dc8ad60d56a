/** Random programs on heaps of every plan, held against a naive model after each step, and inside user code. */
import fc from "fast-check";
import { describe, it } from "vitest";

import { Machine } from "./machine.js";
import { programs } from "./operations.js";
import { PLANS } from "./plans.js";

describe.each(PLANS)("$name", (plan) => {
  it("does what the naive model does", () => {
    fc.assert(
      fc.property(programs(80), (program) => {
        new Machine(plan, program, 4 << 20).play();
      }),
      { numRuns: Number(process.env["RUNS"] ?? 40) },
    );
  });
});
