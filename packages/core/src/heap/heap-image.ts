/**
 * The heap image: the views that collectors, counters and the mutator work on.
 *
 * Everything a heap knows is in its memory; see the picture in `heap-tables.ts`. These are typed arrays over it, `const` for
 * the life of the heap, so that kernels may capture them. References index {@link HeapImage.words} directly.
 */

import type { Memory } from "../memory.js";

/** References that were gathered; grows as needed. The array may be another one after each call that adds to it. */
export interface EdgeBuffer {
  /** The references; only the first {@link EdgeBuffer.length} count. */
  readonly refs: Int32Array;
  /** How many. */
  readonly length: number;
  /** Adds a value; null and immediates are left out. */
  add(ref: number): void;
  /** Forgets all. */
  clear(): void;
}

/** The bytes of a heap, as views. */
export interface HeapImage {
  /** Where it all is. */
  readonly memory: Memory;
  /** The whole memory as words: an object's header is `words[ref]`; see `object-word.ts`. */
  readonly words: Int32Array;
  /** The work byte of an object is `work[ref >> WORK_SHIFT]`; see `work-byte.ts`. */
  readonly work: Uint8Array;
  /** The pool word of a reference is `pools[ref >> poolShift]`; see `pool-word.ts`. */
  readonly pools: Int32Array;
  /** log2 of the words in a pool. */
  readonly poolShift: number;
  /**
   * A byte for each pool, the collector's own: but it becomes 1 when an object is born there (trait `birth` above 0), and 0 when
   * the pool is taken or given back.
   */
  readonly births: Uint8Array;
  /** The scan code of each layout; see `scan.ts`. Layout 0 is a free cell and scans as a leaf. */
  readonly scan: Int32Array;
  /** What else a layout needs, as bits; see {@link LAYOUT}. */
  readonly layoutFlags: Uint8Array;
  /** Every pool with cells has a lower number than this. */
  poolsEnd(): number;
  /** The lowest number of a pool with cells, or {@link HeapImage.poolsEnd}. */
  poolsStart(): number;
  /**
   * Gathers the references of one object, whatever its layout, null and immediates left out. The same buffer each time:
   * the next call overwrites it.
   */
  edgesOf(object: number): EdgeBuffer;
}

/** Bits of {@link HeapImage.layoutFlags}. */
export const LAYOUT = {
  /** Nothing in it is a reference, and it is never tracked. */
  leaf: 1,
  /** It has a finalizer. CPython: `tp_finalize`. */
  finalizer: 2,
  /** Its finalizer is of the old kind, which may be called again and keeps cycles from being collected. CPython: `tp_del`. */
  legacyFinalizer: 4,
  /** Words 1 to 3 describe a buffer that it owns. */
  buffer: 8,
  /** It is a weak reference. */
  weakReference: 16,
  /** There may be weak references to it. */
  weakrefable: 32,
  /** Its buffer holds entries, key and value in turn. CPython drops those first to last, and items last to first. */
  entries: 64,
} as const;
