import { describe, expect, it } from "vitest";

import { brokenRules } from "./broken-rules.js";
import { MUTANTS, loadMutant, type Mutant } from "./mutants.js";

describe("the kit, looking closely and anew each time", () => {
  it.each(MUTANTS)("catches an allocator that $name, by the rule $breaks alone", async (mutant: Mutant) => {
    expect(await brokenRules(await loadMutant(mutant), { maxBytes: "2MiB" })).toEqual([mutant.breaks]);
  });
});
