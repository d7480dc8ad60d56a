/** Memory that is refused at every place of a program, in turn. */
import fc from "fast-check";
import { describe, it } from "vitest";

import { programs } from "./operations.js";
import { CRAMPED_PLANS } from "./plans.js";
import { playWithEveryRefusal } from "./refusals.js";

describe.each(CRAMPED_PLANS)("with $name", (plan) => {
  it.each([1, 4])("a heap is in order whichever %i requests in a row its memory refuses", (inARow) => {
    for (const program of fc.sample(programs(60), { numRuns: 2, seed: 1 })) {
      playWithEveryRefusal(plan, program, inARow);
    }
  });
});
