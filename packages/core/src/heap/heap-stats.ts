/**
 * Figures of a heap, each defined once.
 */

import type { BlockAllocator } from "../allocator.js";
import type { Cells } from "./cells.js";
import { BUFFERS, BURIED_OBJECTS, FREED_BUFFERS, HANDLES, PINS, RUNS, WEAK_REFERENCES } from "./control.js";
import { LAYOUT } from "./heap-image.js";
import type { HeapTables } from "./heap-tables.js";
import { LAYOUT_MASK, OVERFLOWED, UNTRACKED } from "./object-word.js";
import { KIND_SHIFT, LEAF_POOL, STRIDE_MASK } from "./pool-word.js";
import { RUN_COUNT } from "./run.js";
import { BUFFER_CAPACITY, BUFFER_FIRST } from "./scan.js";
import { WORK_SHIFT } from "./work-byte.js";

/** Figures of a heap. Bytes unless said otherwise. */
export interface HeapStats {
  /** Live objects. */
  readonly objects: number;
  /** Live objects that the collector looks at. */
  readonly tracked: number;
  /** Buffers that objects own. */
  readonly buffers: number;
  /** Live objects and buffers: what the heap has asked for and not given back. */
  readonly blocks: number;
  /** Cells of live objects, whole, headers included: multiples of 16 bytes, so more than was asked for. */
  readonly cellBytes: number;
  /** Buffers, as the heap asked for them. */
  readonly bufferBytes: number;
  /**
   * What is there for the heap's sake and grows with it: a header word an object, the work bytes of live cells, words and rows of
   * the pools in use, tables that grow. The header words are counted in {@link HeapStats.cellBytes}, too.
   */
  readonly metadataBytes: number;
  /** Tables that every heap has, whatever is in it: some 70 KB. */
  readonly fixedBytes: number;
  /** Objects whose counts do not fit into their headers. */
  readonly overflowed: number;
  /** Objects buried since the heap was made, modulo 2^32. */
  readonly buriedObjects: number;
  /** Buffers freed since the heap was made, modulo 2^32. */
  readonly freedBuffers: number;
  /** Weak references that are alive and refer to something. */
  readonly weakReferences: number;
  /** Handles of open scopes. */
  readonly handles: number;
  /** Pins that are not unpinned yet. */
  readonly pins: number;
  /** Pools with cells. */
  readonly pools: number;
  /** Bytes in pages that are taken from the memory, by whomever. */
  readonly takenBytes: number;
  /** Most of these at once. */
  readonly peakTakenBytes: number;
  /** The allocator's `footprintBytes`. */
  readonly footprintBytes: number;
}

/** Counts all there is: a walk over the heap. */
export function heapStats(tables: HeapTables, cells: Cells, allocator: BlockAllocator): HeapStats {
  const { words, control, pools, layoutFlags, memory, poolShift } = tables;
  let objects = 0;
  let tracked = 0;
  let cellBytes = 0;
  let bufferBytes = 0;
  let overflowed = 0;
  let workBytes = 0;
  for (const object of cells.objects()) {
    const header = words[object]!;
    const poolWord = pools[object >> poolShift]!;
    const stride = poolWord & STRIDE_MASK;
    objects++;
    cellBytes += 4 * stride;
    // Leaf pools have work bytes as well, used or not.
    workBytes += stride / (1 << WORK_SHIFT);
    if ((header & UNTRACKED) === 0 && poolWord >> KIND_SHIFT !== LEAF_POOL) tracked++;
    if ((header & OVERFLOWED) !== 0) overflowed++;
    const flags = layoutFlags[header & LAYOUT_MASK]!;
    if ((flags & LAYOUT.buffer) !== 0 && words[object + BUFFER_FIRST] !== 0) {
      bufferBytes += 4 * words[object + BUFFER_CAPACITY]!;
    }
  }
  const poolCount = pools.reduce((sum, word) => sum + (word === 0 ? 0 : 1), 0);
  let runBytes = 0;
  for (let run = 0; run < RUN_COUNT; run++) runBytes += 4 * control[RUNS + 2 * run + 1]!;
  const { takenBytes, peakTakenBytes } = memory.usage();
  return {
    objects,
    tracked,
    buffers: control[BUFFERS]!,
    blocks: objects + control[BUFFERS]!,
    cellBytes,
    bufferBytes,
    metadataBytes: 4 * objects + Math.ceil(workBytes) + POOL_METADATA_BYTES * poolCount + runBytes,
    fixedBytes: tables.fixedBytes,
    overflowed,
    buriedObjects: control[BURIED_OBJECTS]! >>> 0,
    freedBuffers: control[FREED_BUFFERS]! >>> 0,
    weakReferences: control[WEAK_REFERENCES]!,
    handles: control[HANDLES]!,
    pins: control[PINS]!,
    pools: poolCount,
    takenBytes,
    peakTakenBytes,
    footprintBytes: allocator.stats().footprintBytes,
  };
}

/** Pool word, pool row and births byte. */
const POOL_METADATA_BYTES = 21;
