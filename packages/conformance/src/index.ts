/**
 * The rules of the plugin contracts as runnable cases, free of any test runner.
 *
 * A kit is a list of cases. A case has a title that reads well after "it", the
 * rule it belongs to, and a `run` that throws when the rule is broken. What a
 * plugin's traits leave out is skipped with the reason, so a missing feature is
 * a stated fact.
 *
 * @packageDocumentation
 */

export { conformance } from "./conformance.js";
export type { ConformanceCase, ConformanceOptions } from "./conformance-case.js";
export { allocatorConformance } from "./allocator/kit.js";
export { ALLOCATOR_RULES, type AllocatorRule } from "./allocator/rules.js";
export { collectorConformance } from "./collector/kit.js";
export type { CollectorConformanceOptions } from "./collector/options.js";
export { COLLECTOR_RULES, type CollectorRule } from "./collector/rules.js";
export {
  runCases,
  summarize,
  type ConformanceReport,
  type FailedCase,
  type SkippedCase,
} from "./run-cases.js";
