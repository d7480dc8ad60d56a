import type { CollectorPlugin } from "@heapwright/core";

import { collectorConformance, runCases, type ConformanceCase } from "../../src/index.js";
import { reference as allocator } from "../reference-allocator.js";
import { referenceCounter } from "./reference-counter.js";

/** How hard to look. */
export interface Look {
  readonly runs?: number;
  readonly seed?: number;
  /** The cases to try; all of them when left out. */
  readonly only?: (each: ConformanceCase) => boolean;
}

/** The rules that a collector breaks, on the reference allocator. */
export async function brokenRules(
  plugin: CollectorPlugin,
  { only = () => true, ...look }: Look,
): Promise<string[]> {
  const cases = collectorConformance(plugin, { allocators: [allocator], counter: referenceCounter, ...look });
  const { failed } = await runCases(cases.filter(only));
  return [...new Set(failed.map((each) => each.case.rule))];
}
