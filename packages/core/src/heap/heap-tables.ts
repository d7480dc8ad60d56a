/**
 * Where the tables of a heap are.
 *
 * ```text
 *   memory header ── heap words ──► tables, one run of pages
 *   +---------+---------+---------+---------+-----------+--------+-------+-------+---------+--------+---------+
 *   | control | events  | scan    | header  | cell      | layout | first | pool  | pool    | births | work    |
 *   | 256     | 4,096   | code by | by      | words by  | flags  | pool  | words | rows    | bytes  | bytes   |
 *   | words   | words   | layout  | layout  | layout    | bytes  | by    |       | 4 words |        | 1 / 32  |
 *   |         |         | 4,096   | 4,096   | 4,096     | 4,096  | class |       | each    |        | bytes   |
 *   +---------+---------+---------+---------+-----------+--------+-------+-------+---------+--------+---------+
 * ```
 *
 * The tables by pool and by granule cover all of the memory, so that no kernel ever asks for a length; pages of theirs cost
 * nothing until they are touched. Tables that grow are runs of their own (`run.ts`).
 */

import { HeapwrightError } from "../errors.js";
import type { Memory } from "../memory.js";
import { PAGE_BYTES } from "../page-map.js";
import { CONTROL_WORDS, RETAINED } from "./control.js";
import { LAYOUT_MASK } from "./object-word.js";
import { WORK_SHIFT } from "./work-byte.js";

/** What runs of pages are taken for. */
export const HEAP_USE = { tables: 16, run: 17, pools: 18 } as const;

/** Layouts there can be, the free cell's included. */
export const MAX_LAYOUTS: number = LAYOUT_MASK + 1;

/** Words in the event buffer. */
export const EVENT_BUFFER_WORDS = 4096;

/** Cells have a class by their granules of 16 bytes, 0 to 128: tracked ones have these, leaves the next as many. */
export const CLASSES_PER_KIND = 129;

/** Words of the memory's header that belong to the heap. */
const HEAP_WORD = { stamp: 0, tables: 1, poolShift: 2 } as const;

/** "EAP", behind the number of the format: 1. */
const STAMP = 0x5041_4501;

/** The views that the parts of a heap work on. `const` for its whole life. */
export interface HeapTables {
  /** Where everything is. */
  readonly memory: Memory;
  /** log2 of the words in a pool. */
  readonly poolShift: number;
  /** The whole memory, as words. */
  readonly words: Int32Array;
  /** See `control.ts`. */
  readonly control: Int32Array;
  /** One number, in the control words: references that are held from outside. */
  readonly retained: Float64Array;
  /** Records of four words; see `events.ts`. */
  readonly events: Int32Array;
  /** Scan code by layout; see `scan.ts`. */
  readonly scan: Int32Array;
  /** Header of a new object by layout: its count is 1. */
  readonly headers: Int32Array;
  /** Words in a cell by layout, the header included; 0 = chosen for each object. */
  readonly cellWords: Int32Array;
  /** See `LAYOUT` in `heap-image.ts`. */
  readonly layoutFlags: Uint8Array;
  /** First pool with a free cell by class; 0 = none. */
  readonly firstPools: Int32Array;
  /** See `pool-word.ts`. */
  readonly pools: Int32Array;
  /** See `cells.ts`. */
  readonly poolRows: Int32Array;
  /** See `heap-image.ts`. */
  readonly births: Uint8Array;
  /** See `work-byte.ts`. */
  readonly work: Uint8Array;
  /** Bytes of the tables that every heap has, whatever is in it: all but the tables by pool and granule. */
  readonly fixedBytes: number;
  /** Bytes of all tables. */
  readonly totalBytes: number;
}

/** Tables in the order in which they stand. Each begins at a multiple of 16 bytes. */
interface TableLength {
  readonly name: keyof HeapTables;
  readonly bytes: number;
}

function lengthsFor(memory: Memory, poolShift: number): TableLength[] {
  const poolCount = Math.ceil(memory.maxBytes / (4 << poolShift));
  return [
    { name: "control", bytes: 4 * CONTROL_WORDS },
    { name: "events", bytes: 4 * EVENT_BUFFER_WORDS },
    { name: "scan", bytes: 4 * MAX_LAYOUTS },
    { name: "headers", bytes: 4 * MAX_LAYOUTS },
    { name: "cellWords", bytes: 4 * MAX_LAYOUTS },
    { name: "layoutFlags", bytes: MAX_LAYOUTS },
    { name: "firstPools", bytes: 4 * 2 * CLASSES_PER_KIND + 8 },
    { name: "pools", bytes: 4 * poolCount },
    { name: "poolRows", bytes: 16 * poolCount },
    { name: "births", bytes: Math.ceil(poolCount / 16) * 16 },
    { name: "work", bytes: Math.ceil(memory.maxBytes / (4 << WORK_SHIFT)) + 16 },
  ];
}

/** Whether there is a heap on a memory. */
export function holdsHeap({ heapWords }: Memory): boolean {
  return heapWords[HEAP_WORD.stamp] !== 0;
}

/** Whether the tables of a heap are where a memory says they are: not so when the memory has ended, or never had one. */
export function holdsTables(memory: Memory): boolean {
  return memory.useOf(memory.heapWords[HEAP_WORD.tables]! >>> 0) === HEAP_USE.tables;
}

/**
 * Reserves the tables of a new heap.
 *
 * @throws HeapwrightError `ERR_BUFFER_TOO_SMALL`
 */
export function createHeapTables(memory: Memory, poolBytes: number): HeapTables {
  const poolShift = Math.log2(poolBytes / 4);
  const lengths = lengthsFor(memory, poolShift);
  const totalBytes = lengths.reduce((sum, { bytes }) => sum + bytes, 0);
  const address = memory.reserveZeroed(totalBytes, PAGE_BYTES, HEAP_USE.tables);
  if (address === 0) {
    throw new HeapwrightError(
      "ERR_BUFFER_TOO_SMALL",
      `The memory of ${memory.maxBytes} B has no room for the heap's tables of ${totalBytes} B. Give it a larger maxBytes.`,
    );
  }
  memory.heapWords[HEAP_WORD.stamp] = STAMP;
  memory.heapWords[HEAP_WORD.tables] = address;
  memory.heapWords[HEAP_WORD.poolShift] = poolShift;
  return viewsAt(memory, address, poolShift, lengths);
}

/**
 * The tables of a heap that is in a memory already.
 *
 * @throws HeapwrightError `ERR_NO_HEAP`
 */
export function openHeapTables(memory: Memory): HeapTables {
  const address = memory.heapWords[HEAP_WORD.tables]! >>> 0;
  const poolShift = memory.heapWords[HEAP_WORD.poolShift]!;
  const isHeap =
    memory.heapWords[HEAP_WORD.stamp] === STAMP && holdsTables(memory) && poolShift >= 10 && poolShift <= 20;
  if (!isHeap) {
    throw new HeapwrightError("ERR_NO_HEAP", "The memory holds no heap, or one of another version.");
  }
  return viewsAt(memory, address, poolShift, lengthsFor(memory, poolShift));
}

function viewsAt(memory: Memory, address: number, poolShift: number, lengths: TableLength[]): HeapTables {
  const places = new Map<string, { at: number; bytes: number }>();
  let at = address;
  for (const { name, bytes } of lengths) {
    places.set(name, { at, bytes });
    at += bytes;
  }
  const words = (name: keyof HeapTables): Int32Array => {
    const place = places.get(name)!;
    return new Int32Array(memory.buffer, place.at, place.bytes / 4);
  };
  const bytes = (name: keyof HeapTables): Uint8Array => {
    const place = places.get(name)!;
    return new Uint8Array(memory.buffer, place.at, place.bytes);
  };
  return {
    memory,
    poolShift,
    words: wholeWords(memory),
    control: words("control"),
    retained: new Float64Array(memory.buffer, address + 4 * RETAINED, 1),
    events: words("events"),
    scan: words("scan"),
    headers: words("headers"),
    cellWords: words("cellWords"),
    layoutFlags: bytes("layoutFlags"),
    firstPools: words("firstPools"),
    pools: words("pools"),
    poolRows: words("poolRows"),
    births: bytes("births"),
    work: bytes("work"),
    fixedBytes: places.get("pools")!.at - address,
    totalBytes: at - address,
  };
}

/** Gives the tables of a heap back, and forgets that there was one. */
export function releaseHeapTables(tables: HeapTables): void {
  const { memory } = tables;
  memory.release(memory.heapWords[HEAP_WORD.tables]! >>> 0, tables.totalBytes);
  memory.heapWords.fill(0);
}

/** All words of a memory: a view that follows a resizable buffer; of fixed length, hence faster, on all others. */
export function wholeWords({ kind, buffer, maxBytes }: Memory): Int32Array {
  return kind === "resizable" ? new Int32Array(buffer) : new Int32Array(buffer, 0, Math.floor(maxBytes / 4));
}
