import { describe, expect, it } from "vitest";

import { brokenRules } from "./broken-rules.js";
import { MUTANTS, loadMutant } from "./mutants.js";

describe("the kit, looking closely and at other programs each time", () => {
  for (const mutant of MUTANTS) {
    it(`catches an allocator that ${mutant.name}, by the rule ${mutant.breaks} alone`, async () => {
      expect(await brokenRules(await loadMutant(mutant), { maxBytes: "2MiB" })).toEqual([mutant.breaks]);
    });
  }
});
