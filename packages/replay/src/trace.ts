/**
 * Opens traces (`.pymt`).
 */

import type { EventBatch } from "./events.js";
import type { ByteChunks, ByteSource } from "./source.js";
import type { TraceHeader } from "./trace-header.js";

/** How {@link openTrace} and {@link openGraph} read. */
export interface OpenOptions {
  /** What to call the recording in messages, such as its path. Default: `recording`. */
  readonly name?: string;
  /**
   * Undoes brotli, which has no signature of its own: it is asked to read what begins like nothing that is known.
   * Default: the host's `DecompressionStream` where that knows brotli; Node and most browsers do not.
   */
  readonly brotli?: (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
}

/** A trace: a header that was read, and events that can be. */
export interface Trace {
  /** Its header, checked in itself; the events are held against it while they are read. */
  readonly header: TraceHeader;
  /** Whether {@link Trace.batches} can be called more than once. */
  readonly rereadable: boolean;
  /**
   * Reads the events, from the first to the last.
   *
   * @returns batches of at most 65536 events. Leaving the loop early closes the source
   * @throws HeapwrightError while iterating: `ERR_BAD_RECORDING`, `ERR_TRUNCATED_RECORDING`, `ERR_READ_FAILED`;
   * `ERR_READ_FAILED` for the second reading of a source that can be read once only
   */
  batches(): AsyncIterable<EventBatch>;
}

/**
 * Opens a trace: reads and checks its header and nothing more. Plain and gzip are told by content.
 *
 * @throws HeapwrightError `ERR_BAD_RECORDING`, `ERR_TRUNCATED_RECORDING`, `ERR_WRONG_RECORDING` for a graph,
 * `ERR_RECORDING_VERSION` for a newer format, `ERR_COMPRESSION_UNSUPPORTED` for brotli without a decoder,
 * `ERR_READ_FAILED` when the source fails, `ERR_BAD_OPTION` when it is no source
 *
 * @example
 * ```ts
 * const trace = await openTrace(bytes);
 * for await (const batch of trace.batches()) console.log(batch.first, batch.length);
 * ```
 */
export declare function openTrace(source: ByteSource, options?: OpenOptions): Promise<Trace>;
export type { ByteChunks };
