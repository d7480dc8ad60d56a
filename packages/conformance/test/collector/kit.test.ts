import { defineCollector, type CollectorPlugin } from "@heapwright/core";
import { describe, expect, it } from "vitest";

import { COLLECTOR_RULES, collectorConformance, conformance, type ConformanceCase } from "../../src/index.js";
import { reference as allocator } from "../reference-allocator.js";
import { MUTANTS, loadMutant } from "./mutants.js";
import { referenceCounter as counter } from "./reference-counter.js";
import { reference as generational } from "./reference-generational.js";
import { reference as tracing } from "./reference-tracing.js";

function casesOf(plugin: CollectorPlugin, runs = 50): ConformanceCase[] {
  return collectorConformance(plugin, { allocators: [allocator], counter, runs, seed: 7 });
}

/** What a case throws. */
function messageOf(cases: readonly ConformanceCase[], id: string): string {
  try {
    void cases.find((each) => each.id === id)!.run();
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

describe("collectorConformance", () => {
  const cases = [...casesOf(generational), ...casesOf(tracing)];

  it("is the collector's part of conformance", () => {
    expect(conformance.collector).toBe(collectorConformance);
  });

  it("has a case for every rule of its catalogue, and no other rule", () => {
    const tried = cases.filter(({ skip }) => skip === undefined).map(({ rule }) => rule);
    expect([...new Set(tried)].sort()).toEqual(Object.keys(COLLECTOR_RULES).sort());
  });

  it("names each case after its rule, and no two alike", () => {
    const some = collectorConformance(generational, { allocators: [allocator, allocator], counter });
    expect(new Set(some.map(({ id }) => id)).size).toBe(some.length);
    expect(new Set(some.map(({ title }) => title)).size).toBe(some.length);
    expect(some.filter(({ id, rule }) => !id.startsWith(`${rule}/`))).toEqual([]);
  });

  it("runs each case on each allocator", () => {
    const some = collectorConformance(generational, { allocators: [allocator, allocator], counter });
    expect(some.length).toBe(2 * casesOf(generational).length);
    expect(some.map(({ id }) => id)).toContain("cycles/pair/reference");
    expect(some.map(({ id }) => id)).toContain("cycles/pair/reference-2");
  });

  it("skips what the traits leave out, and says so", () => {
    const nothing = defineCollector({
      name: "nothing",
      traits: {},
      create: (context) => tracing.create(context),
    });
    const reasons = new Set(casesOf(nothing).flatMap(({ skip }) => skip ?? []));
    expect([...reasons].sort()).toEqual([
      "The heap keeps no counts.",
      "The trait automatic is false.",
      "The trait cycles is false.",
      "The trait exact is false.",
      "The trait generations is 1, not 3.",
    ]);
  });

  it("refuses to run on no allocator", () => {
    expect(() => collectorConformance(tracing, { allocators: [] })).toThrow(/at least one allocator/);
  });

  it("lists its cases for a plugin that is none, and says what is wrong when one runs", () => {
    const none = casesOf({ name: "None" } as unknown as CollectorPlugin);
    expect(messageOf(none, "plugin-shape/value/reference")).toContain('kind: "collector"');
  });
});

describe("a failure", () => {
  it("shows the shortest program, the seed, the allocator and the rule", async () => {
    const broken = MUTANTS.find(({ name }) => name.startsWith("counts one object too many"))!;
    const message = messageOf(casesOf(await loadMutant(broken)), "exact-number/programs/reference");
    expect(message).toMatch(/^collect\(\d\) must return \d+; it returned \d+\.$/m);
    expect(message).toContain("To see it again: { seed: 7, runs: 50 }.");
    expect(message).toContain(`On reference. Rule exact-number: ${COLLECTOR_RULES["exact-number"]}`);
    expect(message.split("\n").length).toBeLessThan(16);
  });
});
