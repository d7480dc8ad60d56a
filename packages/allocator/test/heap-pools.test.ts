import { createMemory, type HeapwrightError, type HeapwrightErrorCode } from "@heapwright/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createPymalloc, type Pymalloc, type PymallocOptions } from "../src/index.js";
import { Model, steps } from "./model.js";

const code = (expected: HeapwrightErrorCode): HeapwrightError =>
  expect.objectContaining({ code: expected }) as HeapwrightError;

const KIB = 1024;

/** Arenas of four pools, in a memory that has room for a few of them. */
const SMALL: PymallocOptions = { maxBytes: "128KiB", arenaBytes: "16KiB", poolBytes: "4KiB" };

const GEOMETRIES: PymallocOptions[] = [
  { preset: "cpython-3.11" },
  { preset: "cpython-3.9" },
  { arenaAlignment: "page" },
  { arenaBytes: "16KiB", poolBytes: "4KiB" },
];

/** Writes over every byte of a pool, as a heap may. */
function scribble({ memory, geometry }: Pymalloc, pool: number, byte = 0xff): void {
  new Uint8Array(memory.buffer, pool, geometry.poolBytes).fill(byte);
}

describe.each(GEOMETRIES)("pools of %o", (geometry) => {
  it("begin at multiples of their length, apart from each other and from the blocks", () => {
    using allocator = createPymalloc({ ...geometry, maxBytes: "8MiB" });
    const { pools, memory } = allocator;
    expect(pools.poolBytes).toBe(allocator.geometry.poolBytes);
    const taken = new Set<number>();
    for (let i = 0; i < 100; i++) {
      const pool = pools.take();
      expect(pool % pools.poolBytes).toBe(0);
      expect(pool).toBeGreaterThan(0);
      expect(pool + pools.poolBytes).toBeLessThanOrEqual(memory.maxBytes);
      scribble(allocator, pool);
      taken.add(pool);
      const block = allocator.malloc(1 + ((i * 37) % 512));
      expect(taken.has(block - (block % pools.poolBytes))).toBe(false);
    }
    expect(taken.size).toBe(100);
    allocator.verify();
  });
});

describe("pools", () => {
  it("come from the fullest arena, and an arena that is empty goes back", () => {
    using allocator = createPymalloc(SMALL);
    const { pools } = allocator;
    const taken = Array.from({ length: 8 }, () => pools.take());
    expect(allocator.stats().arenas.current).toBe(2);
    pools.give(taken[0]!);
    pools.give(taken[1]!);
    pools.give(taken[4]!);
    // The second arena has one free pool, the first has two.
    expect(pools.take()).toBe(taken[4]);
    expect([taken[0], taken[1]]).toContain(pools.take());
    allocator.verify();
    for (const pool of taken) if (allocator.locate(pool)?.state === "heap pool") pools.give(pool);
    expect(allocator.stats().arenas).toMatchObject({ current: 1, peak: 2, total: 2 });
    allocator.verify();
  });

  it("serve blocks again once they are given back, whatever was written there", () => {
    using allocator = createPymalloc(SMALL);
    const { pools } = allocator;
    const blocks = Array.from({ length: 20 }, () => allocator.malloc(64));
    for (const block of blocks) allocator.free(block); // the pool keeps its class and its free list
    const pool = pools.take();
    expect(pool).toBe(blocks[0]! - 48);
    scribble(allocator, pool);
    pools.give(pool);
    const again = Array.from({ length: 20 }, () => allocator.malloc(64));
    expect(again).toEqual(blocks);
    allocator.verify();
  });

  it("are counted, located and passed by", () => {
    using allocator = createPymalloc();
    const { pools } = allocator;
    const block = allocator.malloc(100);
    const pool = pools.take();
    pools.take();
    const { heapPools, liveBlocks, bytesInArenas } = allocator.stats();
    expect({ heapPools, liveBlocks }).toEqual({ heapPools: 2, liveBlocks: 1 });
    expect(bytesInArenas.heapPools).toBe(2 * 16 * KIB);
    const parts = Object.values<number>({ ...bytesInArenas });
    expect(parts.reduce((sum, bytes) => sum + bytes)).toBe(1024 * KIB);
    expect(allocator.locate(pool + 100)).toMatchObject({
      kind: "pool",
      arena: 0,
      pool: 1,
      poolAddress: pool,
      sizeClass: undefined,
      block: undefined,
      blockAddress: pool,
      offset: 100,
      state: "heap pool",
    });
    const shown: number[] = [];
    allocator.walk(({ address }) => void shown.push(address));
    expect(shown).toEqual([block]);
    pools.give(pool);
    expect(allocator.locate(pool)?.state).toBe("uncarved");
    expect(allocator.stats().heapPools).toBe(1);
  });

  it("get room from the spare chunk of large blocks before they are refused", () => {
    using allocator = createPymalloc({ maxBytes: "1MiB", arenaBytes: "512KiB", poolBytes: "16KiB" });
    const { pools } = allocator;
    allocator.free(allocator.malloc(400_000)); // a spare chunk is in the way of the arena
    for (let i = 0; i < 32; i++) expect(pools.take()).toBeGreaterThan(0);
    expect(pools.take()).toBe(0);
    allocator.verify();
    expect(() => allocator.malloc(16)).toThrow(code("ERR_OUT_OF_MEMORY"));
    allocator.verify();
  });

  it("are all back in the memory when the allocator is disposed", () => {
    const memory = createMemory({ memory: "buffer", maxBytes: "4MiB" });
    const { takenBytes } = memory.usage();
    const allocator = createPymalloc({ memory });
    const pool = allocator.pools.take();
    allocator.pools.take();
    allocator.dispose();
    expect(memory.usage().takenBytes).toBe(takenBytes);
    expect(() => allocator.pools.take()).toThrow(code("ERR_DISPOSED"));
    expect(() => {
      allocator.pools.give(pool);
    }).toThrow(code("ERR_DISPOSED"));
  });
});

describe.each([true, false])("with checks %s", (checks) => {
  it("an address in a pool that a heap has is no block's", () => {
    using allocator = createPymalloc({ checks });
    const block = allocator.malloc(64);
    allocator.free(block); // its pool goes to the heap
    const pool = allocator.pools.take();
    scribble(allocator, pool, 0x11);
    for (const address of [pool, block, pool + 48, pool + 64, pool + 8, pool + 16 * KIB - 16]) {
      for (const call of [
        (): void => {
          allocator.free(address);
        },
        () => allocator.realloc(address, 100),
        () => allocator.usableSize(address),
        (): void => {
          allocator.domains.raw.free(address);
        },
      ]) {
        expect(call).toThrow(code("ERR_BAD_ADDRESS"));
      }
    }
    expect(() => {
      allocator.free(block);
    }).toThrow(`It is 48 B into the pool at ${pool}, which a heap has.`);
    allocator.verify();
  });

  it("an address where no pool was taken is refused", () => {
    using allocator = createPymalloc({ checks });
    const { pools } = allocator;
    const block = allocator.malloc(64);
    const pool = pools.take();
    const wrong = [0, 16, -1, NaN, 0.5, 2 ** 32, 2 ** 40, pool + 16, pool + 16 * KIB, block, block - 48];
    for (const address of [...wrong, undefined as never, String(pool) as never]) {
      expect(() => {
        pools.give(address);
      }).toThrow(code("ERR_BAD_ADDRESS"));
    }
    pools.give(pool);
    expect(() => {
      pools.give(pool);
    }).toThrow(code("ERR_BAD_ADDRESS"));
    allocator.verify();
  });
});

describe("verify", () => {
  const POOL_BYTES = 4 * KIB;

  /** The row of a pool: found by its marking, which no other word of the fresh tables has. */
  function rowOf({ memory, pools }: Pymalloc): Int32Array {
    const before = new Int32Array(memory.buffer).slice();
    pools.take();
    const words = new Int32Array(memory.buffer);
    const live = words.findIndex((word, index) => word === -1 && before[index] !== -1);
    return words.subarray(live - 1, live + 7);
  }

  it.each<[what: string, word: number, value: number, problem: RegExp]>([
    ["another number of blocks below 0", 1, -2, /The row of pool \d+ is damaged/],
    ["a size class", 5, 3, /The row of pool \d+ is damaged/],
    ["no mark", 1, 0, /A heap has 0 pools, the counter says 1/],
  ])("finds %s in the row of a pool that a heap has", (_, word, value, problem) => {
    using allocator = createPymalloc(SMALL);
    const row = rowOf(allocator);
    allocator.verify();
    row[word] = value;
    expect(() => {
      allocator.verify();
    }).toThrow(problem);
  });

  it("finds a live bit in a pool that a heap has", () => {
    using allocator = createPymalloc(SMALL);
    const { memory, pools } = allocator;
    const block = allocator.malloc(512);
    const words = new Int32Array(memory.buffer);
    const bit = words.subarray(0, block / 4).findLastIndex((word) => word === 1 << ((block / 16) % 32));
    allocator.free(block);
    expect(pools.take()).toBe(block - (block % POOL_BYTES));
    allocator.verify();
    words[bit] = 1;
    expect(() => {
      allocator.verify();
    }).toThrow(/A live bit is set in pool \d+, where there are no blocks/);
  });
});

// ── Random programs ─────────────────────────────────────────────────────────

describe("random programs with pools taken and given between blocks", () => {
  it.each([true, false])("keep what was written in both, checks %s", (checks) => {
    fc.assert(
      fc.property(steps, (program) => {
        using allocator = createPymalloc({ ...SMALL, checks });
        const model = new Model(allocator);
        for (const each of program) {
          model.play(each);
          model.check();
        }
      }),
      { numRuns: 60 },
    );
  });
});
