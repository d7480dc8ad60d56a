/**
 * For people without a test runner: runs the cases of a kit one after the other
 * and tells how it went, as data and as text.
 */

import type { ConformanceCase } from "./conformance-case.js";

/** A case whose rule is broken. */
export interface FailedCase {
  /** The case. */
  readonly case: ConformanceCase;
  /** What was expected and what was found. */
  readonly reason: string;
  /** What `run` threw. */
  readonly error: unknown;
}

/** A case that does not apply. */
export interface SkippedCase {
  /** The case. */
  readonly case: ConformanceCase;
  /** Its `skip`. */
  readonly reason: string;
}

/** How the cases of a kit went. Each case is in one of the lists. */
export interface ConformanceReport {
  /** Cases whose rule is kept. */
  readonly passed: readonly ConformanceCase[];
  /** Cases whose rule is broken, with what was found. */
  readonly failed: readonly FailedCase[];
  /** Cases that do not apply, with the reason. */
  readonly skipped: readonly SkippedCase[];
}

/**
 * Runs all cases of a kit, one after the other. A broken rule is reported, never thrown.
 *
 * @param cases - what a kit returned, or some of it
 */
export async function runCases(cases: readonly ConformanceCase[]): Promise<ConformanceReport> {
  const passed: ConformanceCase[] = [];
  const failed: FailedCase[] = [];
  const skipped: SkippedCase[] = [];
  for (const each of cases) {
    if (each.skip !== undefined) {
      skipped.push({ case: each, reason: each.skip });
      continue;
    }
    try {
      await each.run();
      passed.push(each);
    } catch (error) {
      failed.push({ case: each, reason: error instanceof Error ? error.message : String(error), error });
    }
  }
  return { passed, failed, skipped };
}

/**
 * Writes a report for people: the counts, each reason for a skip once, and what was found in each failed case.
 *
 * @param report - from {@link runCases}
 * @returns lines of text, without a newline at the end
 */
export function summarize(report: ConformanceReport): string {
  const { passed, failed, skipped } = report;
  const lines = [`${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`];
  for (const [reason, rules] of rulesByReason(skipped)) {
    lines.push(`- skipped ${[...rules].join(", ")}: ${reason}`);
  }
  for (const { case: each, reason } of failed) {
    lines.push(
      "",
      `FAILED ${each.id}: it ${each.title}`,
      ...reason.split("\n").map((line) => `  ${line}`.trimEnd()),
    );
  }
  return lines.join("\n");
}

function rulesByReason(skipped: readonly SkippedCase[]): Map<string, Set<string>> {
  const rules = new Map<string, Set<string>>();
  for (const { case: each, reason } of skipped) {
    rules.set(reason, (rules.get(reason) ?? new Set()).add(each.rule));
  }
  return rules;
}
