// Adds up the JSON reports that vitest leaves, one a package.
import { existsSync, readFileSync } from "node:fs";

/** No test at all: where every sum starts. */
export const NOTHING = { passed: 0, failed: 0, skipped: 0 };

/**
 * What one run of vitest came to. A file that fails before its first test (a
 * bad import, a throwing `describe`) holds no test to count, so it counts as one.
 */
export function countReport(report) {
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** The same for a file; a report that is not there is one failure. */
export function countFile(path) {
  if (!existsSync(path)) return { passed: 0, failed: 1, skipped: 0 };
  return countReport(JSON.parse(readFileSync(path, "utf8")));
}

export function add(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The closing line: `12 passed, 0 failed`, and `, 3 skipped` when there are any. */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
