import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, it, vi } from "vitest";

import { ALLOCATOR_RULES, allocatorConformance, runCases, summarize } from "../src/index.js";
import { MUTANTS, loadMutant } from "./mutants.js";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

/** The text of the first block of code in a language. */
function firstBlock(language: string): string {
  return new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s").exec(readme)?.[1] ?? "";
}

it("has the rules of the catalogue in the README", () => {
  const table = readme.slice(readme.indexOf("## The rules"));
  const rows = [...table.matchAll(/^\| `([a-z-]+)` +\| (.+?) +\|$/gm)].map(([, rule, text]) => [rule, text]);
  expect(Object.fromEntries(rows)).toEqual(ALLOCATOR_RULES);
});

it("prints what the README says when its first example runs", async () => {
  const folder = new URL("../temp/readme/", import.meta.url);
  const file = new URL("example.mjs", folder);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, firstBlock("js").replace('"@heapwright/conformance"', '"../../src/index.ts"'));

  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  await import(fileURLToPath(file));
  expect(`${String(log.mock.lastCall?.[0])}\n`).toBe(firstBlock("text"));
});

it("has a true message in the README", async () => {
  const mutant = await loadMutant(MUTANTS.find(({ name }) => name.startsWith("copies one byte too few"))!);
  const cases = allocatorConformance(mutant, { seed: 1 }).filter(({ id }) => id === "realloc-keeps/programs");
  const [, message] = summarize(await runCases(cases)).split("\n\nFAILED");
  expect(readme).toContain(`\`\`\`text\nFAILED${message ?? ""}\n\`\`\``);
});
