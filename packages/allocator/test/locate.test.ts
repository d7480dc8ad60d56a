import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createPymalloc } from "../src/index.js";

describe("locate", () => {
  it("names arena, pool, class and block of an address", () => {
    using heap = createPymalloc();
    heap.malloc(64);
    const second = heap.malloc(50);
    const place = heap.locate(second + 7);
    expect(place).toMatchObject({
      kind: "pool",
      arena: 0,
      pool: 0,
      sizeClass: 3,
      block: 1,
      offset: 7,
      state: "live",
    });
    expect(place).toMatchObject({ blockAddress: second });
    if (place?.kind === "pool") expect(second).toBe(place.poolAddress + 48 + 64);
  });

  it("tells live, free, uncarved and unused bytes of a pool apart", () => {
    using heap = createPymalloc();
    const [live, freed] = [heap.malloc(512), heap.malloc(512)];
    heap.free(freed);
    const pool = live - 48;
    expect(heap.locate(live)?.state).toBe("live");
    expect(heap.locate(freed)?.state).toBe("free");
    expect(heap.locate(live + 2 * 512)?.state).toBe("uncarved");
    expect(heap.locate(pool + 47)).toMatchObject({ state: "unused", block: undefined, offset: 47 });
    expect(heap.locate(pool + 48 + 31 * 512)).toMatchObject({ state: "unused", block: undefined });
    expect(heap.locate(pool + 16384)).toBeUndefined(); // never carved out of the arena
  });

  it("finds large blocks by any of their bytes", () => {
    using heap = createPymalloc();
    const address = heap.malloc(5000);
    expect(heap.locate(address + 4999)).toMatchObject({ kind: "large", blockAddress: address, offset: 4999 });
    heap.free(address);
    expect(heap.locate(address)).toMatchObject({ kind: "large", state: "free" });
  });

  it.each([0, -16, 0.5, NaN, 2 ** 32, 2 ** 40])("knows nothing of %d", (address) => {
    using heap = createPymalloc();
    expect(heap.locate(address)).toBeUndefined();
  });

  it("leads from every byte of a live block back to the block", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 50 }), (sizes) => {
        using heap = createPymalloc({ checks: false, maxBytes: "8MiB" });
        for (const bytes of sizes) {
          const address = heap.malloc(bytes);
          for (const offset of [0, bytes - 1]) {
            expect(heap.locate(address + offset)).toMatchObject({
              blockAddress: address,
              offset,
              state: "live",
            });
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});
