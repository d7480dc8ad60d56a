import { describe, expect, it } from "vitest";

import { createBump, createPymalloc } from "../src/index.js";

// Addresses over 2 GiB are where 32-bit arithmetic goes wrong.
describe("above 2 GiB", () => {
  const offset = 2 ** 31 - 28 * 2 ** 20;

  it.each([
    ["pymalloc", createPymalloc],
    ["bump", createBump],
  ])("%s keeps blocks apart and their contents", (_, create) => {
    using heap = create({ memory: new ArrayBuffer(2 ** 31 + 64 * 2 ** 20), offset });
    const words = new Uint32Array(heap.memory.buffer);
    const blocks = Array.from({ length: 120_000 }, (_, i) => ({ address: heap.malloc(4 + (i % 600)), i }));
    for (const { address, i } of blocks) words[address / 4] = i;
    expect(blocks.some(({ address }) => address < 2 ** 31)).toBe(true);
    expect(blocks.some(({ address }) => address >= 2 ** 31)).toBe(true);
    heap.verify();
    for (const { address, i } of blocks) expect(words[address / 4]).toBe(i);
    for (const { address, i } of blocks) if (i % 3 === 0) heap.free(address);
    for (const { address, i } of blocks) {
      if (i % 3 !== 1) continue;
      const moved = heap.realloc(address, 900);
      expect(words[moved / 4]).toBe(i);
    }
    heap.verify();
  });

  it.each([
    ["pymalloc", createPymalloc],
    ["bump", createBump],
  ])("%s stands on a memory of exactly 4 GiB", (_, create) => {
    using heap = create({ maxBytes: "4GiB" });
    heap.free(heap.malloc(100));
    heap.verify();
  });

  it("pymalloc fills a memory of 4 GiB to its last arena", { timeout: 120_000 }, () => {
    using heap = createPymalloc({ maxBytes: "4GiB", checks: false });
    const blocks: number[] = [];
    expect(() => {
      for (;;) blocks.push(heap.malloc(64 * 2 ** 20));
    }).toThrow(expect.objectContaining({ code: "ERR_OUT_OF_MEMORY" }) as Error);
    expect(blocks.length).toBeGreaterThan(60);
    expect(Math.max(...blocks)).toBeGreaterThan(2 ** 32 - 200 * 2 ** 20);
    heap.free(blocks.at(-1)!);
    const small = heap.malloc(16);
    expect(small).toBeGreaterThan(2 ** 31);
    heap.free(small);
    heap.verify();
  });
});
