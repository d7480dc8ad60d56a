import { readFileSync } from "node:fs";

import { expect, it } from "vitest";

import { runCli } from "./run-cli.js";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

/** Times differ from run to run, and with them the width of their cells. */
function withoutTimes(text: string): string {
  return text
    .split("\n")
    .filter((line) => !line.includes("ns per event"))
    .join("\n");
}

it("prints what the README says", async () => {
  const [, args, output] = /^npx @heapwright\/cli (.*)\n```\n\n```text\n([^`]*)```$/m.exec(readme)!;
  const { stdout } = await runCli([...args!.split(" "), "--rounds", "1"]);
  expect(withoutTimes(stdout)).toBe(withoutTimes(output!));
});
