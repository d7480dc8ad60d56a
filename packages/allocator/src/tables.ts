/**
 * The tables of an allocator: views over the words that `layout.ts` describes.
 */

import { HeapwrightError, type Address, type Memory } from "@heapwright/core";

import type { Geometry } from "./geometry.js";
import { POOL_ROWS, ROW_SHIFT, ROW_WORDS } from "./layout.js";

/** What runs of pages are taken for. */
export const USE = { tables: 1, arena: 2, large: 3 } as const;

/** Single words of the control block. */
export const CONTROL = {
  /** First of the usable arenas, fullest first. CPython: `usable_arenas`. */
  usableArenas: 0,
  /** First unused arena row. CPython: `unused_arena_objects`. */
  unusedArenas: 1,
  /** End of the arena rows that were ever used. CPython: `maxarenas`. */
  arenaRowsEnd: 2,
  /** Arenas held. CPython: `narenas_currently_allocated`. */
  arenas: 3,
  /** Most arenas held at once. CPython: `narenas_highwater`. */
  arenasPeak: 4,
  /** Arenas ever taken. CPython: `ntimes_arena_allocated`. */
  arenasTotal: 5,
  /** End of the pool rows that were ever used. */
  poolRowsEnd: 6,
  /** Largest footprint so far, bytes (unsigned). */
  peakFootprint: 7,
  /** Live blocks of the domain raw. */
  rawBlocks: 8,
  /** Live blocks that the domain mem allocated. */
  memBlocks: 9,
  /** Live large blocks of mem and obj. CPython: `raw_allocated_blocks`. */
  largeBlocks: 10,
  /** Usable bytes in live large blocks, all domains (unsigned). */
  largeBytes: 11,
  /** First chunk of large blocks, as word index. */
  chunks: 12,
  /** Bytes in chunks (unsigned). */
  chunkBytes: 13,
  /** The chunk that was last wholly free, as word index; blocks may live in it again. 0 = none. */
  spareChunk: 14,
  /** Pools that a heap took and did not give back. */
  heapPools: 15,
} as const;

const CONTROL_WORDS = 16;

/** First-level and second-level lists of free large blocks; see `large-blocks.ts`. */
export const LARGE_LISTS = { firstLevels: 27, secondLevels: 16 } as const;

/** The row of the pool with a number. */
export function poolRow(pool: number): number {
  return POOL_ROWS + (pool << ROW_SHIFT);
}

/** The number of the pool with a row: its address divided by its length. */
export function poolNumber(row: number): number {
  return (row - POOL_ROWS) >> ROW_SHIFT;
}

/** The views that the parts of the allocator work on. `const` for its whole life. */
export interface Tables {
  /** Where everything is. */
  readonly memory: Memory;
  /** The lengths. */
  readonly geometry: Geometry;
  /** The whole memory, as words. */
  readonly words: Int32Array;
  /** The whole memory, as bytes. */
  readonly bytes: Uint8Array;
  /** See {@link CONTROL}. */
  readonly control: Int32Array;
  /** Last usable arena with so many free pools. CPython: `nfp2lasta`. */
  readonly lastArenaWith: Int32Array;
  /** First-level bitmap, then second-level bitmaps, then heads of the lists of free large blocks. */
  readonly largeLists: Int32Array;
  /** Arena rows. */
  readonly arenas: Int32Array;
  /** First used pool of each size class from `USED_POOLS` on, pool rows from `POOL_ROWS` on. */
  readonly pools: Int32Array;
  /** One bit for each 16 bytes: a live block starts here. Empty without checks. */
  readonly liveBits: Int32Array;
  /** Bytes of control block and rows that are in use, live bits included. */
  metadataBytes(): number;
  /** Bytes taken from the memory: metadata in use, arenas and chunks whole. */
  footprintBytes(): number;
  /** Raises the peak; called whenever an arena or a chunk was taken. */
  noteFootprint(): void;
  /** Whether the memory took the tables back: it was disposed, or its buffer shortened. */
  isGone(): boolean;
  /** Forgets all pools, so that no path through them finds a block. */
  clear(): void;
  /** Gives the run of the tables back. */
  release(): void;
}

/**
 * Reserves the tables in a memory and makes the views.
 *
 * @throws HeapwrightError `ERR_BUFFER_TOO_SMALL` when the tables and one arena do not fit
 */
export function createTables(memory: Memory, geometry: Geometry, checks: boolean): Tables {
  const { arenaBytes, poolBytes } = geometry;
  const { maxBytes } = memory;
  const lengths = {
    control: CONTROL_WORDS,
    lastArenaWith: arenaBytes / poolBytes + 1,
    largeLists: 1 + LARGE_LISTS.firstLevels * (1 + LARGE_LISTS.secondLevels),
    arenas: (Math.floor(maxBytes / arenaBytes) + 1) * ROW_WORDS,
    pools: POOL_ROWS + Math.ceil(maxBytes / poolBytes) * ROW_WORDS,
    liveBits: checks ? Math.ceil(maxBytes / (16 * 32)) : 0,
  };
  const totalBytes = 4 * Object.values(lengths).reduce((sum, words) => sum + words, 0);
  const start = reserveTables(memory, totalBytes, geometry);

  let at = start;
  const view = (words: number): Int32Array => {
    const made = new Int32Array(memory.buffer, at, words);
    at += 4 * words;
    return made;
  };
  const control = view(lengths.control);
  const fixedBytes = 4 * (lengths.control + lengths.lastArenaWith + lengths.largeLists);

  const figure = (index: number): number => control[index]! >>> 0;
  const metadataBytes = (): number => {
    const poolRows = figure(CONTROL.poolRowsEnd);
    const liveBitBytes = checks ? (poolNumber(Math.max(POOL_ROWS, poolRows)) * poolBytes) / 128 : 0;
    return fixedBytes + 4 * (figure(CONTROL.arenaRowsEnd) + poolRows) + liveBitBytes;
  };
  const footprintBytes = (): number =>
    metadataBytes() + figure(CONTROL.arenas) * arenaBytes + figure(CONTROL.chunkBytes);

  const tables: Tables = {
    memory,
    geometry,
    words: wholeWords(memory),
    bytes: wholeBytes(memory),
    control,
    lastArenaWith: view(lengths.lastArenaWith),
    largeLists: view(lengths.largeLists),
    arenas: view(lengths.arenas),
    pools: view(lengths.pools),
    liveBits: view(lengths.liveBits),
    metadataBytes,
    footprintBytes,
    noteFootprint() {
      control[CONTROL.peakFootprint] = Math.max(figure(CONTROL.peakFootprint), footprintBytes());
    },
    isGone: () => memory.useOf(start) !== USE.tables,
    clear() {
      tables.pools.fill(0, 0, figure(CONTROL.poolRowsEnd));
      control.fill(0);
    },
    release() {
      memory.release(start, totalBytes);
    },
  };
  tables.noteFootprint();
  return tables;
}

function reserveTables(memory: Memory, totalBytes: number, { arenaBytes, poolBytes }: Geometry): Address {
  const start = memory.reserveZeroed(totalBytes, 4096, USE.tables);
  const arena = start && memory.reserve(arenaBytes, poolBytes, USE.arena);
  if (arena) memory.release(arena, arenaBytes);
  if (start && arena) return start;
  if (start) memory.release(start, totalBytes);
  throw new HeapwrightError(
    "ERR_BUFFER_TOO_SMALL",
    `The memory of ${memory.maxBytes} B has no room for tables of ${totalBytes} B and one arena of ${arenaBytes} B. ` +
      "Give it more, or choose a smaller geometry, as preset cpython-3.9 is.",
  );
}

/** A view that follows a resizable buffer; of fixed length, hence faster, on all others. Of a longer one 4 GiB are used. */
function wholeWords({ kind, buffer, maxBytes }: Memory): Int32Array {
  return kind === "resizable" ? new Int32Array(buffer) : new Int32Array(buffer, 0, Math.floor(maxBytes / 4));
}

function wholeBytes({ kind, buffer, maxBytes }: Memory): Uint8Array {
  return kind === "resizable" ? new Uint8Array(buffer) : new Uint8Array(buffer, 0, maxBytes);
}
