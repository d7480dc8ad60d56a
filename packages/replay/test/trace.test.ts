import { gzipSync } from "node:zlib";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { LEAVES_POOLS, createTraceWriter, openTrace } from "../src/index.js";
import {
  bytesOf,
  chunkings,
  contentsOf,
  errorOf,
  fixtureBytes,
  programs,
  readTrace,
  sampleTrace,
  writeProgram,
} from "./recordings.js";

describe("openTrace", () => {
  it("reads the header before any event", async () => {
    const { header } = await openTrace(sampleTrace());
    expect(header).toMatchObject({
      format: "pymt",
      program: "sample",
      argv: ["sample.py", "1"],
      events: 11,
      ids: 5,
    });
  });

  it("reads what was written, with the part that each event has in the small-object stream", async () => {
    const { events, marks, slotCount } = await readTrace(sampleTrace());
    expect(events.map(({ op, domain, slot, size, small }) => [op, domain, slot, size, small])).toEqual([
      [0, 2, 0, 100, 7],
      [1, 1, 1, 40, 3],
      [0, 0, 2, 3000, 0],
      [2, 2, 0, 120, 8],
      [2, 1, 1, 600, LEAVES_POOLS],
      [3, 0, 2, 0, 0],
      [0, 2, 2, 0, 0],
      [2, 1, 1, 20, 0],
      [3, 2, 0, 0, 8],
      [0, 2, 0, 5_000_000_000, 0],
      [3, 2, 0, 0, 0],
    ]);
    expect(marks).toEqual([
      { name: "start", event: 0 },
      { name: "päuse", event: 5 },
      { name: "end", event: 11 },
    ]);
    expect(slotCount).toBe(3);
  });

  it("reads what FORMAT.md says of any program", async () => {
    await fc.assert(
      fc.asyncProperty(programs(), async (steps) => {
        const { recording, expected } = writeProgram(steps);
        const { header, events, marks } = await readTrace(recording);
        expect(header).toMatchObject(expected.totals);
        expect(marks).toEqual(expected.marks);
        const strip = ({ op, domain, size, small }: (typeof events)[number]): object => ({
          op,
          domain,
          size,
          small,
        });
        expect(events.map(strip)).toEqual(expected.ops.map(({ block: _, ...rest }) => rest));
        // A slot names one live block at a time.
        const blockAt = new Map<number, number>();
        expected.ops.forEach(({ op, block }, i) => {
          const { slot } = events[i]!;
          expect(blockAt.get(slot)).toBe(op < 2 ? undefined : block);
          if (op === 3) blockAt.delete(slot);
          else blockAt.set(slot, block);
        });
      }),
      { numRuns: 200 },
    );
  });

  it("reads the same from chunks of any lengths", async () => {
    const bytes = bytesOf(sampleTrace());
    const whole = await readTrace(bytes);
    await fc.assert(
      fc.asyncProperty(chunkings(bytes), async (chunks) => {
        expect(await readTrace(chunks)).toEqual(whole);
      }),
    );
    expect(await readTrace(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole);
  });

  it("reads the same from gzip", async () => {
    const bytes = bytesOf(sampleTrace());
    expect(await readTrace(new Uint8Array(gzipSync(bytes)))).toEqual(await readTrace(bytes));
  });

  it("reads more than a window and more than a batch", async () => {
    const bytes = fixtureBytes("decimal_pi.pymt.br");
    const { header, events, slotCount } = await readTrace([bytes.slice(0, 300_000), bytes.slice(300_000)]);
    expect(events).toHaveLength(header.events);
    expect(slotCount).toBe(header.peakLiveBlocks);
    expect(events.filter(({ small }) => small > 0)).toHaveLength(2_815_749);
  });

  it("yields marks without events where nothing else is left", async () => {
    const writer = createTraceWriter({ program: "marks" });
    for (let i = 0; i < 10_000; i++) writer.mark(`${i}`);
    const trace = await openTrace(writer.finish());
    const marks: string[] = [];
    for await (const batch of trace.batches()) {
      expect(batch.length).toBe(0);
      marks.push(...batch.marks.map(({ name }) => name));
    }
    expect(marks).toEqual(Array.from({ length: 10_000 }, (_, i) => `${i}`));
  });

  it("reads an empty trace", async () => {
    expect(await readTrace(createTraceWriter({ program: "nothing" }).finish())).toMatchObject({
      events: [],
      marks: [],
    });
  });
});

describe("batches", () => {
  it("begin anew for bytes, functions and collections of chunks", async () => {
    const bytes = bytesOf(sampleTrace());
    for (const source of [
      bytes,
      [bytes],
      sampleTrace(),
      () => [bytes],
      async () => Promise.resolve([bytes]),
    ]) {
      const trace = await openTrace(source);
      expect(trace.rereadable).toBe(true);
      expect(await contentsOf(trace)).toEqual(await contentsOf(trace));
    }
  });

  it("are read once from generators and streams", async () => {
    const once = [
      (function* () {
        yield* sampleTrace();
      })(),
      new Blob([...sampleTrace()].map((chunk) => chunk.slice())).stream(),
    ];
    for (const source of once) {
      const trace = await openTrace(source);
      expect(trace.rereadable).toBe(false);
      expect((await contentsOf(trace)).events).toHaveLength(11);
      const error = await errorOf(contentsOf(trace));
      expect(error.code).toBe("ERR_READ_FAILED");
      expect(error.message).toContain("can be read once");
    }
  });

  it("close the source when the loop is left early, and before when only the header is wanted", async () => {
    const bytes = fixtureBytes("decimal_pi.pymt.br");
    let open = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      open++;
      try {
        for (let at = 0; at < bytes.length; at += 10_000)
          yield await Promise.resolve(bytes.subarray(at, at + 10_000));
      } finally {
        open--;
      }
    }
    const trace = await openTrace(source);
    expect(open).toBe(0);
    for await (const batch of trace.batches()) {
      expect(batch.first).toBe(0);
      expect(open).toBe(1);
      break;
    }
    expect(open).toBe(0);
  });

  it("close a compressed source when the loop is left early", async () => {
    const bytes = new Uint8Array(gzipSync(fixtureBytes("decimal_pi.pymt.br"), { level: 1 }));
    let open = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      open++;
      try {
        for (let at = 0; at < bytes.length; at += 1000)
          yield await Promise.resolve(bytes.subarray(at, at + 1000));
      } finally {
        open--;
      }
    }
    const trace = await openTrace(source);
    for await (const batch of trace.batches()) {
      expect(batch.length).toBeGreaterThan(0);
      break;
    }
    expect(open).toBe(0);
  });

  it("refuse a source that changed after its header was read", async () => {
    let reads = 0;
    const source = (): Uint8Array[] => {
      const writer = createTraceWriter({ program: `version ${reads++}` });
      return [bytesOf(writer.finish())];
    };
    const trace = await openTrace(source);
    const error = await errorOf(contentsOf(trace));
    expect(error.code).toBe("ERR_READ_FAILED");
    expect(error.message).toContain("changed");
  });
});
