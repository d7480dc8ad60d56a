import { defineAllocator, type AllocatorPlugin } from "@heapwright/core";
import { describe, expect, it } from "vitest";

import { ALLOCATOR_RULES, allocatorConformance, conformance, type ConformanceCase } from "../src/index.js";
import { MUTANTS, loadMutant } from "./mutants.js";
import { reference } from "./reference-allocator.js";

/** What a case throws. */
function messageOf({ run }: ConformanceCase): string {
  try {
    void run();
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

function caseOf(cases: readonly ConformanceCase[], id: string): ConformanceCase {
  return cases.find((each) => each.id === id)!;
}

describe("allocatorConformance", () => {
  const cases = allocatorConformance(reference);

  it("is the allocator's part of conformance", () => {
    expect(conformance.allocator).toBe(allocatorConformance);
  });

  it("has a case for every rule of its catalogue, and no other rule", () => {
    expect([...new Set(cases.map(({ rule }) => rule))].sort()).toEqual(Object.keys(ALLOCATOR_RULES).sort());
  });

  it("names each case after its rule, and no two alike", () => {
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
    expect(new Set(cases.map(({ title }) => title)).size).toBe(cases.length);
    expect(cases.filter(({ id, rule }) => !id.startsWith(`${rule}/`))).toEqual([]);
  });

  it("skips nothing when a plugin has all traits", () => {
    expect(cases.filter(({ skip }) => skip !== undefined)).toEqual([]);
  });

  it("skips what the traits leave out, and says so", () => {
    const plain = allocatorConformance(defineAllocator({ name: "plain", create: () => reference.create() }));
    const reasons = new Set(plain.flatMap(({ skip }) => skip ?? []));
    expect([...reasons].sort()).toEqual([
      "The trait arenas is false.",
      "The trait attaches is false.",
      "The trait detects does not list double-free.",
      "The trait detects does not list interior-address.",
      "The trait domains is false.",
      "The trait pools is false.",
      "The trait resets is false.",
      "The trait returns is false.",
      "The trait reuses is false.",
    ]);
    expect(messageOf(caseOf(plain, "resets/room"))).toBe("");
  });

  it("does not look for the caller's mistakes when the checks are off", () => {
    const unchecked = allocatorConformance(reference, { create: { checks: false } });
    expect(caseOf(unchecked, "double-free/lengths").skip).toBe("The checks are off.");
  });

  it("passes the options for create on", () => {
    const seen: unknown[] = [];
    const plugin = defineAllocator({
      name: "spy",
      create: (options) => {
        seen.push(options);
        return reference.create(options);
      },
    });
    const options = { create: { arenas: 3 }, maxBytes: "2MiB", memories: ["shared"] } as const;
    expect(messageOf(caseOf(allocatorConformance(plugin, options), "free-null/nothing"))).toBe("");
    expect(seen).toEqual([{ memory: "shared", maxBytes: 2 * 1024 * 1024, arenas: 3 }]);
  });

  it("lists its cases for a plugin that is none, and says what is wrong when one runs", () => {
    const none = allocatorConformance({ name: "None" } as unknown as AllocatorPlugin);
    expect(messageOf(caseOf(none, "plugin-shape/value"))).toContain('kind: "allocator"');
  });
});

describe("a failure", () => {
  const overlapping = MUTANTS.find(({ name }) => name.startsWith("puts a block into a gap"))!;
  const id = "no-overlap/programs";

  it("shows the shortest program, the seed and the rule", async () => {
    const [mutant, options] = [await loadMutant(overlapping), { seed: 7, runs: 500, maxBytes: "2MiB" }];
    const message = messageOf(caseOf(allocatorConformance(mutant, options), id));
    expect(message).toMatch(/^Byte \d+ of b\d+ \(\d+ B at \d+\) must be \d+; it is \d+\.$/m);
    expect(message).toMatch(/^ {2}b\d+ = malloc\(\d+\) \/\/ \d+$/m);
    expect(message).toContain("To see it again: { seed: 7, runs: 500 }.");
    expect(message).toContain(`Rule no-overlap: ${ALLOCATOR_RULES["no-overlap"]}`);
    expect(message.split("\n").length).toBeLessThan(20);
  });

  it("comes again with the seed that it shows", async () => {
    const mutant = await loadMutant(overlapping);
    const first = messageOf(caseOf(allocatorConformance(mutant, { runs: 500, maxBytes: "2MiB" }), id));
    const seed = Number(/seed: (-?\d+)/.exec(first)![1]);
    const again = messageOf(caseOf(allocatorConformance(mutant, { seed, runs: 500, maxBytes: "2MiB" }), id));
    expect(again).toBe(first);
  });
});
