import { describe, expect, it } from "vitest";

import { COUNTED, PLANS, openHeap } from "./support/open-heap.js";

const POOL_METADATA_BYTES = 21;
const PAGE_BYTES = 4096;

describe.each(PLANS)("the figures of a heap $name", (plan) => {
  it("are 0 at first, but for what is there whatever is in it", () => {
    const { heap, tables } = openHeap(plan);
    expect(heap.stats()).toEqual({
      objects: 0,
      tracked: 0,
      buffers: 0,
      blocks: 0,
      cellBytes: 0,
      bufferBytes: 0,
      metadataBytes: 0,
      fixedBytes: 4 * (256 + 4096 + 3 * 4096) + 4096 + 4 * 2 * 129 + 8,
      overflowed: 0,
      buriedObjects: 0,
      freedBuffers: 0,
      weakReferences: 0,
      handles: 0,
      pins: 0,
      pools: 0,
      takenBytes: heap.memory.usage().takenBytes,
      peakTakenBytes: heap.memory.usage().peakTakenBytes,
      footprintBytes: PAGE_BYTES,
    });
    expect(tables.totalBytes).toBeGreaterThan(heap.stats().fixedBytes);
  });

  it("are right, counted by hand", () => {
    const { heap, layouts } = openHeap(plan);
    const s = heap.enter();
    s.create(layouts.short); // 16 B, leaf
    s.create(layouts.leaf, 5); // 32 B, leaf
    const node = s.create(layouts.node); // 32 B
    const list = s.create(layouts.list); // 32 B
    const blob = s.create(layouts.blob); // 16 B, leaf
    const untracked = s.create(layouts.tuple, 20); // 96 B
    heap.untrack(untracked);
    heap.items.reserve(list, 10); // 40 B
    heap.items.reserveBytes(blob, 1001); // 1,004 B
    heap.pin(node);
    s.own(node);
    heap.weak.create(s, list); // 32 B
    const cellBytes = 16 + 32 + 32 + 32 + 16 + 96 + 32;
    const tables = 3; // of handles, pins and weak references: a page each
    expect(heap.stats()).toMatchObject({
      objects: 7,
      tracked: 3,
      buffers: 2,
      blocks: 9,
      cellBytes,
      bufferBytes: 40 + 1004,
      // A header and a 32nd of its cell for each object.
      metadataBytes: 7 * 4 + cellBytes / 32 + 4 * POOL_METADATA_BYTES + tables * PAGE_BYTES,
      weakReferences: 1,
      handles: 8,
      pins: 1,
      pools: 4,
      buriedObjects: 0,
      footprintBytes: PAGE_BYTES * 3 + 4 * 16_384,
    });
    s.dispose();
    heap.gc.collect();
    expect(heap.stats()).toMatchObject({
      objects: 1,
      tracked: 1,
      buffers: 0,
      blocks: 1,
      cellBytes: 32,
      bufferBytes: 0,
      handles: 0,
      pins: 1,
      weakReferences: 0,
      buriedObjects: 6,
      freedBuffers: 2,
    });
    heap.verify();
  });

  it("count pools that were given back no more", () => {
    const { heap, layouts } = openHeap(plan);
    heap.scope((s) => {
      for (let made = 0; made < 2000; made++) s.create(layouts.plain);
      expect(heap.stats().pools).toBe(4);
    });
    heap.gc.collect();
    expect(heap.stats().pools).toBe(1);
    expect(heap.trim()).toBe(1);
    expect(heap.stats().pools).toBe(0);
    expect(heap.stats().peakTakenBytes).toBeGreaterThan(heap.stats().takenBytes);
  });
});

describe("the metadata of a heap", () => {
  it("is at most 6 bytes an object of 32 bytes", () => {
    const { heap, layouts } = openHeap(COUNTED, { maxBytes: "16MiB" });
    using s = heap.enter();
    const list = s.create(layouts.list);
    for (let made = 0; made < 100_000; made++) {
      heap.scope((inner) => heap.items.append(list, inner.create(layouts.plain)));
    }
    const { objects, metadataBytes } = heap.stats();
    expect(metadataBytes / objects).toBeLessThan(6);
  });
});
