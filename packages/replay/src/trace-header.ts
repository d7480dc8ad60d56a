/**
 * The header of a trace: who was recorded, the totals, and what CPython did.
 */

/** What is known of a program before anything of it is recorded. */
export interface TraceInfo {
  /** Name of the program, such as `decimal_pi`. */
  readonly program: string;
  /** Its command line. Default: empty. */
  readonly argv?: readonly string[];
  /** Version of the Python that ran it, such as `3.11.7`. Default: empty, which stands for no Python. */
  readonly python?: string;
  /** Operating system and processor, such as `linux-x86_64`. Default: empty. */
  readonly platform?: string;
  /** The recording was cut before the program ended. Default: false. */
  readonly truncated?: boolean;
  /** Bytes in an arena of the recorded allocator. The four figures of arenas are there together, or none of them. */
  readonly arenaSize?: number;
  /** Most arenas it held at once. */
  readonly arenasPeak?: number;
  /** Events recorded when that many were held first. */
  readonly arenasPeakEvent?: number;
  /** Arenas it ever took. */
  readonly arenasTotal?: number;
}

/** The header of a trace. Bytes are those requested; *small* is the small-object stream, which the pools serve. */
export interface TraceHeader extends TraceInfo {
  /** Tells traces from graphs. */
  readonly format: "pymt";
  /** The command line of the program. */
  readonly argv: readonly string[];
  /** Version of the Python that ran it; empty when none did. */
  readonly python: string;
  /** Operating system and processor; empty when unknown. */
  readonly platform: string;
  /** The recording was cut before the program ended. */
  readonly truncated: boolean;
  /** All events: `mallocs + callocs + reallocs + frees`. */
  readonly events: number;
  /** Blocks there were in all: `mallocs + callocs`. */
  readonly ids: number;
  /** Events that are a malloc. */
  readonly mallocs: number;
  /** Events that are a calloc. */
  readonly callocs: number;
  /** Events that are a realloc. */
  readonly reallocs: number;
  /** Events that are a free. */
  readonly frees: number;
  /** Phases of the program that are marked. */
  readonly marksCount: number;
  /** Most bytes alive at once, all domains. */
  readonly peakLiveBytes: number;
  /** Most blocks alive at once, all domains. */
  readonly peakLiveBlocks: number;
  /** Bytes alive after the last event. */
  readonly liveBytesAtEnd: number;
  /** Blocks alive after the last event. */
  readonly liveBlocksAtEnd: number;
  /** Most bytes of small blocks alive at once. */
  readonly smallPeakBytes: number;
  /** The same with each block rounded up to a multiple of 16 bytes. */
  readonly smallRoundedPeakBytes: number;
}
