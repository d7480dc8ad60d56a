import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

import { expect, it, vi } from "vitest";

import type { AllocatorPlugin } from "../src/allocator-plugin.js";
import { ERROR_CODES } from "../src/errors.js";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

/** The n-th block of code in a language. */
function block(language: string, nth = 0): string {
  return [...readme.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs"))][nth]![1]!;
}

/** Runs a block as a module of its own. */
async function run(code: string, name: string): Promise<Record<string, unknown>> {
  const folder = new URL("../temp/readme/", import.meta.url);
  const file = new URL(name, folder);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, code.replace('"@heapwright/core"', '"../../src/index.ts"'));
  return (await import(file.pathname)) as Record<string, unknown>;
}

it("prints what the README says when its first example runs", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  await run(block("js"), "first.mjs");
  expect(log.mock.calls.map((words) => `${words.join(" ")}\n`).join("")).toBe(block("text"));
  log.mockRestore();
});

it("prints what the README says of a memory that is handed on", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  await run(block("js", 1), "attach.mjs");
  expect(log.mock.calls.map((words) => `${words.join(" ")}\n`).join("")).toBe(block("text", 1));
  log.mockRestore();
});

it("has an allocator in the README that allocates, clears, keeps, counts and gives back", async () => {
  const { pages } = (await run(block("js", 2), "pages.mjs")) as { pages: AllocatorPlugin };
  const allocator = pages.create({ maxBytes: "1MiB" });
  const { memory } = allocator;
  const bytes = (address: number, length: number): number[] => [
    ...new Uint8Array(memory.buffer, address, length),
  ];

  const first = allocator.malloc(3);
  new Uint8Array(memory.buffer, first, 3).set([1, 2, 3]);
  const cleared = allocator.calloc(100, 100);
  expect(bytes(cleared, 10_000).every((byte) => byte === 0)).toBe(true);
  const moved = allocator.realloc(first, 5000);
  expect(bytes(moved, 3)).toEqual([1, 2, 3]);
  expect(() => allocator.free(first)).toThrow("No live block starts at");
  expect(allocator.stats()).toMatchObject({ liveBlocks: 2, allocatedBytes: 20_480 });
  allocator.verify();
  allocator.free(moved);
  allocator.free(cleared);
  expect(memory.runs()).toHaveLength(1);
  allocator.dispose();
  expect(() => allocator.malloc(1)).toThrow("disposed");
});

it("has the catalogue of errors in the README", () => {
  const rows = [...readme.matchAll(/^\| `(ERR_\w+)` +\| (.+?) +\|$/gm)].map(([, code, meaning]) => [
    code,
    meaning,
  ]);
  expect(Object.fromEntries(rows)).toEqual(ERROR_CODES);
});
