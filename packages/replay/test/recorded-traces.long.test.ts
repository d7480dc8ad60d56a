/** Every recorded trace and graph, where they are at hand: HEAPWRIGHT_TRACES, or shared/traces beside the repository. */

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";

import { describe, expect, it } from "vitest";

import {
  FREE,
  createGraphWriter,
  createTraceWriter,
  openGraph,
  openTrace,
  readSmallObjectStream,
  replay,
  type Mark,
} from "../src/index.js";
import { naive } from "./naive-allocator.js";
import { bytesOf, splitContainer } from "./recordings.js";

interface GroundTruth {
  readonly traces: Record<
    string,
    {
      readonly stats: { readonly small: { readonly events: number; readonly allocs: number } };
      readonly native: { readonly fragmentation: number; readonly arenasPeak: number };
      readonly marks: readonly {
        readonly name: string;
        readonly event: number;
        readonly liveBlocks: number;
      }[];
    }
  >;
}

const root =
  process.env["HEAPWRIGHT_TRACES"] ?? fileURLToPath(new URL("../../../../shared/traces", import.meta.url));

function listFiles(folder: string, extension: string): string[] {
  const path = `${root}/${folder}`;
  return existsSync(path) ? readdirSync(path).filter((name) => name.endsWith(extension)) : [];
}

function read(folder: string, name: string): Uint8Array {
  return new Uint8Array(brotliDecompressSync(readFileSync(`${root}/${folder}/${name}`)));
}

const traces = listFiles("traces", ".pymt.br");
const graphs = listFiles("graphs", ".pymg.br");

describe.skipIf(traces.length === 0)("a recorded trace", () => {
  const truth = JSON.parse(
    traces.length > 0 ? readFileSync(`${root}/GROUNDTRUTH.json`, "utf8") : "{}",
  ) as GroundTruth;

  it.each(traces)("%s amounts to its header, and is written again byte for byte", async (name) => {
    const bytes = read("traces", name);
    const trace = await openTrace(bytes);
    const writer = createTraceWriter(trace.header);
    const marks: Mark[] = [];
    let slotCount = 0;
    for await (const batch of trace.batches()) {
      writer.append(batch);
      marks.push(...batch.marks);
      ({ slotCount } = batch);
    }
    expect(slotCount).toBe(trace.header.peakLiveBlocks);
    const expected = truth.traces[trace.header.program]!.marks;
    expect([...marks, { name: "end", event: trace.header.events }]).toEqual(
      expected.map(({ name, event }) => ({ name, event })),
    );

    const copy = splitContainer(bytesOf(writer.finish()));
    expect(copy.header).toEqual(splitContainer(bytes).header);
    expect(Buffer.compare(copy.records, splitContainer(bytes).records)).toBe(0);
  });

  it.each(traces)("%s has the small-object stream that was counted in C", async (name) => {
    const trace = await openTrace(read("traces", name));
    const { events, allocs } = truth.traces[trace.header.program]!.stats.small;
    const { op, length } = await readSmallObjectStream(trace);
    expect(length).toBe(events);
    expect(op.reduce((count, code) => count + (code < 2 ? 1 : 0), 0)).toBe(allocs);
    expect(op.some((code) => code === FREE)).toBe(true);
  });

  it.each(traces)("%s replays without a mistake, block for block", async (name) => {
    const trace = await openTrace(read("traces", name));
    const result = await replay(trace, naive(), { rounds: 0, allocator: { maxBytes: "512MiB" } });
    const { marks, native } = truth.traces[result.trace]!;
    expect(result.problems).toEqual([]);
    expect(result.liveBlocksAtEnd).toBe(trace.header.liveBlocksAtEnd);
    expect(result.marks.map(({ liveBlocks }) => liveBlocks)).toEqual(
      marks.slice(0, -1).map(({ liveBlocks }) => liveBlocks),
    );
    expect(result.cpython!.arenasPeak).toBe(native.arenasPeak);
    expect(result.cpython!.fragmentation).toBeCloseTo(native.fragmentation, 3);
  });
});

describe.skipIf(graphs.length === 0)("a recorded graph", () => {
  it.each(graphs)("%s amounts to its header, and is written again byte for byte", async (name) => {
    const bytes = read("graphs", name);
    const graph = await openGraph(bytes);
    const writer = createGraphWriter(graph.header);
    for await (const batch of graph.nodes()) writer.append(batch);
    const copy = splitContainer(bytesOf(writer.finish()));
    expect(copy.header).toEqual(splitContainer(bytes).header);
    expect(Buffer.compare(copy.records, splitContainer(bytes).records)).toBe(0);
  });
});
