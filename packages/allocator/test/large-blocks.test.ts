import { createMemory, type Address } from "@heapwright/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createPymalloc } from "../src/index.js";

const taken = (heap: { memory: { usage(): { takenBytes: number } } }): number =>
  heap.memory.usage().takenBytes;

describe("large blocks", () => {
  it("merge with both neighbours when they are freed", () => {
    using heap = createPymalloc();
    const [a, b, c] = [heap.malloc(1000), heap.malloc(1000), heap.malloc(1000)];
    for (const address of [a, c, b]) heap.free(address);
    expect(heap.malloc(3000)).toBe(a);
    heap.verify();
  });

  it("leave one chunk of up to 1 MiB for the next request, and no more", () => {
    using heap = createPymalloc();
    const before = taken(heap);
    const blocks = Array.from({ length: 8 }, () => heap.malloc(200_000));
    for (const address of blocks) heap.free(address);
    expect(heap.stats().large).toMatchObject({ liveBlocks: 0, chunks: 1 });
    expect(taken(heap) - before).toBe(256 * 1024);
  });

  it("give a chunk of more than 1 MiB back at once", () => {
    using heap = createPymalloc();
    const before = taken(heap);
    heap.free(heap.malloc(5_000_000));
    expect(taken(heap)).toBe(before);
  });

  it("make room for an arena, and empty arenas for them", () => {
    using heap = createPymalloc({ preset: "cpython-3.9", memory: new ArrayBuffer(512 * 1024) });
    const free = 512 * 1024 - taken(heap);
    heap.free(heap.malloc(free - 4096)); // the spare chunk is all there is
    const small = heap.malloc(16);
    heap.free(small); // one empty arena is kept
    const large = heap.malloc(free - 4096);
    heap.free(large);
    heap.verify();
  });

  it("survive random programs next to each other with their contents", () => {
    const step = fc.record({
      pick: fc.nat(),
      bytes: fc.integer({ min: 0, max: 20_000 }),
      free: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (program) => {
        using heap = createPymalloc({ memory: createMemory({ memory: "buffer", maxBytes: "8MiB" }) });
        const bytes = new Uint8Array(heap.memory.buffer);
        const live: { address: Address; bytes: number; stamp: number }[] = [];
        for (const { pick, bytes: size, free } of program) {
          const at = live.length > 0 ? pick % live.length : 0;
          if (free && live.length > 0) {
            heap.domains.raw.free(live.splice(at, 1)[0]!.address);
          } else {
            const address = heap.domains.raw.malloc(size);
            const stamp = pick & 0xff;
            bytes.fill(stamp, address, address + heap.usableSize(address));
            live.push({ address, bytes: heap.usableSize(address), stamp });
          }
          for (const { address, bytes: length, stamp } of live) {
            expect(bytes.subarray(address, address + length).every((byte) => byte === stamp)).toBe(true);
          }
          heap.verify();
        }
      }),
      { numRuns: 40 },
    );
  });

  it("are found damaged when a neighbour wrote past its end", () => {
    using heap = createPymalloc();
    const address = heap.malloc(1000);
    heap.malloc(1000);
    const words = new Int32Array(heap.memory.buffer);
    words[(address + heap.usableSize(address)) / 4] = 12345;
    expect(() => {
      heap.verify();
    }).toThrow(/damaged/);
  });
});
