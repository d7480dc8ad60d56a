import { describe, expect, it } from "vitest";

import { brokenRules } from "./broken-rules.js";
import { MUTANTS, loadMutant } from "./mutants.js";

describe("the kit for collectors, with all its rules", () => {
  for (const mutant of MUTANTS) {
    it(`catches a collector that ${mutant.name}, by the rule ${mutant.breaks} alone`, async () => {
      expect(await brokenRules(await loadMutant(mutant), { runs: 30, seed: 1 })).toEqual([mutant.breaks]);
    });
  }
});
