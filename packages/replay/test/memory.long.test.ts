/** What a long trace costs in memory beyond the heap: tables and windows, never the trace. */

import { describe, expect, it } from "vitest";

import { openTrace, replay, type EventBatch, type TraceHeader } from "../src/index.js";
import { writeVarint } from "../src/varint.js";
import { container } from "./recordings.js";
import { naive } from "./naive-allocator.js";

const LIVE_BLOCKS = 500_000;
const BYTES = 100;
const ROUNDED_BYTES = 112;

/**
 * A trace of any length: many blocks, which are replaced oldest first, and after each a block that dies at once. All
 * totals are known before the first event.
 */
function longTrace(events: number): () => Generator<Uint8Array> {
  const steps = (events - LIVE_BLOCKS) / 4;
  const ids = LIVE_BLOCKS + 2 * steps;
  const header: Omit<TraceHeader, "argv"> & { argv: string[] } = {
    format: "pymt",
    program: "long",
    argv: [],
    python: "",
    platform: "",
    truncated: false,
    events,
    ids,
    mallocs: ids,
    callocs: 0,
    reallocs: 0,
    frees: 2 * steps,
    marksCount: 0,
    peakLiveBytes: (LIVE_BLOCKS + 1) * BYTES,
    peakLiveBlocks: LIVE_BLOCKS + 1,
    liveBytesAtEnd: LIVE_BLOCKS * BYTES,
    liveBlocksAtEnd: LIVE_BLOCKS,
    smallPeakBytes: (LIVE_BLOCKS + 1) * BYTES,
    smallRoundedPeakBytes: (LIVE_BLOCKS + 1) * ROUNDED_BYTES,
  };
  const MALLOC = 0x20;
  const FREE = 0x23;

  return function* () {
    yield container("PYMT", header, []);
    const chunk = new Uint8Array(65536);
    let at = 0;
    for (let i = 0; i < LIVE_BLOCKS; i++) {
      if (at > chunk.length - 32) {
        yield chunk.subarray(0, at);
        at = 0;
      }
      chunk[at++] = MALLOC;
      chunk[at++] = BYTES;
    }
    for (let step = 0; step < steps; step++) {
      if (at > chunk.length - 32) {
        yield chunk.subarray(0, at);
        at = 0;
      }
      chunk[at++] = MALLOC;
      chunk[at++] = BYTES;
      chunk[at++] = FREE;
      chunk[at++] = 0;
      chunk[at++] = FREE;
      at = writeVarint(chunk, at, step < LIVE_BLOCKS ? LIVE_BLOCKS + step : 2 * LIVE_BLOCKS - 1);
      chunk[at++] = MALLOC;
      chunk[at++] = BYTES;
    }
    yield chunk.subarray(0, at);
  };
}

/** Watches the memory of the process that is not V8's heap. */
function beyondHeap(): number {
  const { rss, heapTotal } = process.memoryUsage();
  return rss - heapTotal;
}

describe("a trace of 100 million events", () => {
  it("is decoded in less than 200 MB of memory beyond the heap", async () => {
    const trace = await openTrace(longTrace(100_000_000));
    const before = beyondHeap();
    let most = 0;
    let events = 0;
    let last: EventBatch | undefined;
    const start = performance.now();
    for await (const batch of trace.batches()) {
      events += batch.length;
      most = Math.max(most, beyondHeap());
      last = batch;
    }
    const seconds = (performance.now() - start) / 1000;
    expect(events).toBe(100_000_000);
    expect(last!.slotCount).toBe(LIVE_BLOCKS + 1);
    const megabytes = (most - before) / 1e6;
    console.log(
      `${megabytes.toFixed(0)} MB beyond the heap, ${(events / 1e6 / seconds).toFixed(1)} M events/s with their making`,
    );
    expect(megabytes).toBeLessThan(200);
  });
});

describe("a trace of 10 million events", () => {
  it("is replayed in less than 200 MB beyond the allocator's memory, decoded again for each round", async () => {
    let reads = 0;
    const generate = longTrace(10_000_000);
    const trace = await openTrace(() => {
      reads++;
      return generate();
    });
    const before = beyondHeap();
    let most = 0;
    const result = await replay(trace, naive(), {
      rounds: 1,
      allocator: { maxBytes: "64MiB" },
      onProgress: () => (most = Math.max(most, beyondHeap())),
    });
    expect(result.problems).toEqual([]);
    expect(reads).toBe(3);
    expect((most - before) / 1e6).toBeLessThan(200 + 67);
  });
});
