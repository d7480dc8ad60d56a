import { assertCollectorPlugin, type CollectorContext, type Trigger } from "@heapwright/core";
import { describe, expect, it } from "vitest";

import { none } from "../src/index.js";

function contextFor(words: Int32Array, attached = false): CollectorContext {
  const trigger: Trigger = { count: 0, limit: 700 };
  return { words, trigger, attached } as Partial<CollectorContext> as CollectorContext;
}

describe("none", () => {
  it("is a collector that says what it does not do", () => {
    const plugin: unknown = none();
    assertCollectorPlugin(plugin);
    expect(plugin.name).toBe("none");
    expect(plugin.traits).toMatchObject({
      counts: "exact",
      roots: "none",
      cycles: false,
      automatic: false,
      exact: false,
    });
  });

  it("collects nothing, in every generation", () => {
    const collector = none().create(contextFor(new Int32Array(48)));
    for (const generation of [0, 1, 2]) {
      expect(collector.collect(generation)).toEqual({ collected: 0, uncollectable: 0 });
    }
    collector.tripped();
    expect(collector.problems()).toEqual([]);
  });

  it("is never asked for a collection", () => {
    const context = contextFor(new Int32Array(48));
    none().create(context);
    expect(context.trigger.limit).toBe(Infinity);
  });

  it("counts objects from one collect() to the next", () => {
    const context = contextFor(new Int32Array(48));
    const collector = none().create(context);
    context.trigger.count = 12;
    expect(collector.getCount()).toEqual([12, 0, 0]);
    collector.collect(0);
    expect(collector.getCount()).toEqual([0, 0, 0]);
  });

  it("keeps thresholds in the memory, CPython's at first", () => {
    const words = new Int32Array(48);
    const collector = none().create(contextFor(words));
    expect(collector.getThreshold()).toEqual([700, 10, 10]);
    collector.setThreshold([5]);
    collector.setThreshold([5, 6]);
    expect(collector.getThreshold()).toEqual([5, 6, 10]);
    expect(none().create(contextFor(words, true)).getThreshold()).toEqual([5, 6, 10]);
    words[1] = -1;
    expect(collector.problems()).toEqual(["A threshold is -1."]);
  });
});
