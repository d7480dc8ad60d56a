/**
 * The tables of an allocator: views over the words that `layout.ts` describes.
 */

import { HeapwrightError, PAGE_BYTES, type Address, type AttachOptions, type Memory } from "@heapwright/core";

import { resolveGeometry, type Geometry } from "./geometry.js";
import { POOL_ROWS, ROW_SHIFT, ROW_WORDS } from "./layout.js";
import { findTables, markTables, type TableMark } from "./table-run.js";

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
  /** Whose tables these are: a stamp, and in the next word their address (unsigned). See `table-run.ts`. */
  mark: 16,
  /** Bytes in an arena. */
  arenaBytes: 18,
  /** Bytes in a pool. */
  poolBytes: 19,
  /** Bits of {@link OPTION}. */
  options: 20,
} as const;

const CONTROL_WORDS = 24;

/** What else the tables were made with: `arenaAlignment: "page"`, and checks. */
const OPTION = { pageAligned: 1, checks: 2 } as const;

/** "PYM" and a version, little-endian. */
const MARK: TableMark = { name: "pymalloc", use: USE.tables, stamp: 0x014d5950, word: CONTROL.mark };

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
  /** Where the tables themselves are. */
  readonly at: Address;
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
  const at = reserveTables(memory, tableBytes(lengthsFor(memory, geometry, checks)), geometry);
  const tables = tablesOver(memory, geometry, checks, at);
  const { control } = tables;
  control[CONTROL.arenaBytes] = geometry.arenaBytes;
  control[CONTROL.poolBytes] = geometry.poolBytes;
  control[CONTROL.options] =
    (geometry.arenaAlignment === "page" ? OPTION.pageAligned : 0) | (checks ? OPTION.checks : 0);
  markTables(memory, at, MARK);
  tables.noteFootprint();
  return tables;
}

/**
 * Makes the views over tables that are in a memory already.
 *
 * @throws HeapwrightError those of `AllocatorPlugin.attach`
 */
export function attachTables(memory: Memory, options: AttachOptions): Tables {
  const run = findTables(memory, options, MARK);
  const control = new Int32Array(memory.buffer, run.address, CONTROL_WORDS);
  const bits = control[CONTROL.options]!;
  const checks = (bits & OPTION.checks) !== 0;
  const geometry = geometryIn(control);
  const bytes = tableBytes(lengthsFor(memory, geometry, checks));
  const unknown = bits & ~(OPTION.pageAligned | OPTION.checks);
  if (unknown !== 0 || Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES !== run.bytes) {
    throw new HeapwrightError(
      "ERR_CORRUPT_MEMORY",
      `The tables at ${run.address} tell of options ${bits} and a length of ${bytes} B; their run has ${run.bytes} B.`,
    );
  }
  return tablesOver(memory, geometry, checks, run.address);
}

/** The lengths that tables were made with. */
function geometryIn(control: Int32Array): Geometry {
  const pageAligned = (control[CONTROL.options]! & OPTION.pageAligned) !== 0;
  try {
    return resolveGeometry({
      arenaBytes: control[CONTROL.arenaBytes]!,
      poolBytes: control[CONTROL.poolBytes]!,
      arenaAlignment: pageAligned ? "page" : "pool",
    });
  } catch (cause) {
    throw new HeapwrightError("ERR_CORRUPT_MEMORY", `The tables at ${control.byteOffset} are damaged.`, {
      cause,
    });
  }
}

/** Words in each table, in the order in which they lie. */
interface TableLengths {
  readonly control: number;
  readonly lastArenaWith: number;
  readonly largeLists: number;
  readonly arenas: number;
  readonly pools: number;
  readonly liveBits: number;
}

/** Follow from the memory's whole pages, so that they are the same on a buffer that has become longer. */
function lengthsFor(memory: Memory, { arenaBytes, poolBytes }: Geometry, checks: boolean): TableLengths {
  const memoryBytes = Math.floor(memory.maxBytes / PAGE_BYTES) * PAGE_BYTES;
  return {
    control: CONTROL_WORDS,
    lastArenaWith: arenaBytes / poolBytes + 1,
    largeLists: 1 + LARGE_LISTS.firstLevels * (1 + LARGE_LISTS.secondLevels),
    arenas: (Math.floor(memoryBytes / arenaBytes) + 1) * ROW_WORDS,
    pools: POOL_ROWS + Math.ceil(memoryBytes / poolBytes) * ROW_WORDS,
    liveBits: checks ? Math.ceil(memoryBytes / (16 * 32)) : 0,
  };
}

function tableBytes(lengths: TableLengths): number {
  return 4 * Object.values<number>({ ...lengths }).reduce((sum, words) => sum + words, 0);
}

function tablesOver(memory: Memory, geometry: Geometry, checks: boolean, start: Address): Tables {
  const { arenaBytes, poolBytes } = geometry;
  const lengths = lengthsFor(memory, geometry, checks);

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
    at: start,
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
      memory.release(start, tableBytes(lengths));
    },
  };
  return tables;
}

function reserveTables(memory: Memory, totalBytes: number, { arenaBytes, poolBytes }: Geometry): Address {
  const start = memory.reserveZeroed(totalBytes, PAGE_BYTES, USE.tables);
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
