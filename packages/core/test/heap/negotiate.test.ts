import { describe, expect, it } from "vitest";

import { defineAllocator } from "../../src/allocator-plugin.js";
import { assertCollectorPlugin, defineCollector, type CollectorTraits } from "../../src/heap/collector.js";
import { assertCounterPlugin, defineCounter, type CounterTraits } from "../../src/heap/counter.js";
import { negotiate, type HeapPlan, type Mismatch } from "../../src/heap/negotiate.js";
import { codeOf, errorOf } from "../error-of.js";

const { traits: allocator } = defineAllocator({ name: "a", create: () => undefined as never });

function plan(collector: Partial<CollectorTraits>, counter?: CounterTraits): HeapPlan | Mismatch[] {
  const { traits } = defineCollector({ name: "c", traits: collector, create: () => undefined as never });
  return negotiate({ allocator, collector: traits, counter });
}

function mismatches(collector: Partial<CollectorTraits>, counter?: CounterTraits): Mismatch[] {
  const found = plan(collector, counter);
  if (!Array.isArray(found)) throw new Error("They fit.");
  return found;
}

const EXACT = { exact: true };

describe("plugins that fit", () => {
  it.each<[string, Partial<CollectorTraits>, CounterTraits | undefined, HeapPlan]>([
    [
      "no collector, no counter",
      {},
      undefined,
      { counted: false, barrier: false, decrements: false, birth: 0 },
    ],
    [
      "a collector that scans",
      { roots: "scan", birth: 5 },
      undefined,
      { counted: false, barrier: false, decrements: false, birth: 5 },
    ],
    [
      "a collector with a barrier",
      { roots: "scan", barrier: "log" },
      undefined,
      { counted: false, barrier: true, decrements: false, birth: 0 },
    ],
    [
      "exact counts, derived roots",
      { counts: "exact", roots: "derived" },
      EXACT,
      { counted: true, barrier: false, decrements: false, birth: 0 },
    ],
    [
      "exact counts alone",
      { counts: "exact" },
      EXACT,
      { counted: true, barrier: false, decrements: false, birth: 0 },
    ],
    [
      "exact counts, scanned roots",
      { counts: "exact", roots: "scan" },
      EXACT,
      { counted: true, barrier: false, decrements: false, birth: 0 },
    ],
    [
      "decrements",
      { counts: "exact", decrements: true, birth: 127 },
      EXACT,
      { counted: true, barrier: false, decrements: true, birth: 127 },
    ],
  ])("make a plan: %s", (_, collector, counter, expected) => {
    expect(plan(collector, counter)).toEqual(expected);
  });
});

describe("plugins that do not fit", () => {
  it.each<[string, Partial<CollectorTraits>, CounterTraits | undefined, RegExp[]]>([
    ["no counter", { counts: "exact", roots: "derived" }, undefined, [/the heap has no counter/]],
    ["a counter that is not exact", { counts: "exact" }, { exact: false }, [/the counter's are not exact/]],
    ["a counter that nobody reads", { roots: "scan" }, EXACT, [/whose counts nobody would read/]],
    [
      "roots from counts that are not there",
      { roots: "derived" },
      undefined,
      [/Roots are derived from exact/],
    ],
    [
      "decrements of no counts",
      { decrements: true },
      undefined,
      [/told of decrements; without counts there are none/],
    ],
    ["a collector that moves", { moves: true }, undefined, [/moves objects; cells stay where they are/]],
    [
      "several at once",
      { moves: true, decrements: true, roots: "derived" },
      EXACT,
      [/nobody would read/, /Roots are derived/, /decrements/, /moves objects/],
    ],
  ])("are told apart, each with what to do: %s", (_, collector, counter, expected) => {
    const found = mismatches(collector, counter);
    expect(found).toHaveLength(expected.length);
    for (const [place, { need, have, fix }] of found.entries()) {
      expect(`${need}; ${have}`).toMatch(expected[place]!);
      expect(fix.length).toBeGreaterThan(20);
    }
  });

  it("fit once what is said is done", () => {
    expect(plan({ counts: "exact", roots: "derived" }, EXACT)).not.toBeInstanceOf(Array);
    expect(plan({ counts: "none", roots: "scan" })).not.toBeInstanceOf(Array);
  });
});

describe("a collector plugin", () => {
  const create = () => undefined as never;

  it("is filled in with what a collector that does nothing has", () => {
    expect(defineCollector({ name: "c", summary: "s", traits: {}, create })).toMatchObject({
      kind: "collector",
      name: "c",
      summary: "s",
      traits: { counts: "none", roots: "none", barrier: "none", decrements: false, birth: 0, generations: 1 },
    });
    expect("summary" in defineCollector({ name: "c", traits: {}, create })).toBe(false);
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["no name", { traits: {}, create }],
    ["a bad name", { name: "My Collector", traits: {}, create }],
    ["no create", { name: "c", traits: {} }],
    ["counts", { name: "c", traits: { counts: "some" }, create }],
    ["roots", { name: "c", traits: { roots: true }, create }],
    ["barrier", { name: "c", traits: { barrier: "all" }, create }],
    ["birth", { name: "c", traits: { birth: 128 }, create }],
    ["birth below 0", { name: "c", traits: { birth: -1 }, create }],
    ["birth in between", { name: "c", traits: { birth: 0.5 }, create }],
    ["generations", { name: "c", traits: { generations: 4 }, create }],
    ["no generations", { name: "c", traits: { generations: 0 }, create }],
    ["a flag", { name: "c", traits: { exact: 1 }, create }],
    ["an unknown trait", { name: "c", traits: { fast: true }, create }],
  ])("that is malformed is refused: %s", (_, definition) => {
    expect(codeOf(() => defineCollector(definition as never))).toBe("ERR_BAD_PLUGIN");
  });

  it("from elsewhere is looked at, too, but may know traits that are newer", () => {
    const mine = defineCollector({ name: "c", traits: {}, create });
    expect(() => assertCollectorPlugin({ ...mine, traits: { ...mine.traits, newer: 1 } })).not.toThrow();
    for (const broken of [
      { ...mine, traits: undefined },
      { ...mine, traits: null },
      { ...mine, traits: {} },
      { ...mine, create: 5 },
      { ...mine, kind: "allocator" },
      { ...mine, api: 99 },
      undefined,
    ]) {
      expect(codeOf(() => assertCollectorPlugin(broken))).toBe("ERR_BAD_PLUGIN");
    }
    expect(
      errorOf(() => assertCollectorPlugin({ ...mine, traits: { ...mine.traits, birth: 200 } })).message,
    ).toContain("birth (a whole number from 0 to 127)");
  });
});

describe("a counter plugin", () => {
  const create = () => undefined as never;

  it("says whether it is exact", () => {
    expect(defineCounter({ name: "c", summary: "s", traits: EXACT, create })).toMatchObject({
      kind: "counter",
      name: "c",
      summary: "s",
      traits: EXACT,
    });
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["no create", { name: "c", traits: EXACT }],
    ["no traits", { name: "c", create }],
    ["a trait that is no flag", { name: "c", traits: { exact: "yes" }, create }],
    ["a bad name", { name: "", traits: EXACT, create }],
  ])("that is malformed is refused: %s", (_, definition) => {
    expect(codeOf(() => defineCounter(definition as never))).toBe("ERR_BAD_PLUGIN");
  });

  it("from elsewhere is looked at, too", () => {
    const mine = defineCounter({ name: "c", traits: EXACT, create });
    expect(() => assertCounterPlugin(mine)).not.toThrow();
    for (const broken of [
      { ...mine, traits: undefined },
      { ...mine, create: undefined },
      { ...mine, kind: "collector" },
    ]) {
      expect(codeOf(() => assertCounterPlugin(broken))).toBe("ERR_BAD_PLUGIN");
    }
  });
});
