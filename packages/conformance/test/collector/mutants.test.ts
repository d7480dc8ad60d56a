import { describe, expect, it } from "vitest";

import { COLLECTOR_RULES, type CollectorRule } from "../../src/index.js";
import { brokenRules } from "./broken-rules.js";
import { MUTANTS, loadMutant } from "./mutants.js";

const QUICK = { runs: 10, seed: 1 };

// Trying all the rules on one collector takes seconds. So here each mutant meets the cases of its own rule;
// mutants.long.test.ts tries all the rules on all of them.
describe("the kit for collectors", () => {
  for (const mutant of MUTANTS) {
    it(`catches a collector that ${mutant.name}, by the rule ${mutant.breaks}`, async () => {
      const only = ({ rule, id }: { rule: string; id: string }): boolean =>
        rule === mutant.breaks && (mutant.breaks === "verify-passes" || !id.includes("/programs/"));
      expect(await brokenRules(await loadMutant(mutant), { ...QUICK, only })).toEqual([mutant.breaks]);
    });
  }

  it("has a mutant for every rule", () => {
    const broken = new Set(MUTANTS.map(({ breaks }) => breaks));
    const rules = Object.keys(COLLECTOR_RULES) as CollectorRule[];
    expect(rules.filter((rule) => !broken.has(rule))).toEqual([]);
  });
});
