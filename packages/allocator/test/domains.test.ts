import type { AllocationDomain, HeapwrightError, HeapwrightErrorCode } from "@heapwright/core";
import { describe, expect, it } from "vitest";

import { createPymalloc } from "../src/index.js";

const code = (expected: HeapwrightErrorCode): HeapwrightError =>
  expect.objectContaining({ code: expected }) as HeapwrightError;

describe("domains", () => {
  it("serves small requests of mem and obj from the pools, and never those of raw", () => {
    using heap = createPymalloc();
    const { raw, mem, obj } = heap.domains;
    expect(heap.locate(raw.malloc(32))?.kind).toBe("large");
    expect(heap.locate(mem.malloc(32))?.kind).toBe("pool");
    expect(heap.locate(obj.malloc(32))?.kind).toBe("pool");
  });

  it("sends 0 bytes and more than 512 on, as CPython does", () => {
    using heap = createPymalloc();
    const kindOf = (bytes: number): string | undefined => heap.locate(heap.malloc(bytes))?.kind;
    expect([0, 1, 512, 513].map(kindOf)).toEqual(["large", "pool", "pool", "large"]);
  });

  it("counts each domain apart, by the function that is called", () => {
    using heap = createPymalloc();
    const { raw, mem, obj } = heap.domains;
    const blocks = [raw.malloc(10), mem.calloc(3, 10), mem.realloc(0, 1000), obj.malloc(1), heap.malloc(600)];
    expect(heap.stats().domains).toEqual({ raw: 1, mem: 2, obj: 2 });
    blocks[1] = mem.realloc(blocks[1]!, 300);
    expect(heap.stats().domains).toEqual({ raw: 1, mem: 2, obj: 2 });
    raw.free(blocks[0]!);
    mem.free(blocks[1]);
    mem.free(blocks[2]!);
    mem.free(0);
    obj.free(blocks[3]!);
    heap.free(blocks[4]!);
    expect(heap.stats().domains).toEqual({ raw: 0, mem: 0, obj: 0 });
  });

  it("lets mem and obj free each other's blocks, as a release build of CPython does", () => {
    using heap = createPymalloc();
    heap.domains.obj.free(heap.domains.mem.malloc(8));
    expect(heap.stats().domains).toEqual({ raw: 0, mem: 1, obj: -1 });
    heap.verify();
  });

  it("refuses what belongs on the other side of raw, and changes nothing", () => {
    using heap = createPymalloc();
    const { raw, mem, obj } = heap.domains;
    const wrong = (domain: AllocationDomain, address: number): void => {
      expect(() => {
        domain.free(address);
      }).toThrow(code("ERR_WRONG_DOMAIN"));
      expect(() => domain.realloc(address, 10)).toThrow(code("ERR_WRONG_DOMAIN"));
    };
    for (const bytes of [8, 5000]) {
      wrong(raw, mem.malloc(bytes));
      wrong(raw, obj.malloc(bytes));
      wrong(mem, raw.malloc(bytes));
      wrong(obj, raw.malloc(bytes));
    }
    heap.verify();
    expect(heap.stats().liveBlocks).toBe(8);
  });
});

describe("realloc", () => {
  // CPython: a block stays unless it grows, or shrinks to three quarters or less.
  it.each([
    [64, 64, true],
    [64, 49, true],
    [64, 48, false],
    [64, 65, false],
    [60, 64, true],
    [64, 0, false],
    [512, 385, true],
    [512, 384, false],
  ])("from %i to %i bytes stays in place: %s", (before, after, stays) => {
    using heap = createPymalloc();
    const address = heap.malloc(before);
    expect(heap.realloc(address, after) === address).toBe(stays);
  });

  it("never brings a block that left the pools back", () => {
    using heap = createPymalloc();
    const large = heap.realloc(heap.malloc(100), 600);
    expect(heap.locate(large)?.kind).toBe("large");
    const small = heap.realloc(large, 16);
    expect(heap.locate(small)?.kind).toBe("large");
    expect(heap.stats().domains).toEqual({ raw: 0, mem: 0, obj: 1 });
  });

  it("grows a large block where it is when the room behind it is free", () => {
    using heap = createPymalloc();
    const [first, second] = [heap.malloc(1000), heap.malloc(1000)];
    heap.free(second);
    expect(heap.realloc(first, 1800)).toBe(first);
    heap.verify();
  });
});
