/**
 * The header of a trace: who was recorded, the totals, and what CPython did.
 */

import { readFields, type FieldReader, type HeaderFields } from "./header-fields.js";

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

/** The totals that a reader counts again while it reads, and a writer counts to write them. */
export type TraceTotals = Omit<TraceHeader, keyof TraceInfo | "format">;

/** Names of the {@link TraceTotals}, in the order of the file. The first two decide whether a trace is cut short. */
export const TRACE_TOTALS: readonly (keyof TraceTotals)[] = [
  "events",
  "marksCount",
  "ids",
  "mallocs",
  "callocs",
  "reallocs",
  "frees",
  "peakLiveBytes",
  "peakLiveBlocks",
  "liveBytesAtEnd",
  "liveBlocksAtEnd",
  "smallPeakBytes",
  "smallRoundedPeakBytes",
];

/** The figures of arenas, which only a recorder of CPython knows. */
export const NO_ARENAS = {
  arenaSize: undefined,
  arenasPeak: undefined,
  arenasPeakEvent: undefined,
  arenasTotal: undefined,
} as const;

const ARENA_FIELDS = /* @__PURE__ */ Object.keys(NO_ARENAS) as (keyof typeof NO_ARENAS)[];

/**
 * Checks a header field by field, and the fields against each other.
 *
 * @param fields - the parsed JSON
 * @param name - what the caller calls the trace
 * @throws HeapwrightError `ERR_BAD_RECORDING` naming the field, what it must be and what it is
 */
export function parseTraceHeader(fields: HeaderFields, name: string): TraceHeader {
  const read = readFields(fields, name);
  if (read.text("format") !== "pymt") throw read.wrong("format", '"pymt"');
  const header: TraceHeader = {
    format: "pymt",
    program: read.text("program"),
    argv: read.texts("argv"),
    python: read.text("python"),
    platform: read.text("platform"),
    truncated: read.flag("truncated"),
    ...(Object.fromEntries(TRACE_TOTALS.map((field) => [field, read.count(field)])) as Record<
      keyof TraceTotals,
      number
    >),
    ...readArenas(read),
  };
  checkSums(header, read);
  return header;
}

function readArenas(read: FieldReader): Partial<Record<keyof typeof NO_ARENAS, number>> {
  if (!ARENA_FIELDS.some((field) => read.has(field))) return {};
  return Object.fromEntries(ARENA_FIELDS.map((field) => [field, read.count(field)]));
}

/** What must hold whatever the events are. */
function checkSums(header: TraceHeader, read: FieldReader): void {
  const { mallocs, callocs, reallocs, frees, ids } = header;
  const rules: readonly (readonly [keyof TraceHeader, boolean, string])[] = [
    ["ids", ids === mallocs + callocs, "mallocs + callocs"],
    ["events", header.events === ids + reallocs + frees, "mallocs + callocs + reallocs + frees"],
    ["liveBlocksAtEnd", header.liveBlocksAtEnd === ids - frees, "mallocs + callocs - frees"],
    ["peakLiveBlocks", header.peakLiveBlocks <= ids, "at most ids"],
    ["liveBlocksAtEnd", header.liveBlocksAtEnd <= header.peakLiveBlocks, "at most peakLiveBlocks"],
    ["liveBytesAtEnd", header.liveBytesAtEnd <= header.peakLiveBytes, "at most peakLiveBytes"],
    ["smallPeakBytes", header.smallPeakBytes <= header.peakLiveBytes, "at most peakLiveBytes"],
    [
      "smallRoundedPeakBytes",
      header.smallRoundedPeakBytes >= header.smallPeakBytes,
      "at least smallPeakBytes",
    ],
    ["arenaSize", header.arenaSize !== 0 || header.arenasPeak === 0, "above 0, with arenas"],
    ["arenasTotal", (header.arenasTotal ?? 0) >= (header.arenasPeak ?? 0), "at least arenasPeak"],
    ["arenasPeakEvent", (header.arenasPeakEvent ?? 0) <= header.events, "at most events"],
  ];
  for (const [field, holds, expected] of rules) if (!holds) throw read.wrong(field, expected);
}
