import { describe, expect, it } from "vitest";

import { runCases, summarize, type ConformanceCase } from "../src/index.js";

const kept: ConformanceCase = { id: "one/a", rule: "one", title: "keeps one", run: () => undefined };
const broken: ConformanceCase = {
  id: "two/a",
  rule: "two",
  title: "keeps two",
  run: () => Promise.reject(new Error("2 must be 3.\n\n  a = malloc(2)")),
};
const skipped: ConformanceCase = {
  id: "three/a",
  rule: "three",
  title: "keeps three",
  skip: "The trait three is false.",
  run: () => {
    throw new Error("must not run");
  },
};

describe("runCases", () => {
  it("puts each case into one of three lists, with the reasons", async () => {
    const report = await runCases([kept, broken, skipped]);
    expect(report.passed).toEqual([kept]);
    expect(report.failed).toMatchObject([{ case: broken, reason: "2 must be 3.\n\n  a = malloc(2)" }]);
    expect(report.skipped).toEqual([{ case: skipped, reason: "The trait three is false." }]);
  });

  it("runs one case after the other", async () => {
    const order: string[] = [];
    const slow = async (name: string): Promise<void> => {
      order.push(`${name} begins`);
      await Promise.resolve();
      order.push(`${name} ends`);
    };
    const cases = ["a", "b"].map((id) => ({ ...kept, id, run: () => slow(id) }));
    await runCases(cases);
    expect(order).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  });
});

describe("summarize", () => {
  it("writes the counts, each reason once and what was found", async () => {
    const again = { ...skipped, id: "three/b" };
    expect(summarize(await runCases([kept, broken, skipped, again]))).toBe(
      [
        "1 passed, 1 failed, 2 skipped",
        "- skipped three: The trait three is false.",
        "",
        "FAILED two/a: it keeps two",
        "  2 must be 3.",
        "",
        "    a = malloc(2)",
      ].join("\n"),
    );
  });

  it("writes one line when nothing is wrong", async () => {
    expect(summarize(await runCases([kept]))).toBe("1 passed, 0 failed, 0 skipped");
  });
});
