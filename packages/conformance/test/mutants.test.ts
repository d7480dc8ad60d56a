import { describe, expect, it } from "vitest";

import { ALLOCATOR_RULES, type AllocatorRule } from "../src/index.js";
import { brokenRules } from "./broken-rules.js";
import { MUTANTS, loadMutant } from "./mutants.js";

const CLOSE = { runs: 20, seed: 1, maxBytes: "1MiB", memories: ["buffer", "resizable"] } as const;
const QUICK = { ...CLOSE, runs: 1, memories: ["buffer"] } as const;

/** The first mutant of each rule. */
const FIRST = new Map([...MUTANTS].reverse().map((mutant) => [mutant.breaks, mutant]));

// A third of a second goes into trying all the rules on one allocator. So here the rule that a mutant breaks is tried on
// each, and the others on one mutant a rule; mutants.long.test.ts tries all the rules on all, and closely.
describe("the kit", () => {
  for (const mutant of MUTANTS) {
    it(`catches an allocator that ${mutant.name}, by the rule ${mutant.breaks}`, async () => {
      const broken = await brokenRules(await loadMutant(mutant), CLOSE, (rule) => rule === mutant.breaks);
      expect(broken).toEqual([mutant.breaks]);
    });
  }

  for (const [rule, mutant] of FIRST) {
    it(`finds nothing but ${rule} broken by an allocator that ${mutant.name}`, async () => {
      expect(await brokenRules(await loadMutant(mutant), QUICK, (other) => other !== rule)).toEqual([]);
    });
  }

  it("has a mutant for every rule", () => {
    const rules = Object.keys(ALLOCATOR_RULES) as AllocatorRule[];
    expect(rules.filter((rule) => !FIRST.has(rule))).toEqual([]);
  });
});
