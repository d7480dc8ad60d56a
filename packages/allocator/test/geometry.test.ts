import { HeapwrightError } from "@heapwright/core";
import { describe, expect, it } from "vitest";

import { poolsLostToAlignment, resolveGeometry, type GeometryOptions } from "../src/geometry.js";
import { createPymalloc, pymalloc } from "../src/index.js";

const KiB = 1024;

describe("resolveGeometry", () => {
  it.each([
    ["cpython-3.9", 256 * KiB, 4 * KiB],
    ["cpython-3.11", 1024 * KiB, 16 * KiB],
  ] as const)("knows the lengths of %s", (preset, arenaBytes, poolBytes) => {
    expect(resolveGeometry({ preset })).toMatchObject({ arenaBytes, poolBytes });
    expect(arenaBytes / poolBytes).toBe(64);
  });

  it("is CPython 3.11's when nothing is said", () => {
    expect(resolveGeometry({})).toEqual(resolveGeometry({ preset: "cpython-3.11", arenaAlignment: "pool" }));
  });

  it("takes lengths of one's own", () => {
    expect(resolveGeometry({ arenaBytes: "128KiB", poolBytes: "8KiB" })).toMatchObject({
      arenaBytes: 128 * KiB,
      poolBytes: 8 * KiB,
    });
  });

  it.each<[string, GeometryOptions]>([
    ["an unknown preset", { preset: "cpython-2.7" as never }],
    ["a preset that every object has", { preset: "toString" as never }],
    ["pools that are no power of two", { poolBytes: 12 * KiB, arenaBytes: 1200 * KiB }],
    ["pools shorter than a page", { poolBytes: 2 * KiB }],
    ["pools longer than 64 KiB", { poolBytes: "128KiB" }],
    ["an arena of one pool", { arenaBytes: "16KiB" }],
    ["an arena of one pool and one lost to alignment", { arenaBytes: "32KiB", arenaAlignment: "page" }],
    ["an arena of a pool and a half", { arenaBytes: "24KiB" }],
    ["an arena of 2,048 pools", { arenaBytes: "32MiB" }],
    ["an alignment that does not exist", { arenaAlignment: "block" as never }],
  ])("refuses %s", (_, options) => {
    for (const make of [
      () => resolveGeometry(options),
      () => pymalloc(options),
      () => createPymalloc(options),
    ]) {
      expect(make).toThrow(expect.objectContaining({ code: "ERR_BAD_OPTION" }) as HeapwrightError);
    }
  });
});

describe("arenas at page boundaries", () => {
  it.each([
    ["cpython-3.9", "page", 0],
    ["cpython-3.11", "page", 1],
    ["cpython-3.11", "pool", 0],
  ] as const)("of %s aligned to a %s lose %i pools", (preset, arenaAlignment, lost) => {
    const geometry = resolveGeometry({ preset, arenaAlignment });
    expect(poolsLostToAlignment(geometry)).toBe(lost);

    const heap = createPymalloc({ preset, arenaAlignment });
    const { arenaBytes, poolBytes } = geometry;
    const perPool = Math.floor((poolBytes - 48) / 512);
    const pools = arenaBytes / poolBytes - lost;
    for (let block = 0; block < perPool * pools; block++) heap.malloc(512);
    expect(heap.stats().arenas.current).toBe(1);
    heap.malloc(512);
    const { arenas, bytesInArenas: bytes } = heap.stats();
    expect(arenas.current).toBe(2);
    expect(bytes.arenaAlignment).toBe(2 * lost * poolBytes);
    expect(Object.values<number>({ ...bytes }).reduce((sum, part) => sum + part)).toBe(2 * arenaBytes);
    heap.verify();
    heap.dispose();
  });
});
