/** Replays traces. */
import type { AllocatorOptions, AllocatorPlugin } from "@heapwright/core";

import type { Trace } from "./trace.js";

/** What {@link replay} accepts. */
export interface ReplayOptions {
  /**
   * Which events are replayed: `"all"`, or `"small"`, the small-object stream that CPython's pools serve, where a realloc
   * that leaves the pools is a free. Default: `"all"`.
   */
  readonly stream?: "all" | "small";
  /** Timed rounds after the first, untimed one, 0 to 1000. Default: 3. */
  readonly rounds?: number;
  /** Fill and check the blocks in the untimed round. Default: true. */
  readonly stamp?: boolean;
  /** Handed to the plugin's `create`; `preset` is the allocator's own business, and repeated in the result. */
  readonly allocator?: AllocatorOptions & { readonly preset?: string };
  /** Reads a clock, in milliseconds. Default: `performance.now`; Node has `cpuClock` in `@heapwright/replay/node`. */
  readonly clock?: () => number;
  /** Called now and then with the events replayed so far and those to replay, all rounds together. */
  readonly onProgress?: (eventsDone: number, eventsTotal: number) => void;
  /** Ends the replay early, at the next batch or round: an `AbortSignal`. */
  readonly signal?: { readonly aborted: boolean; readonly reason?: unknown };
}

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

/**
 * Replays a trace into a new allocator.
 */
export declare function replay(trace: Trace, plugin: AllocatorPlugin, options?: ReplayOptions): Promise<ReplayResult>;

/** The small-object stream of a trace, whole: three columns that a native program can be given as they are. */
export interface SmallObjectStream {
  /** Operations. */
  readonly length: number;
  /** MALLOC, CALLOC, REALLOC or FREE of each. */
  readonly op: Uint8Array;
  /** The block: a slot below `slotCount`. */
  readonly slot: Uint32Array;
  /** Bytes requested, 1 to 512; 0 for a free. */
  readonly size: Uint32Array;
  /** Length of a table by slot. */
  readonly slotCount: number;
}
export declare function readSmallObjectStream(trace: Trace): Promise<SmallObjectStream>;
