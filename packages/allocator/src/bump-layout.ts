/**
 * Where each word of bump's chunks is, and what of it can be checked without a look at the blocks.
 */

import { HeapwrightError, PAGE_BYTES, type Address, type AttachOptions, type Memory } from "@heapwright/core";

import { findTables, type TableMark } from "./table-run.js";

/** What bump's chunks are taken for. */
export const USE_BUMP = 4;

/** Chunks are at least this long. */
export const CHUNK_BYTES = 65536;

/** Words at the start of each chunk. */
export const CHUNK = { next: 0, bytes: 1, top: 2 } as const;

/** Bytes of those words. */
export const CHUNK_HEADER_BYTES = 24;

/** Words behind the first chunk's header. */
export const CONTROL = {
  current: 6,
  era: 7,
  liveBlocks: 8,
  allocated: 9,
  taken: 10,
  peak: 11,
  mark: 12,
} as const;

/** Bytes of those words, with the word behind the mark. */
const CONTROL_BYTES = 32;

/** "BMP" and a version, little-endian. */
export const MARK: TableMark = { name: "bump", use: USE_BUMP, stamp: 0x01504d42, word: CONTROL.mark };

/** The first byte of a chunk that blocks can have. */
export function startOf(chunk: number, first: number): Address {
  return chunk * 4 + CHUNK_HEADER_BYTES + (chunk === first ? CONTROL_BYTES : 0);
}

/**
 * Finds the first chunk that a bump left in a memory, and checks the others from there.
 *
 * @returns its word index
 * @throws HeapwrightError those of `AllocatorPlugin.attach`
 */
export function findFirstChunk(memory: Memory, options: AttachOptions): number {
  const first = findTables(memory, options, MARK).address / 4;
  const words = new Int32Array(memory.buffer, 0, Math.floor(memory.buffer.byteLength / 4));
  const runs = new Map(memory.runs().map((run) => [run.address, run]));
  let [last, taken] = [first, 0];
  for (let chunk = first; chunk !== 0; chunk = words[chunk + CHUNK.next]!) {
    const run = runs.get(chunk * 4);
    const bytes = words[chunk + CHUNK.bytes]! >>> 0;
    const top = words[chunk + CHUNK.top]! >>> 0;
    const sound = run?.use === USE_BUMP && run.bytes === bytes && bytes % PAGE_BYTES === 0;
    if (!sound || top < startOf(chunk, first) || top > chunk * 4 + bytes || top % 16 !== 8)
      throw damaged(first);
    runs.delete(chunk * 4); // once each: a link must not lead round in a circle
    last = chunk;
    taken += bytes;
  }
  const figure = (word: number): number => words[first + word]! >>> 0;
  const agrees = figure(CONTROL.current) === last && figure(CONTROL.taken) === taken;
  if (!agrees || figure(CONTROL.peak) < taken) throw damaged(first);
  return first;
}

function damaged(first: number): HeapwrightError {
  return new HeapwrightError(
    "ERR_CORRUPT_MEMORY",
    `The chunks of the bump allocator at ${first * 4} are damaged.`,
  );
}
