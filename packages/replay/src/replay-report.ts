/**
 * What a replay reports, and how its figures are worked out.
 */

import type { AllocatorStats } from "@heapwright/core";

import type { TraceHeader } from "./trace-header.js";

/** A phase of the program, and the allocator's state where it begins. */
export interface ReplayMark {
  /** What the program called it. */
  readonly name: string;
  /** Events of the trace before it. */
  readonly event: number;
  /** Arenas held then; null for an allocator without arenas. */
  readonly arenas: number | null;
  /** Blocks alive in the allocator. */
  readonly liveBlocks: number;
  /** Bytes taken from the memory. */
  readonly footprintBytes: number;
}

/** What CPython itself did while the trace was recorded, from the header. */
export interface RecordedFigures {
  /** Version of the Python. */
  readonly python: string;
  /** Bytes in an arena. */
  readonly arenaBytes: number;
  /** Most arenas held at once. */
  readonly arenasPeak: number;
  /** Arenas ever taken. */
  readonly arenasTotal: number;
  /** Bytes of its arenas at the peak, divided by `smallPeakBytes`; null for a trace without small blocks. */
  readonly fragmentation: number | null;
}

/** What came out of a {@link replay}. */
export interface ReplayResult {
  /** The recorded program's name. */
  readonly trace: string;
  /** The plugin's name. */
  readonly allocator: string;
  /** The preset that the options named, or null. */
  readonly preset: string | null;
  /** Which events were replayed. */
  readonly stream: "all" | "small";
  /** Events of the trace. */
  readonly events: number;
  /** Those of them that belong to the small-object stream. */
  readonly smallOps: number;
  /**
   * Time of the replay loop, decoding excluded, for one operation of the replayed stream, in nanoseconds of the clock:
   * the median of the rounds. Null without a round, or without an operation.
   */
  readonly nsPerEvent: number | null;
  /** The same of each round, in order. */
  readonly nsPerEventByRound: readonly number[];
  /** Most bytes requested and alive at once, all domains. */
  readonly peakLiveBytes: number;
  /** Most bytes of the small-object stream alive at once, as requested. */
  readonly smallPeakBytes: number;
  /** Bytes taken from the memory at the peak, metadata included, arenas whole. */
  readonly peakFootprintBytes: number;
  /** Peak arena bytes divided by `smallPeakBytes`, 1 or more; null for an allocator without arenas. */
  readonly fragmentation: number | null;
  /** Most arenas held at once; null for an allocator without arenas. */
  readonly arenasPeak: number | null;
  /** Arenas ever taken; null for an allocator without arenas. */
  readonly arenasTotal: number | null;
  /** Blocks the allocator had alive after the last event. */
  readonly liveBlocksAtEnd: number;
  /** The allocator's state at each mark of the trace. */
  readonly marks: readonly ReplayMark[];
  /** What CPython did on the same program; null when it was not recorded. */
  readonly cpython: RecordedFigures | null;
  /** Requests the allocator refused, contents that were not kept, and what `verify()` found: 0 for a sound replay. */
  readonly errors: number;
  /** The first few of them, as sentences. */
  readonly problems: readonly string[];
}

/** What the first round finds out about trace and heap. */
export interface HeapFigures {
  /** See {@link ReplayResult.smallOps}. */
  readonly smallOps: number;
  /** See {@link ReplayResult.marks}. */
  readonly marks: readonly ReplayMark[];
  /** After the last event. */
  readonly stats: AllocatorStats;
}

/** The part of a result that a header and an allocator's figures make up. */
export function reportHeap(
  header: TraceHeader,
  { smallOps, marks, stats }: HeapFigures,
): Pick<
  ReplayResult,
  | "trace"
  | "events"
  | "smallOps"
  | "peakLiveBytes"
  | "smallPeakBytes"
  | "peakFootprintBytes"
  | "fragmentation"
  | "arenasPeak"
  | "arenasTotal"
  | "liveBlocksAtEnd"
  | "marks"
  | "cpython"
> {
  const { arenas } = stats;
  return {
    trace: header.program,
    events: header.events,
    smallOps,
    peakLiveBytes: header.peakLiveBytes,
    smallPeakBytes: header.smallPeakBytes,
    peakFootprintBytes: stats.peakFootprintBytes,
    fragmentation: arenas ? ratio(arenas.peak * arenas.arenaBytes, header.smallPeakBytes) : null,
    arenasPeak: arenas?.peak ?? null,
    arenasTotal: arenas?.total ?? null,
    liveBlocksAtEnd: stats.liveBlocks,
    marks,
    cpython: recordedFigures(header),
  };
}

/** The middle of the values, or the mean of the two in the middle; null when there is none. */
export function medianOf(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function recordedFigures(header: TraceHeader): RecordedFigures | null {
  const { python, arenaSize, arenasPeak, arenasTotal, smallPeakBytes } = header;
  if (arenaSize === undefined || arenasPeak === undefined || arenasTotal === undefined) return null;
  const fragmentation = ratio(arenasPeak * arenaSize, smallPeakBytes);
  return { python, arenaBytes: arenaSize, arenasPeak, arenasTotal, fragmentation };
}

function ratio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}
