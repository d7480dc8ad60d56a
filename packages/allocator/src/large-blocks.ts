/**
 * Large blocks: requests over 512 bytes, and all of the domain raw.
 *
 * A two-level segregated fit (Masmano, Ripoll, Crespo and Real, "TLSF", 2004).
 * Free blocks hang in lists by length: the first level is the power of two, the
 * second cuts it into 16 even parts. Two bitmaps tell which lists have something,
 * so both finding a block that fits and merging a freed one with its neighbours
 * take a fixed number of steps, however many blocks there are.
 *
 * Blocks lie back to back in chunks of pages, each behind a header of 8 bytes:
 *
 * ```text
 *   chunk   0        8                                              end-8
 *           +--------+--------+---------+--------+-------- ... -----+--------+
 *           | next   | header | block   | header | block            | header |
 *           | length |        |         |        |                  | of 0   |
 *           +--------+--------+---------+--------+-------- ... -----+--------+
 *
 *   header  31                             4 3 2   1   0
 *           +--------------------------------+---+---+---+
 *   word 0  | length / 16, header included   | 0 |RAW|FRE|   FRE  free, in a list
 *           +--------------------------------+---+---+---+   RAW  of the domain raw
 *   word 1  | length of the block before; 0 for the first|
 *           +--------------------------------------------+
 *           a free block goes on with: next and previous of its list (word indices of headers)
 * ```
 *
 * What it gives up: the headers stand between the blocks, where a write past the
 * end of a block damages them. `verify()` finds that.
 */

import type { Address } from "@heapwright/core";

import { CONTROL, LARGE_LISTS, USE, type Tables } from "./tables.js";

const FREE = 1;
const RAW = 2;
const LENGTH_MASK = ~15;

const HEADER_BYTES = 8;
const HEADER_WORDS = 2;

/** A free block needs room for its header and two links, and blocks keep the alignment of 16. */
const MIN_BLOCK_BYTES = 32;

/** Chunks are at least this long, so that a few blocks share one. */
const CHUNK_BYTES: number = 256 * 1024;

/** A chunk that became free is kept for the next request when it is at most this long. */
const SPARE_BYTES_MAX: number = 1024 * 1024;

/** What a chunk spends: link and length at its start, the last header at its end. */
const CHUNK_OVERHEAD = 16;

const PAGE_BYTES = 4096;
const PAGE_WORDS: number = PAGE_BYTES / 4;
const FIRST_LEVEL_SHIFT = 5;
const SECOND_LEVEL_SHIFT = 4;
const { firstLevels, secondLevels } = LARGE_LISTS;

/** Where the lists begin among the words of `largeLists`: a bitmap, the bitmaps of the second level, then heads. */
const SECOND_LEVEL_MAPS = 1;
const HEADS: number = 1 + firstLevels;

/** A live or free large block, for walks and checks. */
export interface LargeBlock {
  /** First usable byte. */
  readonly address: Address;
  /** Usable bytes. */
  readonly bytes: number;
  /** It is in a free list. */
  readonly free: boolean;
  /** It belongs to the domain raw. */
  readonly raw: boolean;
}

/** Serves large blocks; see `large-blocks.ts`. Addresses are checked by the caller with {@link LargeBlocks.find}. */
export interface LargeBlocks {
  /** A block of at least `bytes` bytes, or 0 when the memory has no room. */
  allocate(bytes: number, raw: boolean): Address;
  /** Frees a live block. */
  free(address: Address): void;
  /** Makes a live block longer or shorter where it is; false when its neighbour is in the way. */
  resize(address: Address, bytes: number): boolean;
  /** Usable bytes of a live block. */
  usableSize(address: Address): number;
  /** Whether a block of the domain raw lives there. */
  isRaw(address: Address): boolean;
  /** What an address is: a live block as far as the headers can tell, one that was freed, or nothing. */
  find(address: Address): "live" | "freed" | "nothing";
  /** Gives back the chunk that is kept for the next request; false when there is none. */
  releaseSpare(): boolean;
  /** All blocks, live and free, chunk by chunk. */
  blocks(): Generator<LargeBlock>;
  /** Chunks held. */
  chunkCount(): number;
  /** Sentences on everything that is wrong. */
  problems(): string[];
  /** Gives all chunks back. */
  releaseAll(): void;
}

/** Makes the large-block allocator that stands behind the pools. */
export function createLargeBlocks(tables: Tables): LargeBlocks {
  const { memory, words, control, largeLists: lists } = tables;

  const lengthOf = (header: number): number => (words[header]! & LENGTH_MASK) >>> 0;
  const isFree = (header: number): boolean => (words[header]! & FREE) !== 0;
  const isFirst = (header: number): boolean => words[header + 1] === 0;
  const after = (header: number): number => header + lengthOf(header) / 4;
  const before = (header: number): number => header - (words[header + 1]! >>> 0) / 4;
  const headerOf = (address: Address): number => address / 4 - HEADER_WORDS;
  const addressOf = (header: number): Address => (header + HEADER_WORDS) * 4;

  /** Writes a header, and tells the block behind how long this one is. */
  function setLength(header: number, bytes: number, flags: number): void {
    words[header] = bytes | flags;
    words[header + bytes / 4 + 1] = bytes;
  }

  /** The list for blocks of a length: first level * 16 + second level. */
  function listFor(bytes: number): number {
    const power = 31 - Math.clz32(bytes);
    const part = (bytes >>> (power - SECOND_LEVEL_SHIFT)) & (secondLevels - 1);
    return (power - FIRST_LEVEL_SHIFT) * secondLevels + part;
  }

  function link(header: number): void {
    const list = listFor(lengthOf(header));
    const next = lists[HEADS + list]!;
    words[header + 2] = next;
    words[header + 3] = 0;
    if (next !== 0) words[next + 3] = header;
    lists[HEADS + list] = header;
    lists[0]! |= 1 << (list >> SECOND_LEVEL_SHIFT);
    lists[SECOND_LEVEL_MAPS + (list >> SECOND_LEVEL_SHIFT)]! |= 1 << (list & (secondLevels - 1));
  }

  function unlink(header: number): void {
    const next = words[header + 2]!;
    const previous = words[header + 3]!;
    if (next !== 0) words[next + 3] = previous;
    if (previous !== 0) {
      words[previous + 2] = next;
      return;
    }
    const list = listFor(lengthOf(header));
    lists[HEADS + list] = next;
    if (next !== 0) return;
    const level = list >> SECOND_LEVEL_SHIFT;
    lists[SECOND_LEVEL_MAPS + level]! &= ~(1 << (list & (secondLevels - 1)));
    if (lists[SECOND_LEVEL_MAPS + level] === 0) lists[0]! &= ~(1 << level);
  }

  /** A free block that is long enough, off its list; 0 when there is none. */
  function takeFit(bytes: number): number {
    // Any block of the next list up is long enough, so no list has to be searched.
    const rounded = bytes + 2 ** (31 - Math.clz32(bytes) - SECOND_LEVEL_SHIFT) - 1;
    if (rounded >= 2 ** 32) return 0;
    const list = listFor(rounded);
    let level = list >> SECOND_LEVEL_SHIFT;
    let parts = lists[SECOND_LEVEL_MAPS + level]! & (-1 << (list & (secondLevels - 1)));
    if (parts === 0) {
      const levels = lists[0]! & (-1 << (level + 1));
      if (levels === 0) return 0;
      level = lowestBit(levels);
      parts = lists[SECOND_LEVEL_MAPS + level]!;
    }
    const header = lists[HEADS + level * secondLevels + lowestBit(parts)]!;
    unlink(header);
    return header;
  }

  /** Takes a chunk and returns its one free block, which is in no list; 0 when the memory has no room. */
  function takeChunk(bytes: number): number {
    const least = Math.ceil((bytes + CHUNK_OVERHEAD) / PAGE_BYTES) * PAGE_BYTES;
    let length = Math.max(least, CHUNK_BYTES);
    let address = memory.reserve(length, PAGE_BYTES, USE.large);
    if (address === 0 && length > least) address = memory.reserve((length = least), PAGE_BYTES, USE.large);
    if (address === 0) return 0;

    const chunk = address / 4;
    words[chunk] = control[CONTROL.chunks]!;
    words[chunk + 1] = length;
    control[CONTROL.chunks] = chunk;
    control[CONTROL.chunkBytes]! += length;
    tables.noteFootprint();

    const header = chunk + 2;
    words[header + 1] = 0;
    words[chunk + length / 4 - HEADER_WORDS] = 0;
    setLength(header, length - CHUNK_OVERHEAD, FREE);
    return header;
  }

  function giveChunk(chunk: number): void {
    const length = words[chunk + 1]! >>> 0;
    const next = words[chunk]!;
    if (control[CONTROL.chunks] === chunk) control[CONTROL.chunks] = next;
    for (const head of chunkHeads()) {
      if (words[head] === chunk) words[head] = next;
    }
    control[CONTROL.chunkBytes]! -= length;
    memory.release(chunk * 4, length);
  }

  /** Cuts a block that is in no list down to `bytes`; what is left over becomes a free block. */
  function cut(header: number, bytes: number, flags: number): void {
    const length = lengthOf(header);
    const rest = length - bytes;
    if (rest < MIN_BLOCK_BYTES) {
      setLength(header, length, flags);
      return;
    }
    setLength(header, bytes, flags);
    setLength(header + bytes / 4, rest, FREE);
    link(mergeWithNext(header + bytes / 4));
  }

  /** Joins a block that is in no list with the free block behind it, if there is one. */
  function mergeWithNext(header: number): number {
    const next = after(header);
    if (!isFree(next)) return header;
    unlink(next);
    setLength(header, lengthOf(header) + lengthOf(next), words[header]! & ~LENGTH_MASK);
    return header;
  }

  /** A chunk became free as a whole: it is kept for the next request, and the one kept so far goes back. */
  function keepAsSpare(chunk: number): void {
    if (words[chunk + 1]! >>> 0 > SPARE_BYTES_MAX) {
      dropChunk(chunk);
      return;
    }
    const spare = control[CONTROL.spareChunk]!;
    control[CONTROL.spareChunk] = chunk;
    if (spare !== 0 && spare !== chunk && isWhollyFree(spare)) dropChunk(spare);
  }

  function isWhollyFree(chunk: number): boolean {
    const header = chunk + HEADER_WORDS;
    return isFree(header) && lengthOf(header) === (words[chunk + 1]! >>> 0) - CHUNK_OVERHEAD;
  }

  function dropChunk(chunk: number): void {
    unlink(chunk + HEADER_WORDS);
    giveChunk(chunk);
  }

  /** All chunks; ends at a damaged link, which the sum of their lengths then tells. */
  function* chunkHeads(): Generator<number> {
    const seen = new Set<number>();
    let chunk = control[CONTROL.chunks]!;
    while (
      chunk > 0 &&
      !seen.has(chunk) &&
      chunk % PAGE_WORDS === 0 &&
      memory.useOf(chunk * 4) === USE.large
    ) {
      seen.add(chunk);
      yield chunk;
      chunk = words[chunk]!;
    }
  }

  /** Headers of one chunk; ends early where a length leads out of the chunk. */
  function* headersOf(chunk: number): Generator<number> {
    const last = chunk + (words[chunk + 1]! >>> 0) / 4 - HEADER_WORDS;
    for (let header = chunk + HEADER_WORDS; header < last && lengthOf(header) > 0; header = after(header))
      yield header;
  }

  return {
    allocate(bytes, raw) {
      if (bytes > memory.maxBytes) return 0;
      const needed = blockBytesFor(bytes);
      const header = takeFit(needed) || takeChunk(needed);
      if (header === 0) return 0;
      cut(header, needed, raw ? RAW : 0);
      control[raw ? CONTROL.rawBlocks : CONTROL.largeBlocks]!++;
      control[CONTROL.largeBytes]! += lengthOf(header) - HEADER_BYTES;
      return addressOf(header);
    },

    free(address) {
      let header = headerOf(address);
      control[(words[header]! & RAW) !== 0 ? CONTROL.rawBlocks : CONTROL.largeBlocks]!--;
      control[CONTROL.largeBytes]! -= lengthOf(header) - HEADER_BYTES;

      setLength(header, lengthOf(header), FREE);
      mergeWithNext(header);
      if (!isFirst(header) && isFree(before(header))) {
        header = before(header);
        unlink(header);
        setLength(header, lengthOf(header) + lengthOf(after(header)), FREE);
      }
      link(header);
      if (isFirst(header) && lengthOf(after(header)) === 0) keepAsSpare(header - HEADER_WORDS);
    },

    resize(address, bytes) {
      if (bytes > memory.maxBytes) return false;
      const header = headerOf(address);
      const flags = words[header]! & RAW;
      const length = lengthOf(header);
      const needed = blockBytesFor(bytes);
      const next = after(header);
      if (needed > length) {
        if (!isFree(next) || length + lengthOf(next) < needed) return false;
        mergeWithNext(header);
      }
      cut(header, needed, flags);
      control[CONTROL.largeBytes]! += lengthOf(header) - length;
      return true;
    },

    usableSize: (address) => lengthOf(headerOf(address)) - HEADER_BYTES,

    isRaw: (address) => (words[headerOf(address)]! & RAW) !== 0,

    find(address) {
      if (memory.useOf(address) !== USE.large) return "nothing";
      const header = headerOf(address);
      const length = lengthOf(header);
      const end = header + length / 4;
      if (length < MIN_BLOCK_BYTES || memory.useOf(end * 4) !== USE.large) return "nothing";
      if (isFree(header)) return "freed";
      return words[end + 1]! >>> 0 === length ? "live" : "nothing";
    },

    releaseSpare() {
      const spare = control[CONTROL.spareChunk]!;
      control[CONTROL.spareChunk] = 0;
      if (spare === 0 || !isWhollyFree(spare)) return false;
      dropChunk(spare);
      return true;
    },

    *blocks() {
      for (const chunk of chunkHeads()) {
        for (const header of headersOf(chunk)) {
          const raw = (words[header]! & RAW) !== 0;
          yield {
            address: addressOf(header),
            bytes: lengthOf(header) - HEADER_BYTES,
            free: isFree(header),
            raw,
          };
        }
      }
    },

    chunkCount: () => [...chunkHeads()].length,

    problems() {
      const found: string[] = [];
      const runs = new Map(memory.runs().map(({ address, bytes }) => [address, bytes]));
      const spare = control[CONTROL.spareChunk]!;
      if (spare !== 0 && ![...chunkHeads()].includes(spare)) {
        found.push(`The chunk at ${spare * 4}, kept for the next request, is none.`);
      }
      const listed = new Set<number>();
      for (let list = 0; list < firstLevels * secondLevels; list++) {
        const level = list >> SECOND_LEVEL_SHIFT;
        const marked = ((lists[SECOND_LEVEL_MAPS + level]! >> (list & (secondLevels - 1))) & 1) === 1;
        const head = lists[HEADS + list]!;
        if (marked !== (head !== 0))
          found.push(`The bitmaps disagree with list ${list} of free large blocks.`);
        for (let header = head; header !== 0; header = words[header + 2]!) {
          if (listed.has(header) || !isFree(header) || listFor(lengthOf(header)) !== list) {
            found.push(`List ${list} of free large blocks is damaged at ${addressOf(header)}.`);
            break;
          }
          listed.add(header);
        }
      }

      const counted = { live: 0, raw: 0, bytes: 0, chunkBytes: 0 };
      for (const chunk of chunkHeads()) {
        const chunkBytes = words[chunk + 1]! >>> 0;
        counted.chunkBytes += chunkBytes;
        let end = chunk + HEADER_WORDS;
        let previous = 0;
        let previousFree = false;
        for (const header of headersOf(chunk)) {
          const free = isFree(header);
          if (
            words[header + 1]! >>> 0 !== previous ||
            (free && previousFree) ||
            free !== listed.delete(header)
          ) {
            found.push(`The header of the large block at ${addressOf(header)} is damaged.`);
          }
          if (!free) {
            counted[(words[header]! & RAW) !== 0 ? "raw" : "live"]++;
            counted.bytes += lengthOf(header) - HEADER_BYTES;
          }
          previous = lengthOf(header);
          previousFree = free;
          end = after(header);
        }
        if (end !== chunk + chunkBytes / 4 - HEADER_WORDS || runs.get(chunk * 4) !== chunkBytes)
          found.push(`The chunk at ${chunk * 4} is damaged.`);
      }
      if (listed.size > 0) found.push(`${listed.size} free large blocks are in no chunk.`);

      const figures = [
        ["raw blocks", counted.raw, control[CONTROL.rawBlocks]!],
        ["large blocks", counted.live, control[CONTROL.largeBlocks]!],
        ["bytes in large blocks", counted.bytes, control[CONTROL.largeBytes]! >>> 0],
        ["bytes in chunks", counted.chunkBytes, control[CONTROL.chunkBytes]! >>> 0],
      ] as const;
      for (const [what, is, says] of figures) {
        if (is !== says) found.push(`There are ${is} ${what}, the counter says ${says}.`);
      }
      return found;
    },

    releaseAll() {
      while (control[CONTROL.chunks] !== 0) giveChunk(control[CONTROL.chunks]!);
    },
  };
}

/** Length of the block that serves a request: with its header, a multiple of 16. */
function blockBytesFor(bytes: number): number {
  return Math.max(MIN_BLOCK_BYTES, Math.ceil((bytes + HEADER_BYTES) / 16) * 16);
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
