import { describe, expect, it } from "vitest";

import { ALLOCATOR_RULES } from "../src/index.js";
import { brokenRules } from "./broken-rules.js";
import { MUTANTS, loadMutant } from "./mutants.js";

const QUICK = { runs: 1, seed: 1, maxBytes: "1MiB", memories: ["buffer", "resizable"] } as const;
const CLOSE = { ...QUICK, runs: 20 };

describe("the kit", () => {
  for (const mutant of MUTANTS) {
    // A close look for the rule itself, a quick one for the others; mutants.long.test.ts takes a close look at all.
    it(`catches an allocator that ${mutant.name}, by the rule ${mutant.breaks} alone`, async () => {
      const plugin = await loadMutant(mutant);
      const own = await brokenRules(plugin, CLOSE, (rule) => rule === mutant.breaks);
      const others = await brokenRules(plugin, QUICK, (rule) => rule !== mutant.breaks);
      expect([...own, ...others]).toEqual([mutant.breaks]);
    });
  }

  it("has a mutant for every rule", () => {
    const broken = new Set<string>(MUTANTS.map(({ breaks }) => breaks));
    expect(Object.keys(ALLOCATOR_RULES).filter((rule) => !broken.has(rule))).toEqual([]);
  });
});
