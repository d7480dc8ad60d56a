/** Writes traces. */
import type { DomainName } from "@heapwright/core";

import type { EventBatch } from "./events.js";
import type { TraceHeader, TraceInfo } from "./trace-header.js";

/** A finished recording: its header, and its bytes in chunks, uncompressed. It can be read any number of times. */
export interface Recording<Header = unknown> extends Iterable<Uint8Array> {
  /** The header, totals included. */
  readonly header: Header;
  /** Length of all chunks. */
  readonly byteLength: number;
}

/** Records a program's events. Made by {@link createTraceWriter}. */
export interface TraceWriter {
  /**
   * Records a malloc.
   *
   * @param bytes - requested, a whole number below 2^53
   * @param domain - which family of functions was called. Default: `"obj"`
   * @returns the number of the block: 0, 1, 2, ... in order of allocation
   */
  malloc(bytes: number, domain?: DomainName): number;
  /** Records a calloc of `bytes` in all; otherwise as {@link TraceWriter.malloc}. */
  calloc(bytes: number, domain?: DomainName): number;
  /**
   * Records a realloc.
   *
   * @param block - a live block's number
   * @param bytes - the new length
   * @param domain - which family of functions was called. Default: the block's own
   */
  realloc(block: number, bytes: number, domain?: DomainName): void;
  /** Records a free; parameters as for {@link TraceWriter.realloc}. */
  free(block: number, domain?: DomainName): void;
  /** Begins a phase of the program. */
  mark(name: string): void;
  /** Records the events and marks of a batch of another trace. Batches have to come in order, from the first on. */
  append(batch: EventBatch): void;
  /** Ends the recording. */
  finish(): Recording<TraceHeader>;
}

/** Begins a recording. */
export declare function createTraceWriter(info: TraceInfo): TraceWriter;
