import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, it, vi } from "vitest";

import {
  ALLOCATOR_RULES,
  COLLECTOR_RULES,
  allocatorConformance,
  collectorConformance,
  runCases,
  summarize,
} from "../src/index.js";
import { MUTANTS as COLLECTOR_MUTANTS, loadMutant as loadCollectorMutant } from "./collector/mutants.js";
import { referenceCounter } from "./collector/reference-counter.js";
import { MUTANTS, loadMutant } from "./mutants.js";
import { reference } from "./reference-allocator.js";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

const COLLECTORS = "## Collectors";
const allocatorPart = readme.slice(0, readme.indexOf(COLLECTORS));
const collectorPart = readme.slice(readme.indexOf(COLLECTORS));

/** The text of the first block of code in a language. */
function firstBlock(language: string, part: string): string {
  return new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s").exec(part)?.[1] ?? "";
}

/** The rows of a table of rules. */
function rulesIn(part: string): unknown {
  const rows = [...part.matchAll(/^\| `([a-z-]+)` +\| (.+?) +\|$/gm)].map(([, rule, text]) => [rule, text]);
  return Object.fromEntries(rows);
}

/** What the first example of a part prints, with its imports replaced. */
async function printed(
  part: string,
  name: string,
  imports: readonly (readonly [string, string])[],
): Promise<string> {
  const folder = new URL("../temp/readme/", import.meta.url);
  const file = new URL(`${name}.mjs`, folder);
  mkdirSync(folder, { recursive: true });
  const text = imports.reduce((code, [from, to]) => code.replace(from, to), firstBlock("js", part));
  writeFileSync(file, text);

  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  await import(fileURLToPath(file));
  return `${String(log.mock.lastCall?.[0])}\n`;
}

const KIT = ['"@heapwright/conformance"', '"../../src/index.ts"'] as const;

it("has the rules of the catalogues in the README", () => {
  expect(rulesIn(allocatorPart.slice(allocatorPart.indexOf("## The rules")))).toEqual(ALLOCATOR_RULES);
  expect(rulesIn(collectorPart.slice(collectorPart.indexOf("### The rules")))).toEqual(COLLECTOR_RULES);
});

it("prints what the README says when its first example runs", async () => {
  expect(await printed(allocatorPart, "example", [KIT])).toBe(firstBlock("text", allocatorPart));
});

it("prints what the README says when its collector runs", async () => {
  const found = await printed(collectorPart, "collector", [
    KIT,
    [
      'import { pymalloc } from "@heapwright/allocator";',
      'import { reference } from "../../test/reference-allocator.ts";',
    ],
    ["[pymalloc()]", "[reference]"],
  ]);
  expect(found).toBe(firstBlock("text", collectorPart));
});

it("has a true message of a collector in the README", async () => {
  const mutant = COLLECTOR_MUTANTS.find(({ name }) => name.startsWith("counts one object too many"))!;
  const options = { allocators: [reference], counter: referenceCounter, seed: 1 };
  const cases = collectorConformance(await loadCollectorMutant(mutant), options);
  const [, message] = summarize(
    await runCases(cases.filter(({ id }) => id === "exact-number/programs/reference")),
  ).split("\n\nFAILED");
  expect(readme).toContain(`\`\`\`text\nFAILED${message ?? ""}\n\`\`\``);
});

it("has a true message in the README", async () => {
  const mutant = await loadMutant(MUTANTS.find(({ name }) => name.startsWith("copies one byte too few"))!);
  const cases = allocatorConformance(mutant, { seed: 1 }).filter(({ id }) => id === "realloc-keeps/programs");
  const [, message] = summarize(await runCases(cases)).split("\n\nFAILED");
  expect(readme).toContain(`\`\`\`text\nFAILED${message ?? ""}\n\`\`\``);
});
