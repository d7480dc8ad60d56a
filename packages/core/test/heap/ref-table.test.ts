import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { RefTable } from "../../src/heap/counter.js";
import type { HeapTables } from "../../src/heap/heap-tables.js";
import { openRefTable } from "../../src/heap/ref-table.js";
import { RUN } from "../../src/heap/run.js";
import { codeOf } from "../error-of.js";
import { openTables } from "./support/tables.js";

function open(tables: HeapTables): RefTable {
  return openRefTable(tables.memory, tables.control, RUN.counter);
}

function contentOf(table: RefTable): Map<number, number> {
  return new Map(table.entries());
}

/** Where a reference belongs in a table of 256 pairs, before any other is there. */
function placeOf(ref: number): number {
  return (Math.imul(ref >>> 2, 0x9e37_79b1) >>> 7) & 255;
}

describe("a table from references to numbers", () => {
  it("is empty at first, and takes no page until it holds something", () => {
    const tables = openTables();
    const before = tables.memory.usage().takenBytes;
    const table = open(tables);
    expect([table.size, table.get(4), [...table.entries()]]).toEqual([0, 0, []]);
    table.set(4, 0);
    table.dispose();
    expect(tables.memory.usage().takenBytes).toBe(before);
    table.set(4, 1);
    expect(table.get(4)).toBe(1);
    table.dispose();
    expect(table.size).toBe(0);
    expect(tables.memory.usage().takenBytes).toBe(before);
  });

  it("holds any int32 but 0, which takes an entry out", () => {
    const table = open(openTables());
    for (const value of [1, -1, 2 ** 31 - 1, -(2 ** 31)]) {
      table.set(8, value);
      expect(table.get(8)).toBe(value);
    }
    expect(table.size).toBe(1);
    table.set(8, 0);
    table.set(8, 0);
    expect([table.get(8), table.size]).toEqual([0, 0]);
  });

  it("is as a map, whatever is set and taken out", () => {
    // Few references, so that they collide and come again; all far apart or side by side.
    const ref = fc.oneof(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: 2 ** 28 - 1 }));
    const entry = fc.tuple(
      ref.map((number) => 4 * number),
      fc.oneof({ weight: 2, arbitrary: fc.integer() }, { weight: 1, arbitrary: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(entry, { size: "max", maxLength: 1500 }), (entries) => {
        const tables = openTables();
        const table = open(tables);
        const model = new Map<number, number>();
        for (const [ref, value] of entries) {
          table.set(ref, value);
          if (value === 0) model.delete(ref);
          else model.set(ref, value);
          expect(table.get(ref)).toBe(value);
          expect(table.size).toBe(model.size);
        }
        expect(contentOf(table)).toEqual(model);
        for (const [ref] of entries) expect(table.get(ref)).toBe(model.get(ref) ?? 0);
        expect(contentOf(open(tables))).toEqual(model);
      }),
      { numRuns: 60 },
    );
  });

  it("closes the gaps that its entries leave, past its end, too", () => {
    const refs = Array.from({ length: 200_000 }, (_, index) => 4 * (index + 1));
    const atTheEnd = refs.filter((ref) => placeOf(ref) >= 254).slice(0, 12);
    const atTheStart = refs.filter((ref) => placeOf(ref) <= 2).slice(0, 6);
    fc.assert(
      fc.property(fc.shuffledSubarray([...atTheEnd, ...atTheStart]), (order) => {
        const table = open(openTables());
        for (const ref of [...atTheEnd, ...atTheStart]) table.set(ref, ref);
        const left = new Set([...atTheEnd, ...atTheStart]);
        for (const ref of order) {
          table.set(ref, 0);
          left.delete(ref);
          expect(new Set(contentOf(table).keys())).toEqual(left);
          for (const each of left) expect(table.get(each)).toBe(each);
          expect(table.get(ref)).toBe(0);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("grows when it is three quarters full, and keeps everything", () => {
    const tables = openTables({ maxBytes: "4MiB" });
    const table = open(tables);
    for (let number = 1; number <= 50_000; number++) table.set(4 * number, -number);
    expect(table.size).toBe(50_000);
    for (let number = 1; number <= 50_000; number++) expect(table.get(4 * number)).toBe(-number);
    expect(table.get(4 * 50_001)).toBe(0);
    const bytes = tables.memory.runs().find(({ use }) => use === 17)!.bytes;
    expect(bytes / 8).toBeGreaterThan((50_000 * 4) / 3);
    expect(bytes / 8).toBeLessThan((50_000 * 8) / 3);
  });

  it("fills up to the last gap when it cannot grow, then refuses, and changes nothing", () => {
    const tables = openTables();
    const table = open(tables);
    table.set(4, 1);
    const { memory } = tables;
    while (memory.reserve(4096, 4096, 1) !== 0);
    const model = new Map([[4, 1]]);
    for (let number = 2; number < 256; number++) {
      table.set(4 * number, number);
      model.set(4 * number, number);
    }
    expect(codeOf(() => table.set(4 * 256, 1))).toBe("ERR_OUT_OF_MEMORY");
    expect(contentOf(table)).toEqual(model);
    table.set(8, 99); // known ones need no room
    expect(table.get(8)).toBe(99);
    expect(table.get(4 * 256)).toBe(0);
    table.set(4, 0);
    table.set(4 * 256, 1);
    expect(table.get(4 * 256)).toBe(1);
    expect(table.size).toBe(255);
  });

  it("refuses its first entry where there is no page", () => {
    const tables = openTables();
    while (tables.memory.reserve(4096, 4096, 1) !== 0);
    const table = open(tables);
    expect(codeOf(() => table.set(4, 1))).toBe("ERR_OUT_OF_MEMORY");
    expect([table.size, table.get(4)]).toEqual([0, 0]);
  });
});
