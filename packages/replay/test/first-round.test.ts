import { HeapwrightError } from "@heapwright/core";
import { describe, expect, it } from "vitest";

import { createTraceWriter, openTrace, replay, type Trace } from "../src/index.js";
import { naive, type Variant } from "./naive-allocator.js";

/** Blocks of many lengths, each moved and freed once; a few stay. */
async function busyTrace(): Promise<Trace> {
  const writer = createTraceWriter({ program: "busy" });
  const blocks: number[] = [];
  for (const bytes of [0, 1, 15, 16, 17, 100, 511, 512, 513, 1023, 1024, 1025, 1030, 3000]) {
    blocks.push(writer.malloc(bytes), writer.calloc(bytes));
  }
  for (const block of blocks) writer.realloc(block, (block * 197) % 2200);
  for (const block of blocks) if (block % 4 !== 0) writer.free(block);
  return openTrace(writer.finish());
}

describe("the first round", () => {
  it("accepts a correct allocator, and the same one over resizable and wasm memory", async () => {
    for (const memory of ["buffer", "shared", "wasm", "resizable"] as const) {
      const result = await replay(await busyTrace(), naive(), { rounds: 0, allocator: { memory } });
      expect(result.problems).toEqual([]);
    }
  });

  it.each<[string, Variant["change"], RegExp]>([
    [
      "blocks that are shorter than asked for, and so overlap",
      ({ malloc }) => ({ malloc: (bytes) => malloc(Math.max(0, bytes - 16)) }),
      /was overwritten/,
    ],
    [
      "the same block twice",
      ({ malloc }) => {
        const first: number[] = [];
        return {
          malloc(bytes) {
            if (bytes === 512 && first.length > 0) return first[0]!;
            const address = malloc(bytes);
            if (bytes === 511) first.push(address);
            return address;
          },
        };
      },
      /byte 0 of the block of 511 B at \d+ was overwritten/,
    ],
    [
      "a realloc that loses contents",
      ({ malloc, free }) => ({
        realloc(address, bytes) {
          free(address);
          return malloc(bytes);
        },
      }),
      /realloc from \d+ B at \d+ to \d+ B at \d+ did not keep byte 0/,
    ],
    [
      "a realloc that keeps 600 bytes at most",
      ({ realloc, memory }) => ({
        realloc(address, bytes) {
          const moved = realloc(address, bytes);
          new Uint8Array(memory.buffer).fill(7, moved + 600, moved + Math.max(600, bytes));
          return moved;
        },
      }),
      /did not keep byte 6\d\d/,
    ],
    [
      "a calloc that does not clear",
      ({ malloc }) => ({ calloc: (count, bytes) => malloc(count * bytes) }),
      /calloc left byte 0 of the block of \d+ B at \d+ uncleared/,
    ],
    [
      "an address that is not aligned",
      ({ malloc }) => ({ malloc: (bytes) => malloc(bytes) + 8 }),
      /was placed at \d+, which no block of that length can have/,
    ],
    [
      "an address of 0",
      () => ({ malloc: () => 0 }),
      /a block of 0 B was placed at 0, which no block of that length can have/,
    ],
    [
      "a block that reaches beyond the memory",
      ({ memory }) => ({ malloc: () => memory.maxBytes - 16 }),
      /a block of 17 B was placed at \d+, which/,
    ],
    [
      "a count of live blocks that is wrong",
      ({ stats }) => ({ stats: () => ({ ...stats(), liveBlocks: 3 }) }),
      /7 blocks are alive, and the allocator says 3/,
    ],
    [
      "tables that are damaged",
      () => ({
        verify() {
          throw new HeapwrightError("ERR_CORRUPT_MEMORY", "A list leads nowhere.");
        },
      }),
      /verify\(\) failed: A list leads nowhere\./,
    ],
    [
      "an exception that is a bug",
      () => ({
        realloc() {
          throw new TypeError("undefined is not a function");
        },
      }),
      /obj realloc of \d+ B was refused: undefined is not a function/,
    ],
  ])("catches %s", async (_, change, message) => {
    const result = await replay(await busyTrace(), naive({ ...(change && { change }) }), { rounds: 0 });
    expect(result.errors).toBeGreaterThan(0);
    expect(result.problems.join("\n")).toMatch(message);
    expect(result.problems.length).toBeLessThanOrEqual(10);
  });

  it("leaves contents alone without stamps, and still checks addresses", async () => {
    const lossy = naive({
      change: ({ malloc, free }) => ({
        realloc(address, bytes) {
          free(address);
          return malloc(bytes);
        },
      }),
    });
    expect((await replay(await busyTrace(), lossy, { rounds: 0, stamp: false })).errors).toBe(0);
    const misaligned = naive({ change: ({ malloc }) => ({ malloc: (bytes) => malloc(bytes) + 8 }) });
    expect((await replay(await busyTrace(), misaligned, { rounds: 0, stamp: false })).errors).toBeGreaterThan(
      0,
    );
  });
});
