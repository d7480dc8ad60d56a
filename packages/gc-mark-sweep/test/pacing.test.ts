import { describe, expect, it } from "vitest";

import type { CollectorContext } from "@heapwright/core";

import { markSweep } from "../src/index.js";
import { createPacing, type Pacing } from "../src/pacing.js";
import { errorOf } from "./error-of.js";

const COLLECTOR_WORDS = 48;

/** Pacing with nothing around it. */
function pacingWith(
  options: { threshold?: number; growthPercent?: number } = {},
  words: Int32Array = new Int32Array(COLLECTOR_WORDS),
  attached = false,
): { pacing: Pacing; trigger: { count: number; limit: number }; words: Int32Array } {
  const trigger = { count: 0, limit: Infinity };
  const context = { words, trigger, attached } as Partial<CollectorContext> as CollectorContext;
  const pacing = createPacing(context, { threshold: 700, growthPercent: 100, ...options });
  return { pacing, trigger, words };
}

describe("the pacing", () => {
  it("begins with the threshold as limit", () => {
    expect(pacingWith().trigger.limit).toBe(700);
  });

  it.each([
    { live: 0, growthPercent: 100, limit: 700 },
    { live: 700, growthPercent: 100, limit: 700 },
    { live: 701, growthPercent: 100, limit: 701 },
    { live: 1_000_000, growthPercent: 50, limit: 500_000 },
    { live: 1_000_000, growthPercent: 0, limit: 700 },
    { live: 1_000_000_000, growthPercent: 10_000, limit: 2 ** 31 - 1 },
  ])(
    "waits for $limit births at $growthPercent % when $live objects were left",
    ({ live, growthPercent, limit }) => {
      const { pacing, trigger } = pacingWith({ growthPercent });
      trigger.count = 5;
      pacing.collected(live);
      expect(trigger).toEqual({ count: 0, limit });
    },
  );

  it("never comes to a limit with a threshold of 0", () => {
    const { pacing, trigger } = pacingWith({ threshold: 0 });
    expect(trigger.limit).toBe(Infinity);
    pacing.collected(1_000_000);
    expect(trigger.limit).toBe(Infinity);
    pacing.setThreshold([10]);
    expect(trigger.limit).toBe(1_000_000);
  });

  it("keeps the thresholds that are left out", () => {
    const { pacing, trigger } = pacingWith();
    expect(pacing.getThreshold()).toEqual([700, 0, 0]);
    pacing.setThreshold([9]);
    expect(pacing.getThreshold()).toEqual([9, 0, 0]);
    pacing.setThreshold([1000, 10, 11]);
    pacing.setThreshold([2000, 12]);
    expect(pacing.getThreshold()).toEqual([2000, 12, 11]);
    expect(trigger.limit).toBe(2000);
  });

  it("goes on as it was in a heap that is attached to", () => {
    const { pacing, words } = pacingWith();
    pacing.setThreshold([9, 8, 7]);
    pacing.collected(1234);
    const after = pacingWith({ threshold: 1, growthPercent: 1 }, words, true);
    expect(after.pacing.getThreshold()).toEqual([9, 8, 7]);
    expect(after.pacing.live()).toBe(1234);
  });

  it("notices words that make no sense", () => {
    const { pacing, words } = pacingWith();
    expect(pacing.problems()).toEqual([]);
    words[0] = -1;
    expect(pacing.problems()).toHaveLength(1);
  });
});

describe("the options", () => {
  it.each([
    ["threshold", -1],
    ["threshold", 2 ** 31],
    ["threshold", 0.5],
    ["threshold", Number.NaN],
    ["threshold", "700"],
    ["growthPercent", -1],
    ["growthPercent", 10_001],
    ["growthPercent", null],
  ])("refuse %s: %s", (name, value) => {
    const error = errorOf(() => markSweep({ [name]: value }));
    expect(error.code).toBe("ERR_BAD_OPTION");
    expect(error.message).toContain(name);
  });
});
