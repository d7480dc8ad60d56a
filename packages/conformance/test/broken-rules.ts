import type { AllocatorPlugin } from "@heapwright/core";

import { conformance, runCases, type ConformanceOptions } from "../src/index.js";

/**
 * The rules that an allocator breaks.
 *
 * @param only - the rules to try; all of them when left out
 */
export async function brokenRules(
  plugin: AllocatorPlugin,
  options: ConformanceOptions,
  only: (rule: string) => boolean = () => true,
): Promise<string[]> {
  const cases = conformance.allocator(plugin, options).filter(({ rule }) => only(rule));
  const { failed } = await runCases(cases);
  return [...new Set(failed.map((each) => each.case.rule))];
}
