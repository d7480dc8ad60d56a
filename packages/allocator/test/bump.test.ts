import type { HeapwrightError } from "@heapwright/core";
import { describe, expect, it } from "vitest";

import { createBump } from "../src/index.js";

describe("bump", () => {
  it("hands out rising addresses and starts over after reset", () => {
    using heap = createBump();
    const first = [heap.malloc(1), heap.malloc(100), heap.malloc(0)];
    expect(first).toEqual(first.toSorted((a, b) => a - b));
    heap.reset();
    expect([heap.malloc(1), heap.malloc(100), heap.malloc(0)]).toEqual(first);
  });

  it("does not reuse what is freed", () => {
    using heap = createBump();
    const address = heap.malloc(32);
    heap.free(address);
    expect(heap.malloc(32)).not.toBe(address);
  });

  it("grows the last block where it is", () => {
    using heap = createBump();
    const address = heap.malloc(10);
    expect(heap.realloc(address, 1000)).toBe(address);
    heap.malloc(1);
    expect(heap.realloc(address, 2000)).not.toBe(address);
    heap.verify();
  });

  it("gives all chunks but the first back at reset", () => {
    using heap = createBump();
    const { footprintBytes } = heap.stats();
    for (let i = 0; i < 100; i++) heap.malloc(10_000);
    expect(heap.stats().footprintBytes).toBeGreaterThan(1_000_000);
    heap.reset();
    expect(heap.stats()).toMatchObject({ footprintBytes, liveBlocks: 0, allocatedBytes: 0 });
    heap.verify();
  });

  it("does not take an address of before a reset for a block", () => {
    using heap = createBump();
    const [, second] = [heap.malloc(16), heap.malloc(16)];
    heap.reset();
    expect(() => {
      heap.free(second);
    }).toThrow(expect.objectContaining({ code: "ERR_BAD_ADDRESS" }) as HeapwrightError);
  });
});
