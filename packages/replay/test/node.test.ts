import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";

import { HeapwrightError } from "@heapwright/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { openTrace } from "../src/index.js";
import { brotli, cpuClock, openGraphFile, openTraceFile, writeRecordingFile } from "../src/node.js";
import { bytesOf, contentsOf, countEvents, errorOf, fixture, sampleTrace } from "./recordings.js";

const sample = bytesOf(sampleTrace());
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heapwright-replay-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function countIn(path: string): Promise<number> {
  let count = 0;
  for await (const batch of (await openTraceFile(path)).batches()) count += batch.length;
  return count;
}

describe("openTraceFile", () => {
  it.each([
    ["plain", sample],
    ["gzip", gzipSync(sample)],
    ["brotli", brotliCompressSync(sample)],
  ])("tells %s by its content, whatever the name says", async (kind, bytes) => {
    for (const name of [`${kind}.pymt`, `${kind}.pymt.gz`, `${kind}.pymt.br`, kind]) {
      const trace = await openTraceFile(file(name, bytes));
      expect(trace.rereadable).toBe(true);
      const { events } = await contentsOf(trace);
      expect(events).toHaveLength(11);
      expect((await contentsOf(trace)).events).toEqual(events);
    }
  });

  it("reads a recorded trace and a recorded graph", async () => {
    expect(await countIn(fixture("decimal_pi.pymt.br"))).toBe(2_921_452);
    const graph = await openGraphFile(fixture("stdlib_modules.pymg.br"));
    let nodes = 0;
    for await (const batch of graph.nodes()) nodes += batch.length;
    expect(nodes).toBe(59_618);
  });

  it("names the file in every message", async () => {
    const wrong = fixture("stdlib_modules.pymg.br");
    const error = await errorOf(openTraceFile(wrong));
    expect(error.code).toBe("ERR_WRONG_RECORDING");
    expect(error.message).toContain(wrong);
  });

  it.each([
    ["no file", "missing.pymt", "ENOENT"],
    ["a folder", ".", "EISDIR"],
  ])("cannot read %s, and says why", async (_, name, reason) => {
    const error = await errorOf(openTraceFile(join(folder, name)));
    expect(error.code).toBe("ERR_READ_FAILED");
    expect(error.message).toContain(reason);
    expect(error.cause).toMatchObject({ code: reason });
  });

  it.each<[string, Uint8Array, string]>([
    ["an empty file", new Uint8Array(), "ERR_TRUNCATED_RECORDING"],
    ["text", Buffer.from("This is a text, and no recording at all.\n"), "ERR_BAD_RECORDING"],
    ["brotli of something else", brotliCompressSync(Buffer.from("something else")), "ERR_BAD_RECORDING"],
    [
      "brotli with bytes behind it",
      Buffer.concat([brotliCompressSync(sample), Buffer.alloc(9)]),
      "ERR_BAD_RECORDING",
    ],
  ])("refuses %s", async (what, bytes, code) => {
    expect((await errorOf(countIn(file(`bad ${what}`, bytes)))).code).toBe(code);
  });

  it("calls brotli truncated wherever it ends", async () => {
    const bytes = brotliCompressSync(sample);
    for (let end = 1; end < bytes.length; end++) {
      const error = await errorOf(openTrace(bytes.subarray(0, end), { brotli }).then(contentsOf));
      expect(`${end}: ${error.code}`).toBe(`${end}: ERR_TRUNCATED_RECORDING`);
    }
  });

  it("gives an error of ours, or as many events, whichever bit of brotli flips", async () => {
    const bytes = brotliCompressSync(sample);
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const damaged = new Uint8Array(bytes);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      try {
        expect((await contentsOf(await openTrace(damaged, { brotli }))).events).toHaveLength(11);
      } catch (error) {
        if (!HeapwrightError.is(error)) throw error;
      }
    }
  });

  it("leaves no file open", async () => {
    const descriptors = "/proc/self/fd";
    if (!existsSync(descriptors)) return;
    const path = fixture("decimal_pi.pymt.br");
    const openCount = (): number => readdirSync(descriptors).length;
    const before = openCount();
    for (let i = 0; i < 5; i++) {
      const trace = await openTraceFile(path);
      for await (const batch of trace.batches()) if (batch.first >= 0) break;
      await errorOf(openGraphFile(path));
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(openCount()).toBeLessThanOrEqual(before + 1);
  });
});

describe("writeRecordingFile", () => {
  it("compresses as the name says", async () => {
    const paths = ["out.pymt", "out.pymt.gz", "out.pymt.br"].map((name) => join(folder, name));
    for (const path of paths) {
      await writeRecordingFile(path, sampleTrace());
      expect(await countIn(path)).toBe(11);
    }
    const [plain, gz, br] = paths.map((path) => readFileSync(path));
    expect(bytesOf([plain!])).toEqual(sample);
    expect(bytesOf([gunzipSync(gz!)])).toEqual(sample);
    expect(bytesOf([brotliDecompressSync(br!)])).toEqual(sample);
  });

  it("leaves what was there when it fails, and nothing else", async () => {
    const path = file("kept.pymt.gz", gzipSync(sample));
    const before = readdirSync(folder);
    function* failing(): Generator<Uint8Array> {
      yield sample;
      throw new Error("disk on fire");
    }
    await expect(writeRecordingFile(path, failing())).rejects.toThrow("disk on fire");
    expect(await countIn(path)).toBe(11);
    expect(readdirSync(folder)).toEqual(before);
  });

  it("fails with the file system's own error", async () => {
    const path = join(folder, "missing", "out.pymt");
    await expect(writeRecordingFile(path, sampleTrace())).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("replaces a file while it is being read", async () => {
    const path = file("read.pymt", sample);
    const trace = await openTraceFile(path);
    const copy = async function* (): AsyncGenerator<Uint8Array> {
      yield* sampleTrace();
      await contentsOf(trace);
    };
    await writeRecordingFile(path, copy());
    expect(await countEvents(new Uint8Array(readFileSync(path)))).toBe(11);
  });
});

describe("cpuClock", () => {
  it("goes on while the processor works, in milliseconds", () => {
    const start = cpuClock();
    const wall = performance.now();
    while (performance.now() - wall < 30);
    const worked = cpuClock() - start;
    expect(worked).toBeGreaterThan(1);
    expect(worked).toBeLessThan(5000);
  });
});
