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

/** Plays events and keeps the totals. Blocks are named by slot; each method returns {@link EventBatch.small}. */
export interface TraceState {
  /** A malloc or calloc: `op` says which. */
  allocate(op: number, slot: number, domain: number, bytes: number): number;
  /** A realloc. */
  reallocate(slot: number, bytes: number): number;
  /** A free. */
  free(slot: number): number;
  /** Domain of a live block. */
  domainOf(slot: number): number;
  /** Length of a live block. */
  bytesOf(slot: number): number;
  /** Bytes of all live blocks. */
  liveBytes(): number;
  /** The totals so far, without marks. */
  totals(): Omit<TraceTotals, "marksCount">;
}

const CLASS_MASK = 0x3f;
const DOMAIN_SHIFT = 6;

/** Begins with an empty heap. */
export function createTraceState(): TraceState {
  let lengthOf = new Float64Array(1024);
  /** Class in the low six bits, domain in the high two. */
  let kindOf = new Uint8Array(1024);

  const counts = new Float64Array(4);
  let liveBytes = 0;
  let liveBlocks = 0;
  let peakLiveBytes = 0;
  let peakLiveBlocks = 0;
  let smallBytes = 0;
  let smallPeakBytes = 0;
  /** In units of 16 bytes. */
  let smallUnits = 0;
  let smallPeakUnits = 0;

  function grow(): void {
    lengthOf = grown(lengthOf, new Float64Array(2 * lengthOf.length));
    kindOf = grown(kindOf, new Uint8Array(2 * kindOf.length));
  }

  function raisePeaks(): void {
    if (liveBytes > peakLiveBytes) peakLiveBytes = liveBytes;
    if (smallBytes > smallPeakBytes) smallPeakBytes = smallBytes;
    if (smallUnits > smallPeakUnits) smallPeakUnits = smallUnits;
  }

  return {
    allocate(op, slot, domain, bytes) {
      if (slot >= lengthOf.length) grow();
      const size16 = classOf(domain, bytes);
      lengthOf[slot] = bytes;
      kindOf[slot] = (domain << DOMAIN_SHIFT) | size16;
      counts[op]!++;
      liveBytes += bytes;
      if (++liveBlocks > peakLiveBlocks) peakLiveBlocks = liveBlocks;
      if (size16 !== 0) {
        smallBytes += bytes;
        smallUnits += size16;
      }
      raisePeaks();
      return size16;
    },

    reallocate(slot, bytes) {
      const kind = kindOf[slot]!;
      const before = kind & CLASS_MASK;
      const oldBytes = lengthOf[slot]!;
      lengthOf[slot] = bytes;
      counts[REALLOC]!++;
      liveBytes += bytes - oldBytes;
      let part = 0;
      if (before !== 0) {
        const after = classAfterRealloc(before, kind >> DOMAIN_SHIFT, bytes);
        kindOf[slot] = kind - before + after;
        smallBytes += after === 0 ? -oldBytes : bytes - oldBytes;
        smallUnits += after - before;
        part = after === 0 ? LEAVES_POOLS : after;
      }
      raisePeaks();
      return part;
    },

    free(slot) {
      const size16 = kindOf[slot]! & CLASS_MASK;
      const bytes = lengthOf[slot]!;
      counts[FREE]!++;
      liveBytes -= bytes;
      liveBlocks--;
      if (size16 !== 0) {
        smallBytes -= bytes;
        smallUnits -= size16;
      }
      return size16;
    },

    domainOf: (slot) => kindOf[slot]! >> DOMAIN_SHIFT,
    bytesOf: (slot) => lengthOf[slot]!,
    liveBytes: () => liveBytes,

    totals() {
      const [mallocs, callocs, reallocs, frees] = counts as unknown as [number, number, number, number];
      return {
        events: mallocs + callocs + reallocs + frees,
        ids: mallocs + callocs,
        mallocs,
        callocs,
        reallocs,
        frees,
        peakLiveBytes,
        peakLiveBlocks,
        liveBytesAtEnd: liveBytes,
        liveBlocksAtEnd: liveBlocks,
        smallPeakBytes,
        smallRoundedPeakBytes: 16 * smallPeakUnits,
      };
    },
  };
}
