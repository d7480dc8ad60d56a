/**
 * Opens traces (`.pymt`): every call that a program made of its allocators.
 */

import type { OpenOptions } from "./container.js";
import type { EventBatch } from "./events.js";
import { createRecordWindow, decodeChunks } from "./record-window.js";
import { openRecording } from "./recording.js";
import type { ByteSource } from "./source.js";
import { createTraceDecoder } from "./trace-decoder.js";
import { parseTraceHeader, type TraceHeader } from "./trace-header.js";

/** A trace: a header that was read, and events that can be. */
export interface Trace {
  /** Its header, checked in itself; the events are held against it while they are read. */
  readonly header: TraceHeader;
  /** Whether {@link Trace.batches} can be called more than once. */
  readonly rereadable: boolean;
  /**
   * Reads the events, from the first to the last.
   *
   * @returns batches of at most 65536 events, whose columns are the same arrays each time. Leaving the loop early closes
   * the source
   * @throws HeapwrightError while iterating: `ERR_BAD_RECORDING`, `ERR_TRUNCATED_RECORDING`, `ERR_READ_FAILED` also for
   * the second reading of a source that can be read once only, `ERR_OUT_OF_MEMORY` when the host has no room for tables
   * of the live blocks
   */
  batches(): AsyncIterable<EventBatch>;
}

/**
 * Opens a trace: reads and checks its header and nothing more. Plain and gzip are told by content.
 *
 * @param source - where its bytes come from
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
export async function openTrace(source: ByteSource, options: OpenOptions = {}): Promise<Trace> {
  const { header, name, rereadable, readBody } = await openRecording(
    "trace",
    source,
    options,
    parseTraceHeader,
  );

  async function* batches(): AsyncGenerator<EventBatch, void, undefined> {
    const { body, bodyOffset } = await readBody();
    const window = createRecordWindow(bodyOffset);
    const decoder = createTraceDecoder(window, header, name);
    yield* decodeChunks(window, body, decoder.decode, decoder.batch);
  }

  return { header, rereadable, batches };
}
