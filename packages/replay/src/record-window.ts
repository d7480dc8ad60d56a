/**
 * A window on the records of a recording: chunks come in at one end, whole
 * records leave at the other.
 *
 * Chunks end anywhere, also inside a number. What is left of a record when the
 * chunk ends is moved to the front of the window and the next chunk goes behind
 * it, so a decoder only ever sees records that lie together. The window has a
 * fixed length; the file is never held whole.
 */

import { HeapwrightError } from "@heapwright/core";

import { MAX_VARINT_BYTES, type Cursor } from "./varint.js";

/** A stretch of records. */
export interface RecordWindow extends Cursor {
  /** The bytes, followed by 8 zeros. */
  bytes: Uint8Array;
  /** Index of the next byte to decode. */
  at: number;
  /** Index after the last byte that arrived. */
  end: number;
  /** No chunk comes after these bytes. */
  last: boolean;
  /** Position of `bytes[0]` in the uncompressed data, for messages. */
  offset: number;
}

/** Bytes in a window. Every record must be shorter, or be decoded in parts. */
const WINDOW_BYTES: number = 128 * 1024;

/**
 * Makes an empty window.
 *
 * @param offset - position of the first record in the data
 */
export function createRecordWindow(offset: number): RecordWindow {
  return { bytes: new Uint8Array(WINDOW_BYTES + MAX_VARINT_BYTES), at: 0, end: 0, last: false, offset };
}

/**
 * Moves bytes of a chunk in, as many as there is room for.
 *
 * @param window - its decoded part is dropped
 * @param chunk - bytes that come next
 * @param from - index of the first of them
 * @returns the index after the last one taken
 */
function fillWindow(window: RecordWindow, chunk: Uint8Array, from: number): number {
  const { bytes, at, end } = window;
  bytes.copyWithin(0, at, end);
  window.offset += at;
  const kept = end - at;
  const count = Math.min(WINDOW_BYTES - kept, chunk.length - from);
  bytes.set(chunk.subarray(from, from + count), kept);
  window.at = 0;
  window.end = kept + count;
  return from + count;
}

/** Tells the window that no chunk comes any more. */
function endWindow(window: RecordWindow): void {
  window.last = true;
  window.bytes.fill(0, window.end, window.end + MAX_VARINT_BYTES);
}

/**
 * Runs a decoder over all chunks.
 *
 * @param window - what the decoder reads from
 * @param body - the chunks
 * @param decode - decodes what it can; true when it has a result that must leave before it goes on
 * @param result - the result
 * @throws HeapwrightError `ERR_OUT_OF_MEMORY` when the host refuses memory, and what `body` and `decode` throw
 */
export async function* decodeChunks<T>(
  window: RecordWindow,
  body: AsyncIterable<Uint8Array>,
  decode: () => boolean,
  result: () => T,
): AsyncGenerator<T, void, undefined> {
  try {
    for await (const chunk of body) {
      let from = 0;
      while (from < chunk.length) {
        from = fillWindow(window, chunk, from);
        while (decode()) yield result();
      }
    }
    endWindow(window);
    while (decode()) yield result();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    // A table of the live blocks, or a batch, could not grow.
    throw new HeapwrightError("ERR_OUT_OF_MEMORY", `The host has no room to read on: ${cause.message}.`, {
      cause,
    });
  }
}
