/**
 * Events: what a program asked of its allocators, as columns of numbers.
 *
 * A trace has millions of them, so an event is never an object: a batch is one
 * typed array for each property, and the same arrays are filled again for the
 * next batch.
 *
 * Blocks are named by *slot*. A recording numbers its blocks 0, 1, 2, ... and
 * never uses a number again, so a table by number would grow with the length of
 * the trace. A slot is the smallest free index instead: a table by slot is as
 * long as the program had blocks alive at once.
 */

import type { DomainName } from "@heapwright/core";

/** {@link EventBatch.op} of a new block, contents undefined. */
export const MALLOC = 0;
/** {@link EventBatch.op} of a new block, cleared. The count and the element size are recorded as one product. */
export const CALLOC = 1;
/** {@link EventBatch.op} of a block that changes its length. It keeps its slot, moved or not. */
export const REALLOC = 2;
/** {@link EventBatch.op} of a block that ends. Its slot may be used again by the next block. */
export const FREE = 3;

/** Names of the allocation domains, in the order of the numbers in {@link EventBatch.domain}. */
export const DOMAINS: readonly DomainName[] = ["raw", "mem", "obj"];

/** Value of {@link EventBatch.small} for the realloc that takes a block out of the pools. */
export const LEAVES_POOLS = 255;

/** Where a phase of the program begins. */
export interface Mark {
  /** What the program called it. */
  readonly name: string;
  /** How many events of the trace came before it. */
  readonly event: number;
}

/**
 * Consecutive events, as columns. Only the first {@link EventBatch.length} elements of a column count. The columns are
 * valid until the next batch is asked for, which fills the same arrays: take a `slice` of what is to be kept.
 */
export interface EventBatch {
  /** Events in this batch, 1 or more except in a last batch that only brings marks. */
  readonly length: number;
  /** Events of the trace before this batch. */
  readonly first: number;
  /** {@link MALLOC}, {@link CALLOC}, {@link REALLOC} or {@link FREE}. */
  readonly op: Uint8Array;
  /** Domain of the function that was called: an index into {@link DOMAINS}. */
  readonly domain: Uint8Array;
  /** The block: a slot below {@link EventBatch.slotCount}. */
  readonly slot: Int32Array;
  /** Bytes requested by malloc, calloc and realloc, below 2^53; 0 for free. */
  readonly size: Float64Array;
  /**
   * The event's part in the small-object stream, which is what CPython's pools serve:
   * 0 = none; 1 to 32 = one of its events, on a block of 16 times as many bytes (after it, or for free before it);
   * {@link LEAVES_POOLS} = a realloc that is a free for the stream, because the block moves out of the pools.
   */
  readonly small: Uint8Array;
  /** Slots that were in use at once so far: a table of this length holds every slot of this batch and those before. */
  readonly slotCount: number;
  /** Marks from `first` up to `first + length`, in order. The one at `first` may stand in the batch before. */
  readonly marks: readonly Mark[];
}
