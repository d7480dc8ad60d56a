/**
 * Recordings of real programs, and what to do with them: streaming readers and
 * writers of traces (`.pymt`: every call of an allocator) and object graphs
 * (`.pymg`: what a cycle collector sees), and the replayer, which plays a trace
 * into any allocator and reports its speed, its footprint and its mistakes.
 *
 * This entry runs anywhere and reads plain and gzip; `@heapwright/replay/node`
 * adds files and brotli.
 *
 * @packageDocumentation
 */

export {
  CALLOC,
  DOMAINS,
  FREE,
  LEAVES_POOLS,
  MALLOC,
  REALLOC,
  type EventBatch,
  type Mark,
} from "./events.js";
export type { ByteChunks, ByteSource } from "./source.js";
export type { TraceHeader, TraceInfo } from "./trace-header.js";
export { openTrace, type OpenOptions, type Trace } from "./trace.js";
export { createTraceWriter, type Recording, type TraceWriter } from "./trace-writer.js";
export {
  readSmallObjectStream,
  replay,
  type RecordedFigures,
  type ReplayMark,
  type ReplayOptions,
  type ReplayResult,
  type SmallObjectStream,
} from "./replay.js";
