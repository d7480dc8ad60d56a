import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { PoolSource } from "../../src/allocator.js";
import { createCells, type Cells } from "../../src/heap/cells.js";
import { POOLS_END, POOLS_START } from "../../src/heap/control.js";
import { CLASSES_PER_KIND, type HeapTables } from "../../src/heap/heap-tables.js";
import { KIND_SHIFT, LEAF_POOL, STRIDE_MASK, TRACKED_POOL } from "../../src/heap/pool-word.js";
import { openTables } from "./support/tables.js";

const POOL_USE = 5;

interface Opened {
  readonly tables: HeapTables;
  readonly cells: Cells;
  readonly source: PoolSource;
  /** Pools that are taken now, by address. */
  readonly taken: Set<number>;
  /** Refuses pools from now on, or not. */
  refuse(yes: boolean): void;
}

/** Cells over pools of the page map. They hold rubbish when they are taken. */
function openCells(poolBytes = 16_384, maxBytes: number | string = "2MiB"): Opened {
  const tables = openTables({ maxBytes }, poolBytes);
  const { memory } = tables;
  const taken = new Set<number>();
  let refuses = false;
  const source: PoolSource = {
    poolBytes,
    take() {
      const address = refuses ? 0 : memory.reserve(poolBytes, poolBytes, POOL_USE);
      if (address === 0) return 0;
      taken.add(address);
      new Uint8Array(memory.buffer, address, poolBytes).fill(0xa5);
      tables.work.fill(77, address / 32, (address + poolBytes) / 32);
      return address;
    },
    give(address) {
      expect(taken.delete(address)).toBe(true);
      memory.release(address, poolBytes);
    },
  };
  const cells = createCells(tables, source);
  return { tables, cells, source, taken, refuse: (yes) => (refuses = yes) };
}

/** What an object's header would be; any number but 0 says "live". */
const HEADER = 0x4_0001;

function takeLive({ tables, cells }: Opened, cellClass: number): number {
  const cell = cells.take(cellClass);
  if (cell !== 0) tables.words[cell] = HEADER;
  return cell;
}

describe("a cell", () => {
  it("is of the smallest class that fits, 32 bytes at least where it is tracked", () => {
    const { cells } = openCells();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 512 }), fc.boolean(), (words, isLeaf) => {
        const opened = openCells();
        const cell = takeLive(opened, cells.classOf(words, isLeaf));
        const stride = opened.cells.strideOf(cell);
        expect(stride).toBe(Math.max(Math.ceil(words / 4) * 4, isLeaf ? 4 : 8));
        expect(opened.tables.pools[cell >> opened.tables.poolShift]! >> KIND_SHIFT).toBe(
          isLeaf ? LEAF_POOL : TRACKED_POOL,
        );
        expect(cell % 4).toBe(0);
      }),
      { numRuns: 40 },
    );
    expect(cells.classOf(1, false)).toBe(cells.classOf(8, false));
    expect(cells.classOf(512, true)).toBeLessThan(2 * CLASSES_PER_KIND);
  });

  it.each([
    [4096, 128],
    [8192, 256],
    [16_384, 512],
    [65_536, 512],
  ])("has, in pools of %i B, at most %i words", (poolBytes, maxWords) => {
    const opened = openCells(poolBytes);
    expect(opened.cells.maxWords).toBe(maxWords);
    const cell = takeLive(opened, opened.cells.classOf(maxWords, false));
    expect(opened.cells.strideOf(cell)).toBe(maxWords);
    expect(opened.cells.problems()).toEqual([]);
  });

  it("is all 0 when it is taken, its work byte included, and when it has been given back, but for the link", () => {
    const opened = openCells();
    const { tables, cells } = opened;
    const cellClass = cells.classOf(12, false);
    const [first, second] = [takeLive(opened, cellClass), takeLive(opened, cellClass)];
    tables.words.fill(-1, first, first + 12);
    tables.work[first >> 3] = 3;
    cells.give(first);
    expect([...tables.words.subarray(first, first + 12)]).toEqual([
      0,
      -(second + 12),
      ...Array<number>(10).fill(0),
    ]);
    expect(tables.work[first >> 3]).toBe(0);
    const again = cells.take(cellClass);
    expect(again).toBe(first);
    expect(tables.words.subarray(first, first + 12).every((word) => word === 0)).toBe(true);
  });

  it("leaves the work bytes alone when it is a leaf's", () => {
    const opened = openCells();
    const cellClass = opened.cells.classOf(4, true);
    const [first, second] = [takeLive(opened, cellClass), takeLive(opened, cellClass)];
    expect(second - first).toBe(4);
    opened.tables.work[first >> 3] = 9; // of both
    opened.cells.give(first);
    expect(opened.tables.work[first >> 3]).toBe(9);
  });

  it("is an object only where a live one begins", () => {
    const opened = openCells();
    const { cells, tables } = opened;
    const cell = takeLive(opened, cells.classOf(12, false));
    expect(cells.isObject(cell)).toBe(true);
    const others = [
      0,
      -1,
      -cell,
      cell + 1,
      cell + 4,
      cell + 12,
      cell + 0.5,
      NaN,
      Infinity,
      2 ** 32 + cell,
      4,
      2 ** 30,
    ];
    for (const ref of others) expect(cells.isObject(ref)).toBe(false);
    expect(cells.isObject(tables.words.length)).toBe(false);
    // Behind the last whole cell of the pool.
    const pool = cell >> tables.poolShift;
    const rest = (pool << tables.poolShift) + 341 * 12;
    tables.words[rest] = HEADER;
    expect(cells.isObject(rest)).toBe(false);
    tables.words[rest] = 0;
    cells.give(cell);
    expect(cells.isObject(cell)).toBe(false);
  });
});

describe("pools", () => {
  it("are taken when they are needed, and the lowest cell comes first", () => {
    const opened = openCells(4096);
    const { cells, taken } = opened;
    const cellClass = cells.classOf(100, false);
    const got = Array.from({ length: 11 }, () => takeLive(opened, cellClass));
    expect(taken.size).toBe(2);
    expect(got).toEqual([...got].sort((a, b) => a - b));
    expect(got[1]! - got[0]!).toBe(100);
    expect(cells.liveCells()).toBe(11);
    expect([...cells.objects()]).toEqual(got);
  });

  it("go back with their last object, unless no other has room for the class", () => {
    const opened = openCells(4096);
    const { cells, taken } = opened;
    const cellClass = cells.classOf(100, false);
    const got = Array.from({ length: 11 }, () => takeLive(opened, cellClass));
    cells.give(got[10]!);
    expect(taken.size).toBe(2); // the other one is full
    for (const cell of got.slice(0, 10)) cells.give(cell);
    expect(taken.size).toBe(1);
    expect(cells.problems()).toEqual([]);
    expect(cells.liveCells()).toBe(0);
    expect(cells.trim()).toBe(1);
    expect(taken.size).toBe(0);
    expect(cells.trim()).toBe(0);
    expect(cells.take(cellClass)).not.toBe(0);
  });

  it("that are full stay in their list until they are asked, and come forward with their first free cell", () => {
    const opened = openCells(4096);
    const { cells, tables } = opened;
    const cellClass = cells.classOf(100, false);
    const got = Array.from({ length: 30 }, () => takeLive(opened, cellClass));
    const pools = [0, 10, 20].map((place) => got[place]! >> tables.poolShift);
    expect(tables.firstPools[cellClass]).toBe(pools[2]);
    for (const place of [0, 10, 20, 1]) {
      cells.give(got[place]!);
      expect(cells.problems()).toEqual([]);
    }
    expect([1, 2, 3, 4].map(() => takeLive(opened, cellClass))).toEqual([got[20], got[10], got[1], got[0]]);
    expect(cells.problems()).toEqual([]);
  });

  it("are bounded by two control words, which kernels walk between", () => {
    const opened = openCells(4096);
    const { cells, tables } = opened;
    for (const words of [8, 20, 100]) takeLive(opened, cells.classOf(words, false));
    const used = tables.pools.reduce<number[]>(
      (found, word, pool) => (word === 0 ? found : [...found, pool]),
      [],
    );
    expect(tables.control[POOLS_START]).toBe(used[0]);
    expect(tables.control[POOLS_END]).toBe(used.at(-1)! + 1);
    expect(used.map((pool) => tables.pools[pool]! & STRIDE_MASK)).toEqual([8, 20, 100]);
  });

  it("that are refused leave everything as it was", () => {
    const opened = openCells(4096);
    const { cells } = opened;
    opened.refuse(true);
    for (let cellClass = 1; cellClass <= cells.classOf(cells.maxWords, true); cellClass++) {
      if (cellClass < CLASSES_PER_KIND && cellClass > 32) continue;
      expect(cells.take(cellClass)).toBe(0);
    }
    expect(cells.problems()).toEqual([]);
    opened.refuse(false);
    const cellClass = cells.classOf(100, false);
    const got = Array.from({ length: 10 }, () => takeLive(opened, cellClass));
    opened.refuse(true);
    expect(cells.take(cellClass)).toBe(0);
    expect(cells.take(cellClass)).toBe(0);
    expect(cells.problems()).toEqual([]);
    cells.give(got[4]!);
    expect(takeLive(opened, cellClass)).toBe(got[4]);
    expect(cells.problems()).toEqual([]);
  });

  it("all go back at the end", () => {
    const opened = openCells(4096);
    const { cells, taken } = opened;
    for (const words of [8, 20, 100, 100]) takeLive(opened, cells.classOf(words, words === 20));
    cells.releaseAll();
    expect(taken.size).toBe(0);
  });
});

/** A random program: takes cells of some classes, gives some back, one by one or many at once, trims, is refused pools. */
const steps = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({ do: fc.constant("take" as const), pick: fc.nat(1e6), times: fc.nat(40) }),
    },
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant("give" as const), pick: fc.nat(1e6), times: fc.nat(40) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant("giveAll" as const), pick: fc.nat(1e6), times: fc.nat(300) }),
    },
    fc.record({ do: fc.constantFrom("trim" as const, "refuse" as const), pick: fc.nat(1), times: fc.nat(0) }),
  ),
  { maxLength: 60 },
);

describe.each([4096, 16_384])("random programs over pools of %i B", (poolBytes) => {
  it("find what a map of live cells says, and nothing wrong, after each step", () => {
    const words = fc.integer({ min: 1, max: poolBytes / 32 });
    fc.assert(
      fc.property(
        steps,
        fc.array(fc.tuple(words, fc.boolean()), { minLength: 1, maxLength: 4 }),
        (program, kinds) => {
          const opened = openCells(poolBytes, "1MiB");
          const { cells, tables, taken } = opened;
          const live = new Map<number, { words: number; stamp: number }>();
          let stamp = HEADER;
          for (const { do: what, pick, times } of program) {
            if (what === "take") {
              const [wordCount, isLeaf] = kinds[pick % kinds.length]!;
              for (let time = 0; time < times; time++) {
                const cell = cells.take(cells.classOf(wordCount, isLeaf));
                if (cell === 0) break;
                expect(live.has(cell)).toBe(false);
                const stride = cells.strideOf(cell);
                expect(tables.words.subarray(cell, cell + stride).every((word) => word === 0)).toBe(true);
                tables.words.fill(++stamp, cell, cell + stride);
                live.set(cell, { words: stride, stamp });
              }
            }
            const some = [...live.keys()].filter((_, place) => (place * 7 + pick) % 11 < 5).slice(0, times);
            if (what === "give") {
              for (const cell of some) {
                cells.give(cell);
                live.delete(cell);
              }
            }
            if (what === "giveAll") {
              const given = Int32Array.from(some).sort();
              cells.giveAll(given, given.length);
              for (const cell of some) live.delete(cell);
            }
            if (what === "trim") cells.trim();
            if (what === "refuse") opened.refuse(pick === 1);

            expect(cells.problems()).toEqual([]);
            expect(cells.liveCells()).toBe(live.size);
            expect([...cells.objects()]).toEqual([...live.keys()].sort((a, b) => a - b));
            for (const [cell, { words, stamp }] of live) {
              expect(tables.words[cell]).toBe(stamp);
              expect(tables.words[cell + words - 1]).toBe(stamp);
            }
            const used = new Set(Array.from(live.keys(), (cell) => cell >> tables.poolShift));
            expect(taken.size).toBeGreaterThanOrEqual(used.size);
          }
          const rest = Int32Array.from(live.keys()).sort();
          cells.giveAll(rest, rest.length);
          cells.trim();
          expect(taken.size).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe("what is wrong with cells", () => {
  /** Ten live cells of 100 words, which fill a pool, and three of another one. */
  function damaged(damage: (opened: Opened & { got: number[]; pool: number }) => void): string[] {
    const opened = openCells(4096);
    const got = Array.from({ length: 13 }, () => takeLive(opened, opened.cells.classOf(100, false)));
    opened.cells.give(got[11]!);
    expect(opened.cells.problems()).toEqual([]);
    damage({ ...opened, got, pool: got[10]! >> opened.tables.poolShift });
    return opened.cells.problems();
  }

  it.each<[string, RegExp, Parameters<typeof damaged>[0]]>([
    ["a live count", /has 2 live cells and counts 3/, ({ tables, pool }) => tables.poolRows[4 * pool + 1]!++],
    ["a pool word", /has the pool word 5/, ({ tables, pool }) => (tables.pools[pool] = 5)],
    ["a free list that loops", /no free cell/, ({ tables, got }) => (tables.words[got[11]! + 1] = got[11]!)],
    [
      "a free list that leads to a live cell",
      /no free cell/,
      ({ tables, got }) => (tables.words[got[11]! + 1] = got[10]!),
    ],
    ["a free list that leads astray", /no free cell/, ({ tables, got }) => (tables.words[got[11]! + 1] = 12)],
    [
      "a free cell that nobody knows",
      /neither live nor in the free list/,
      ({ tables, got }) => (tables.words[got[12]!] = 0),
    ],
    [
      "rubbish in a free cell",
      /word 7 of the free cell/,
      ({ tables, got }) => (tables.words[got[11]! + 7] = 1),
    ],
    [
      "rubbish in a cell that was never carved",
      /word 0 of the free cell/,
      ({ tables, got }) => (tables.words[got[12]! + 100] = 1),
    ],
    ["a pool that is in no list", /is in no list/, ({ tables, pool }) => tables.firstPools.fill(0, 0, pool)],
    [
      "a pool in the list of another class",
      /does not belong there/,
      ({ tables, pool }) => (tables.firstPools[7] = pool),
    ],
  ])("is said: %s", (_, sentence, damage) => {
    expect(damaged(damage).join(" ")).toMatch(sentence);
  });
});
