import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { format } from "node:util";

import { expect, it, vi } from "vitest";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

/** The first block of code in a language. */
function block(language: string): string {
  return new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s").exec(readme)![1]!;
}

it("prints what the README says when its example runs", async () => {
  const folder = new URL("../temp/readme/", import.meta.url);
  const file = new URL("first.mjs", folder);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, block("js").replace('"@heapwright/gc-generational"', '"../../src/index.ts"'));
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  await import(file.pathname);
  expect(log.mock.calls.map((values) => `${format(...values)}\n`).join("")).toBe(block("text"));
  log.mockRestore();
});
