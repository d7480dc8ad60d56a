import { describe, expect, it } from "vitest";

import { add, closingLine, countFile, countReport } from "./count.mjs";

const report = (numbers, testResults = []) => ({
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  ...numbers,
  testResults,
});

describe("countReport", () => {
  it("counts todo tests as skipped", () => {
    expect(countReport(report({ numPassedTests: 3, numPendingTests: 1, numTodoTests: 2 }))).toEqual({
      passed: 3,
      failed: 0,
      skipped: 3,
    });
  });

  it("counts a file that failed to load as one failure", () => {
    const files = [{ status: "failed", assertionResults: [] }];
    expect(countReport(report({}, files)).failed).toBe(1);
  });

  it("counts a failing test once, not its file too", () => {
    const files = [{ status: "failed", assertionResults: [{ status: "failed" }, { status: "passed" }] }];
    expect(countReport(report({ numPassedTests: 1, numFailedTests: 1 }, files)).failed).toBe(1);
  });
});

describe("countFile", () => {
  it("counts a missing report as one failure", () => {
    expect(countFile("no/such/report.json")).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});

describe("closingLine", () => {
  it("leaves skips out when there are none", () => {
    expect(closingLine({ passed: 2, failed: 0, skipped: 0 })).toBe("2 passed, 0 failed");
  });

  it("sums what is added", () => {
    const sum = add({ passed: 1, failed: 0, skipped: 4 }, { passed: 2, failed: 3, skipped: 0 });
    expect(closingLine(sum)).toBe("3 passed, 3 failed, 4 skipped");
  });
});
