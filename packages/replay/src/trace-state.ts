/**
 * What a trace says about the heap up to one of its events: for each live block
 * its length and its class in the pools, and the totals of the header.
 *
 * The reader and the writer both play events into it, so that they cannot
 * disagree.
 */

import { FREE, LEAVES_POOLS, REALLOC } from "./events.js";
import { grown } from "./slot-table.js";
import { classAfterRealloc, classOf } from "./small-objects.js";
import type { TraceTotals } from "./trace-header.js";

const CLASS_MASK = 0x3f;
const DOMAIN_SHIFT = 6;

/** The heap and the totals so far. Plain data, for the reason that {@link SlotTable} is. */
export interface TraceState {
  /** Requested bytes, by slot. */
  bytesOf: Float64Array;
  /** By slot: class in the low six bits, domain in the high two. */
  kindOf: Uint8Array;
  /** Events so far, by operation. */
  readonly counts: Float64Array;
  liveBytes: number;
  liveBlocks: number;
  peakLiveBytes: number;
  peakLiveBlocks: number;
  smallBytes: number;
  smallPeakBytes: number;
  /** Of small blocks rounded up, in units of 16 bytes. */
  smallUnits: number;
  smallPeakUnits: number;
}

/** Begins with an empty heap. */
export function createTraceState(): TraceState {
  return {
    bytesOf: new Float64Array(1024),
    kindOf: new Uint8Array(1024),
    counts: new Float64Array(4),
    liveBytes: 0,
    liveBlocks: 0,
    peakLiveBytes: 0,
    peakLiveBlocks: 0,
    smallBytes: 0,
    smallPeakBytes: 0,
    smallUnits: 0,
    smallPeakUnits: 0,
  };
}

/**
 * Plays a malloc or calloc.
 *
 * @param op - says which
 * @returns {@link EventBatch.small}
 */
export function playAllocation(
  state: TraceState,
  op: number,
  slot: number,
  domain: number,
  bytes: number,
): number {
  if (slot >= state.bytesOf.length) grow(state);
  const part = classOf(domain, bytes);
  state.bytesOf[slot] = bytes;
  state.kindOf[slot] = (domain << DOMAIN_SHIFT) | part;
  state.counts[op]!++;
  state.liveBytes += bytes;
  if (++state.liveBlocks > state.peakLiveBlocks) state.peakLiveBlocks = state.liveBlocks;
  if (part !== 0) {
    state.smallBytes += bytes;
    state.smallUnits += part;
  }
  raisePeaks(state);
  return part;
}

/** Plays a realloc. Returns {@link EventBatch.small}. */
export function playRealloc(state: TraceState, slot: number, bytes: number): number {
  const kind = state.kindOf[slot]!;
  const before = kind & CLASS_MASK;
  const oldBytes = state.bytesOf[slot]!;
  state.bytesOf[slot] = bytes;
  state.counts[REALLOC]!++;
  state.liveBytes += bytes - oldBytes;
  let part = 0;
  if (before !== 0) {
    const after = classAfterRealloc(before, kind >> DOMAIN_SHIFT, bytes);
    state.kindOf[slot] = kind - before + after;
    state.smallBytes += after === 0 ? -oldBytes : bytes - oldBytes;
    state.smallUnits += after - before;
    part = after === 0 ? LEAVES_POOLS : after;
  }
  raisePeaks(state);
  return part;
}

/** Plays a free. Returns {@link EventBatch.small}. */
export function playFree(state: TraceState, slot: number): number {
  const part = state.kindOf[slot]! & CLASS_MASK;
  const bytes = state.bytesOf[slot]!;
  state.counts[FREE]!++;
  state.liveBytes -= bytes;
  state.liveBlocks--;
  if (part !== 0) {
    state.smallBytes -= bytes;
    state.smallUnits -= part;
  }
  return part;
}

/** Domain of a live block. */
export function domainAt(state: TraceState, slot: number): number {
  return state.kindOf[slot]! >> DOMAIN_SHIFT;
}

/** The header's totals so far, without the marks, which leave the heap alone. */
export function totalsOf(state: TraceState): Omit<TraceTotals, "marksCount"> {
  const [mallocs, callocs, reallocs, frees] = state.counts as unknown as [number, number, number, number];
  return {
    events: mallocs + callocs + reallocs + frees,
    ids: mallocs + callocs,
    mallocs,
    callocs,
    reallocs,
    frees,
    peakLiveBytes: state.peakLiveBytes,
    peakLiveBlocks: state.peakLiveBlocks,
    liveBytesAtEnd: state.liveBytes,
    liveBlocksAtEnd: state.liveBlocks,
    smallPeakBytes: state.smallPeakBytes,
    smallRoundedPeakBytes: 16 * state.smallPeakUnits,
  };
}

function raisePeaks(state: TraceState): void {
  if (state.liveBytes > state.peakLiveBytes) state.peakLiveBytes = state.liveBytes;
  if (state.smallBytes > state.smallPeakBytes) state.smallPeakBytes = state.smallBytes;
  if (state.smallUnits > state.smallPeakUnits) state.smallPeakUnits = state.smallUnits;
}

function grow(state: TraceState): void {
  const { bytesOf, kindOf } = state;
  state.bytesOf = grown(bytesOf, new Float64Array(2 * bytesOf.length));
  state.kindOf = grown(kindOf, new Uint8Array(2 * kindOf.length));
}
