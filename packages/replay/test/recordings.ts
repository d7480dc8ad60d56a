/** Recordings for the tests: made by hand, by a writer or at random, and read back. */

import { readFileSync } from "node:fs";
import { brotliDecompressSync } from "node:zlib";

import { HeapwrightError, type DomainName } from "@heapwright/core";
import fc from "fast-check";

import {
  CALLOC,
  DOMAINS,
  createTraceWriter,
  openTrace,
  type ByteSource,
  type EventBatch,
  type Mark,
  type Recording,
  type Trace,
  type TraceHeader,
} from "../src/index.js";

/** An event as an object. */
export interface Event {
  readonly op: number;
  readonly domain: number;
  readonly slot: number;
  readonly size: number;
  readonly small: number;
}

/** Everything a trace says. */
export interface TraceContents {
  readonly header: TraceHeader;
  readonly events: Event[];
  readonly marks: Mark[];
  readonly slotCount: number;
}

function eventsOf({ op, domain, slot, size, small, length }: EventBatch): Event[] {
  return Array.from({ length }, (_, i) => ({
    op: op[i]!,
    domain: domain[i]!,
    slot: slot[i]!,
    size: size[i]!,
    small: small[i]!,
  }));
}

export async function contentsOf(trace: Trace): Promise<TraceContents> {
  const events: Event[] = [];
  const marks: Mark[] = [];
  let slotCount = 0;
  for await (const batch of trace.batches()) {
    events.push(...eventsOf(batch));
    marks.push(...batch.marks);
    slotCount = batch.slotCount;
  }
  return { header: trace.header, events, marks, slotCount };
}

export async function readTrace(source: ByteSource): Promise<TraceContents> {
  return contentsOf(await openTrace(source));
}

/** Reads a trace for its count of events only. */
export async function countEvents(source: ByteSource): Promise<number> {
  let count = 0;
  for await (const batch of (await openTrace(source)).batches()) count += batch.length;
  return count;
}

/** All bytes of a recording. */
export function bytesOf(chunks: Iterable<Uint8Array>): Uint8Array {
  return new Uint8Array(Buffer.concat([...chunks]));
}

/** The error that reading ends with; anything but a HeapwrightError fails the test. */
export async function errorOf(reading: Promise<unknown>): Promise<HeapwrightError> {
  try {
    await reading;
  } catch (error) {
    if (HeapwrightError.is(error)) return error;
    throw error;
  }
  throw new Error("Expected an error, and there was none.");
}

/** A container with any header and records. */
export function container(
  magic: string,
  header: unknown,
  records: Iterable<number>,
  version = 1,
): Uint8Array {
  const text = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(12);
  prefix.write(magic, "latin1");
  prefix.writeUInt32LE(version, 4);
  prefix.writeUInt32LE(text.length, 8);
  return bytesOf([prefix, text, Uint8Array.from(records)]);
}

/** Takes a recording apart. */
export function splitContainer(bytes: Uint8Array): { header: Record<string, unknown>; records: Uint8Array } {
  const end = 12 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(12, end))) as Record<string, unknown>;
  return { header, records: bytes.subarray(end) };
}

/** A trace that has one of everything. */
export function sampleTrace(): Recording<TraceHeader> {
  const writer = createTraceWriter({ program: "sample", argv: ["sample.py", "1"], python: "3.11.7" });
  writer.mark("start");
  const small = writer.malloc(100);
  const cleared = writer.calloc(40, "mem");
  const raw = writer.malloc(3000, "raw");
  writer.realloc(small, 120);
  writer.realloc(cleared, 600);
  writer.mark("päuse");
  writer.free(raw);
  writer.malloc(0);
  writer.realloc(cleared, 20);
  writer.free(small);
  const large = writer.malloc(5_000_000_000);
  writer.free(large);
  writer.mark("end");
  return writer.finish();
}

/** A step of a random program. */
export interface Step {
  readonly action: "malloc" | "calloc" | "realloc" | "free" | "mark";
  /** Chooses the block, modulo the live ones. */
  readonly pick: number;
  readonly bytes: number;
  readonly domain: DomainName;
}

const sizes = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 600 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 100_000 }) },
);

/** Random programs. */
export function programs(bytes: fc.Arbitrary<number> = sizes, maxLength = 60): fc.Arbitrary<Step[]> {
  return fc.array(
    fc.record({
      action: fc.constantFrom<Step["action"][]>(
        "malloc",
        "malloc",
        "malloc",
        "calloc",
        "realloc",
        "free",
        "free",
        "mark",
      ),
      pick: fc.nat(1000),
      bytes,
      domain: fc.constantFrom<DomainName[]>("raw", "mem", "obj"),
    }),
    { maxLength },
  );
}

interface ModelBlock {
  bytes: number;
  class16: number;
  readonly domain: DomainName;
}

/** What FORMAT.md says about a program, worked out the slow way. */
export interface Expected {
  readonly totals: Partial<TraceHeader>;
  readonly ops: { op: number; domain: number; size: number; small: number; block: number }[];
  readonly marks: Mark[];
}

/** Writes a program, and works out by a map what reading it must yield. */
export function writeProgram(steps: readonly Step[]): {
  recording: Recording<TraceHeader>;
  expected: Expected;
} {
  const writer = createTraceWriter({ program: "random" });
  const live = new Map<number, ModelBlock>();
  const ops: Expected["ops"] = [];
  const marks: Mark[] = [];
  const counts = [0, 0, 0, 0];
  const peak = { bytes: 0, blocks: 0, small: 0, rounded: 0 };
  const class16Of = (domain: DomainName, bytes: number): number =>
    domain !== "raw" && bytes >= 1 && bytes <= 512 ? Math.ceil(bytes / 16) : 0;

  const record = (op: number, block: number, domain: DomainName, size: number, small: number): void => {
    counts[op]!++;
    ops.push({ op, block, domain: DOMAINS.indexOf(domain), size, small });
    const blocks = [...live.values()];
    const inPools = blocks.filter(({ class16 }) => class16 > 0);
    peak.bytes = Math.max(peak.bytes, sum(blocks.map(({ bytes }) => bytes)));
    peak.blocks = Math.max(peak.blocks, blocks.length);
    peak.small = Math.max(peak.small, sum(inPools.map(({ bytes }) => bytes)));
    peak.rounded = Math.max(peak.rounded, sum(inPools.map(({ class16 }) => 16 * class16)));
  };

  for (const { action, pick, bytes, domain } of steps) {
    const numbers = [...live.keys()];
    const number = numbers[pick % Math.max(1, numbers.length)];
    const block = number === undefined ? undefined : live.get(number);
    if (action === "mark") {
      writer.mark(`mark ${pick}`);
      marks.push({ name: `mark ${pick}`, event: ops.length });
    } else if (action === "malloc" || action === "calloc") {
      const class16 = class16Of(domain, bytes);
      const added = writer[action](bytes, domain);
      live.set(added, { bytes, class16, domain });
      record(action === "malloc" ? 0 : CALLOC, added, domain, bytes, class16);
    } else if (number === undefined || block === undefined) {
      continue;
    } else if (action === "realloc") {
      const before = block.class16;
      const stays = bytes <= 16 * before && 4 * bytes > 3 * 16 * before;
      if (before > 0 && !stays) block.class16 = class16Of(block.domain, bytes);
      block.bytes = bytes;
      writer.realloc(number, bytes, domain);
      record(2, number, domain, bytes, before === 0 ? 0 : block.class16 || 255);
    } else {
      live.delete(number);
      writer.free(number);
      record(3, number, block.domain, 0, block.class16);
    }
  }

  const blocks = [...live.values()];
  const totals: Partial<TraceHeader> = {
    events: ops.length,
    ids: counts[0]! + counts[1]!,
    mallocs: counts[0]!,
    callocs: counts[1]!,
    reallocs: counts[2]!,
    frees: counts[3]!,
    marksCount: marks.length,
    peakLiveBytes: peak.bytes,
    peakLiveBlocks: peak.blocks,
    liveBytesAtEnd: sum(blocks.map(({ bytes }) => bytes)),
    liveBlocksAtEnd: blocks.length,
    smallPeakBytes: peak.small,
    smallRoundedPeakBytes: peak.rounded,
  };
  return { recording: writer.finish(), expected: { totals, ops, marks } };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Cuts bytes into chunks at random places. */
export function chunkings(bytes: Uint8Array): fc.Arbitrary<Uint8Array[]> {
  return fc.array(fc.nat(bytes.length), { maxLength: 12 }).map((cuts) => {
    const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
    return places.slice(1).map((end, i) => bytes.slice(places[i], end));
  });
}

/** Path of a file in test/fixtures. */
export function fixture(name: string): string {
  return new URL(`./fixtures/${name}`, import.meta.url).pathname;
}

/** A fixture's bytes, uncompressed. */
export function fixtureBytes(name: string): Uint8Array {
  return new Uint8Array(brotliDecompressSync(readFileSync(fixture(name))));
}
