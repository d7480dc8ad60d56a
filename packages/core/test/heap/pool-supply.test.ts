import { describe, expect, it } from "vitest";

import type { BlockAllocator } from "../../src/allocator.js";
import { createHeap } from "../../src/heap/create-heap.js";
import { poolSupply, tryMalloc } from "../../src/heap/pool-supply.js";
import { createMemory, type Memory, type MemoryOptions } from "../../src/memory.js";
import { codeOf } from "../error-of.js";
import { COUNTED, openHeap, pluginsOf } from "./support/open-heap.js";
import { pages } from "./support/pages-allocator.js";

const POOL_BYTES = 16_384;

/** An allocator without pools whose blocks begin 16 bytes into their pages. */
function openBlocks(
  maxBytes: number | string,
  options: MemoryOptions = {},
): { memory: Memory; allocator: BlockAllocator; asked: number[] } {
  const memory = createMemory({ memory: "buffer", maxBytes, ...options });
  const asked: number[] = [];
  const own = pages({ poolBytes: 0 }).create({ memory });
  const allocator: BlockAllocator = {
    ...own,
    realloc(address, bytes) {
      asked.push(bytes);
      return own.realloc(address, bytes + 16) + 16;
    },
  };
  return { memory, allocator, asked };
}

describe("the supply of pools", () => {
  it("is the allocator's own, where it has one", () => {
    const allocator = pages().create({ maxBytes: "1MiB" });
    expect(poolSupply(allocator)).toBe(allocator.pools);
  });

  it("cuts blocks of 63 pools, each aligned, the lowest first", () => {
    const { allocator, asked } = openBlocks("4MiB");
    const supply = poolSupply(allocator);
    const got = Array.from({ length: 64 }, () => supply.take());
    expect(asked).toEqual([64 * POOL_BYTES, 64 * POOL_BYTES]);
    expect(supply.poolBytes).toBe(POOL_BYTES);
    for (const pool of got) expect(pool % POOL_BYTES).toBe(0);
    expect(new Set(got).size).toBe(64);
    expect(got.slice(0, 63)).toEqual([...got.slice(0, 63)].sort((a, b) => a - b));
    expect(got[62]! - got[0]!).toBe(62 * POOL_BYTES);
    allocator.verify();
  });

  it("asks for fewer where there is less room, and for one at the end", () => {
    const { memory, allocator, asked } = openBlocks("512KiB");
    const supply = poolSupply(allocator);
    const got: number[] = [];
    for (let pool = supply.take(); pool !== 0; pool = supply.take()) got.push(pool);
    expect(new Set(asked)).toEqual(new Set([64, 16, 4, 2].map((pools) => pools * POOL_BYTES)));
    expect(got.length).toBeGreaterThan(20);
    expect(new Set(got).size).toBe(got.length);
    for (const pool of got) expect(pool + POOL_BYTES).toBeLessThanOrEqual(memory.maxBytes);
    supply.give(got[3]!);
    supply.give(got[5]!);
    expect([supply.take(), supply.take(), supply.take()]).toEqual([got[5], got[3], 0]);
  });

  it("is found again by who attaches, with its free pools", () => {
    const { allocator, asked } = openBlocks("4MiB");
    const supply = poolSupply(allocator);
    const [first, second] = [supply.take(), supply.take()];
    supply.give(first);
    const again = poolSupply(allocator);
    expect(again.take()).toBe(first);
    expect(again.take()).toBe(second + POOL_BYTES);
    expect(asked).toHaveLength(1);
  });

  it("lets errors through that are not about room", () => {
    const { allocator } = openBlocks("1MiB");
    expect(tryMalloc(allocator, 1e9)).toBe(0);
    expect(codeOf(() => tryMalloc(allocator, -20))).toBe("ERR_BAD_SIZE");
    allocator.dispose();
    expect(codeOf(() => tryMalloc(allocator, 16))).toBe("ERR_DISPOSED");
  });

  it.each(["wasm", "buffer", "shared", "resizable"] as const)("serves a heap on %s memory", (memory) => {
    const { heap, layouts } = openHeap(COUNTED, { allocator: pages({ poolBytes: 0 }), memory });
    heap.scope((s) => {
      for (let made = 0; made < 2000; made++) s.create(layouts.plain);
      heap.verify();
    });
    heap.verify();
    heap.dispose();
  });

  it("serves a heap at 4 GiB", () => {
    const heap = createHeap({
      ...pluginsOf(COUNTED),
      allocator: pages({ poolBytes: 0 }),
      memory: "wasm",
      maxBytes: "4GiB",
    });
    heap.scope((s) => s.create(heap.layout({ name: "a", scan: "all" }), 3));
    heap.dispose();
  });
});
