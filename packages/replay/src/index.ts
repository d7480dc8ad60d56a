/**
 * Recordings of real programs, and what to do with them: streaming readers and
 * writers of traces (`.pymt`: every call of an allocator) and object graphs
 * (`.pymg`: what a cycle collector sees), the replayer, which plays a trace into
 * any allocator and reports its speed, its footprint and its mistakes, and the
 * loader, which builds a graph in any heap.
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
export { gzip } from "./compression.js";
export type { OpenOptions } from "./container.js";
export type { ByteChunks, ByteSource } from "./source.js";
export type { TraceHeader, TraceInfo } from "./trace-header.js";
export { openTrace, type Trace } from "./trace.js";
export { createTraceWriter, type TraceWriter } from "./trace-writer.js";
export type { Recording } from "./record-buffer.js";
export type { GraphHeader, GraphInfo, GraphType, GraphTypeInfo, PerGeneration } from "./graph-header.js";
export { openGraph, type Graph, type NodeBatch } from "./graph.js";
export { graphHeapBytes } from "./graph-heap-bytes.js";
export { loadGraph, type LoadGraphOptions, type LoadedGraph } from "./load-graph.js";
export { createGraphWriter, type GraphNode, type GraphWriter } from "./graph-writer.js";
export { readSmallObjectStream, type SmallObjectStream } from "./small-object-stream.js";
export { replay, type ReplayOptions } from "./replay.js";
export type { RecordedFigures, ReplayMark, ReplayResult } from "./replay-report.js";
