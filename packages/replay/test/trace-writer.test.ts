import { describe, expect, it } from "vitest";

import { createTraceWriter, openTrace, type TraceInfo, type TraceWriter } from "../src/index.js";
import { bytesOf, fixtureBytes, readTrace, splitContainer } from "./recordings.js";

describe("createTraceWriter", () => {
  it("numbers blocks in order of allocation", () => {
    const writer = createTraceWriter({ program: "numbers" });
    expect([writer.malloc(1), writer.calloc(2), writer.malloc(3)]).toEqual([0, 1, 2]);
    writer.free(1);
    expect(writer.malloc(4)).toBe(3);
  });

  it("writes realloc and free in the block's own domain unless told otherwise", async () => {
    const writer = createTraceWriter({ program: "domains" });
    const block = writer.malloc(10, "mem");
    writer.realloc(block, 20);
    writer.realloc(block, 30, "obj");
    writer.free(block);
    const { events } = await readTrace(writer.finish());
    expect(events.map(({ domain }) => domain)).toEqual([1, 1, 2, 1]);
  });

  it("writes the figures of arenas it was given, and leaves them out otherwise", () => {
    const arenas = { arenaSize: 1048576, arenasPeak: 2, arenasPeakEvent: 0, arenasTotal: 3 };
    expect(createTraceWriter({ program: "with", ...arenas }).finish().header).toMatchObject(arenas);
    expect(createTraceWriter({ program: "without" }).finish().header).not.toHaveProperty("arenaSize");
  });

  it("says how many bytes it wrote", () => {
    const writer = createTraceWriter({ program: "long" });
    for (let i = 0; i < 100_000; i++) writer.malloc(i);
    writer.mark("x".repeat(65_535));
    const recording = writer.finish();
    expect(recording.byteLength).toBe(bytesOf(recording).length);
  });

  it("writes a recorded trace again byte for byte", async () => {
    const bytes = fixtureBytes("decimal_pi.pymt.br");
    const trace = await openTrace(bytes);
    const writer = createTraceWriter(trace.header);
    for await (const batch of trace.batches()) writer.append(batch);
    const copy = bytesOf(writer.finish());
    expect(splitContainer(copy).header).toEqual(splitContainer(bytes).header);
    expect(Buffer.compare(splitContainer(copy).records, splitContainer(bytes).records)).toBe(0);
  });

  it.each<[string, (writer: TraceWriter) => unknown, string]>([
    ["a size below 0", (writer) => writer.malloc(-1), "ERR_BAD_SIZE"],
    ["a fraction of a byte", (writer) => writer.calloc(0.5), "ERR_BAD_SIZE"],
    ["a realloc to 2^53", (writer) => writer.realloc(writer.malloc(1), 2 ** 53), "ERR_BAD_SIZE"],
    [
      "2^53 bytes alive",
      (writer) => [writer.malloc(Number.MAX_SAFE_INTEGER), writer.malloc(1)],
      "ERR_BAD_SIZE",
    ],
    ["a block that is not there", (writer) => writer.free(0), "ERR_BAD_ADDRESS"],
    ["a block that is no number", (writer) => writer.free(Number.NaN), "ERR_BAD_ADDRESS"],
    [
      "a block that was freed",
      (writer) => {
        writer.free(writer.malloc(1));
        writer.realloc(0, 2);
      },
      "ERR_BAD_ADDRESS",
    ],
    ["a domain that does not exist", (writer) => writer.malloc(1, "heap" as "obj"), "ERR_BAD_OPTION"],
    ["a mark with an endless name", (writer) => writer.mark("ü".repeat(32_768)), "ERR_BAD_OPTION"],
    ["calls after the end", (writer) => [writer.finish(), writer.malloc(1)], "ERR_DISPOSED"],
    ["a second end", (writer) => [writer.finish(), writer.finish()], "ERR_DISPOSED"],
  ])("refuses %s", (_, misuse, code) => {
    expect(() => misuse(createTraceWriter({ program: "misuse" }))).toThrow(expect.objectContaining({ code }));
  });

  it("writes nothing of a call that it refuses", async () => {
    const writer = createTraceWriter({ program: "refused" });
    const block = writer.malloc(16);
    expect(() => writer.realloc(block, -1)).toThrow();
    expect(() => writer.free(block, "heap" as "obj")).toThrow();
    writer.free(block);
    expect((await readTrace(writer.finish())).events.map(({ op }) => op)).toEqual([0, 3]);
  });

  it("refuses information of the wrong type at once, and figures that cannot be at the end", () => {
    expect(() => createTraceWriter({ program: 7 } as unknown as TraceInfo)).toThrow(
      /program: expected a string/,
    );
    const writer = createTraceWriter({
      program: "x",
      arenaSize: 1,
      arenasPeak: 1,
      arenasPeakEvent: 1,
      arenasTotal: 1,
    });
    expect(() => writer.finish()).toThrow(/arenasPeakEvent: expected at most events, found 1/);
  });
});
