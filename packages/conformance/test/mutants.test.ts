import { describe, expect, it } from "vitest";

import { ALLOCATOR_RULES } from "../src/index.js";
import { brokenRules } from "./broken-rules.js";
import { MUTANTS, loadMutant, type Mutant } from "./mutants.js";

const QUICK = { runs: 3, seed: 1, maxBytes: "1MiB", memories: ["buffer", "resizable"] } as const;
const CLOSE = { ...QUICK, runs: 20 };

describe("the kit", () => {
  // A close look for the rule itself, a quick one for the others; mutants.long.test.ts takes a close look at all.
  it.each(MUTANTS)("catches an allocator that $name, by the rule $breaks alone", async (mutant: Mutant) => {
    const plugin = await loadMutant(mutant);
    const own = await brokenRules(plugin, CLOSE, (rule) => rule === mutant.breaks);
    const others = await brokenRules(plugin, QUICK, (rule) => rule !== mutant.breaks);
    expect([...own, ...others]).toEqual([mutant.breaks]);
  });

  it("has a mutant for every rule", () => {
    const broken = new Set<string>(MUTANTS.map(({ breaks }) => breaks));
    expect(Object.keys(ALLOCATOR_RULES).filter((rule) => !broken.has(rule))).toEqual([]);
  });
});
