/** Small recordings, sound and damaged, in a folder that goes away after the tests. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { createGraphWriter, createTraceWriter } from "@heapwright/replay";
import { afterAll } from "vitest";

/** A folder of its own for a test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "heapwright-cli-"));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** A trace of a few thousand calls, whose program took one arena. */
export function sampleTrace(program = "sample"): Buffer {
  const writer = createTraceWriter({
    program,
    python: "3.11.7",
    arenaSize: 1_048_576,
    arenasPeak: 1,
    arenasPeakEvent: 1,
    arenasTotal: 1,
  });
  const blocks: number[] = [];
  for (let i = 0; i < 2000; i++) {
    blocks.push(writer.malloc((i * 7) % 300));
    if (i % 3 === 2) writer.free(blocks.shift()!);
    if (i % 50 === 0) writer.realloc(blocks.at(-1)!, 600);
  }
  return Buffer.concat([...writer.finish()]);
}

function sampleGraph(): Buffer {
  const writer = createGraphWriter({ program: "graph", types: [] });
  return Buffer.concat([...writer.finish()]);
}

/** A file of each kind that cannot be read, and the code it gets. */
export function writeDamaged(folder: string): Record<string, string> {
  const trace = sampleTrace();
  const newer = Buffer.from(trace);
  newer.writeUInt32LE(2, 4);
  const garbled = Buffer.from(trace);
  garbled.fill(0xff, garbled.length - 200);
  const brotli = brotliCompressSync(trace);

  const files: Record<string, readonly [Uint8Array, string]> = {
    "cut.pymt": [trace.subarray(0, -50), "ERR_TRUNCATED_RECORDING"],
    "cut-in-header.pymt": [trace.subarray(0, 40), "ERR_TRUNCATED_RECORDING"],
    "cut.pymt.br": [brotli.subarray(0, -20), "ERR_TRUNCATED_RECORDING"],
    "cut.pymt.gz": [gzipSync(trace).subarray(0, -20), "ERR_TRUNCATED_RECORDING"],
    "garbled.pymt": [garbled, "ERR_BAD_RECORDING"],
    "noise.pymt": [Buffer.from("this is no recording at all\n".repeat(20)), "ERR_BAD_RECORDING"],
    "longer.pymt": [Buffer.concat([trace, trace.subarray(-30)]), "ERR_BAD_RECORDING"],
    "empty.pymt": [Buffer.alloc(0), "ERR_TRUNCATED_RECORDING"],
    "graph.pymt": [sampleGraph(), "ERR_WRONG_RECORDING"],
    "newer.pymt": [newer, "ERR_RECORDING_VERSION"],
  };
  mkdirSync(folder, { recursive: true });
  for (const [name, [bytes]] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return Object.fromEntries(Object.entries(files).map(([name, [, code]]) => [name, code]));
}
