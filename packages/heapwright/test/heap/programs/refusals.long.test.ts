/** As refusals.test.ts, with more programs, longer ones, and memory that is refused for good. */
import fc from "fast-check";
import { describe, it } from "vitest";

import { programs } from "./operations.js";
import { CRAMPED_PLANS } from "./plans.js";
import { playWithEveryRefusal } from "./refusals.js";

describe.each(CRAMPED_PLANS)("with $name", (plan) => {
  it.each([1, 2, 4, Infinity])(
    "a heap is in order whichever %d requests in a row its memory refuses",
    (inARow) => {
      fc.assert(
        fc.property(programs(150), (program) => {
          playWithEveryRefusal(plan, program, inARow);
        }),
        { numRuns: 20 },
      );
    },
  );
});
