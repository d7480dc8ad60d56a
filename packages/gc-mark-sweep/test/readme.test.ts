import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

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
  writeFileSync(file, block("js").replace('"@heapwright/gc-mark-sweep"', '"../../src/index.ts"'));
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  await import(file.pathname);
  expect(log.mock.calls.map((words) => `${words.join(" ")}\n`).join("")).toBe(block("text"));
  log.mockRestore();
});
