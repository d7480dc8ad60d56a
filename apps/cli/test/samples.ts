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

/** What is unreachable in {@link sampleGraph}, by the generation that is collected. */
export const SAMPLE_UNREACHABLE = [20, 60, 130] as const;

/**
 * A graph of 230 objects:
 *
 * ```text
 *   0 .. 99      generation 2: a chain, held from outside
 *   100 .. 159   generation 2: pairs that hold each other; the first ten also refer to 200 .. 209
 *   160 .. 199   generation 1: pairs
 *   200 .. 209   generation 0: held by garbage of generation 2
 *   210 .. 229   generation 0: pairs
 * ```
 */
export function sampleGraph(
  program = "objects",
  unreachable: readonly [number, number, number] = SAMPLE_UNREACHABLE,
): Buffer {
  const types = [{ name: "list" }, { name: "__main__.Node" }, { name: "str", leaves: 50, leafBytes: 3000 }];
  const writer = createGraphWriter({ program, python: "3.11.7", distinctLeaves: 50, types, unreachable });
  for (let i = 0; i < 230; i++) {
    const inChain = i < 100;
    const inPair = i >= 100 && (i < 200 || i >= 210);
    const edges = inChain ? [i + 1].filter((next) => next < 100) : inPair ? [i ^ 1] : [];
    if (i >= 100 && i < 110) edges.push(i + 100);
    const generation = i < 160 ? 2 : i < 200 ? 1 : 0;
    writer.node({
      type: inChain ? 1 : 0,
      generation,
      bytes: inChain ? 56 : 88,
      refcount: 1,
      leafRefs: 2,
      edges,
    });
  }
  return Buffer.concat([...writer.finish()]);
}

/** A file of each kind that cannot be read, and the code it gets. */
export function writeDamaged(folder: string): Record<string, string> {
  return writeFiles(folder, ".pymt", damage(sampleTrace(), sampleGraph()));
}

/** The same of graphs. */
export function writeDamagedGraphs(folder: string): Record<string, string> {
  const miscounted = createGraphWriter({ program: "miscounted", types: [{ name: "list" }] });
  miscounted.node({ type: 0, bytes: 72, refcount: 1, edges: [0, 0] });
  return writeFiles(folder, ".pymg", {
    ...damage(sampleGraph(), sampleTrace()),
    miscounted: [Buffer.concat([...miscounted.finish()]), "ERR_BAD_RECORDING"],
  });
}

type Damaged = Record<string, readonly [Uint8Array, string]>;

function damage(sound: Buffer, other: Buffer): Damaged {
  const newer = Buffer.from(sound);
  newer.writeUInt32LE(2, 4);
  const garbled = Buffer.from(sound);
  garbled.fill(0xff, garbled.length - 200);
  return {
    cut: [sound.subarray(0, -50), "ERR_TRUNCATED_RECORDING"],
    "cut-in-header": [sound.subarray(0, 40), "ERR_TRUNCATED_RECORDING"],
    "cut.br": [brotliCompressSync(sound).subarray(0, -20), "ERR_TRUNCATED_RECORDING"],
    "cut.gz": [gzipSync(sound).subarray(0, -20), "ERR_TRUNCATED_RECORDING"],
    garbled: [garbled, "ERR_BAD_RECORDING"],
    noise: [Buffer.from("this is no recording at all\n".repeat(20)), "ERR_BAD_RECORDING"],
    longer: [Buffer.concat([sound, sound.subarray(-30)]), "ERR_BAD_RECORDING"],
    empty: [Buffer.alloc(0), "ERR_TRUNCATED_RECORDING"],
    other: [other, "ERR_WRONG_RECORDING"],
    newer: [newer, "ERR_RECORDING_VERSION"],
  };
}

function writeFiles(folder: string, suffix: string, damaged: Damaged): Record<string, string> {
  const files = Object.entries(damaged).map(([name, [bytes, code]]) => {
    const [stem, compression] = name.split(".");
    return { name: `${stem!}${suffix}${compression === undefined ? "" : `.${compression}`}`, bytes, code };
  });
  mkdirSync(folder, { recursive: true });
  for (const { name, bytes } of files) writeFileSync(join(folder, name), bytes);
  return Object.fromEntries(files.map(({ name, code }) => [name, code]));
}
