/**
 * Buffers records until the header, which comes before them in the file and
 * sums them up, is known.
 *
 * They are kept as they will be written, two to three bytes an event: a trace of
 * a hundred million events takes 250 MB here. (Writing them to a file first and
 * copying it behind the header would need a file system.)
 */

import { writePrefix, type RecordingKind } from "./container.js";
import { writeVarint } from "./varint.js";

/** A finished recording: its header, and its bytes in chunks, uncompressed. It can be read any number of times. */
export interface Recording<Header = unknown> extends Iterable<Uint8Array> {
  /** The header, totals included. */
  readonly header: Header;
  /** Length of all chunks together. */
  readonly byteLength: number;
}

/** Collects records. */
export interface RecordBuffer {
  /** Appends a byte. */
  byte(value: number): void;
  /** Appends a varint. */
  number(value: number): void;
  /** Appends bytes as they are. */
  bytes(values: Uint8Array): void;
  /** Puts a header before what was appended. */
  finish<Header extends object>(kind: RecordingKind, header: Header): Recording<Header>;
}

const CHUNK_BYTES = 65536;
/** No byte and no varint is longer. */
const SLACK_BYTES = 8;

/** Makes an empty buffer. */
export function createRecordBuffer(): RecordBuffer {
  const full: Uint8Array[] = [];
  let fullBytes = 0;
  let chunk = new Uint8Array(CHUNK_BYTES);
  let at = 0;

  function nextChunk(): void {
    full.push(chunk.subarray(0, at));
    fullBytes += at;
    chunk = new Uint8Array(CHUNK_BYTES);
    at = 0;
  }

  return {
    byte(value) {
      if (at > CHUNK_BYTES - SLACK_BYTES) nextChunk();
      chunk[at++] = value;
    },

    number(value) {
      if (at > CHUNK_BYTES - SLACK_BYTES) nextChunk();
      at = writeVarint(chunk, at, value);
    },

    bytes(values) {
      let from = 0;
      while (from < values.length) {
        if (at === CHUNK_BYTES) nextChunk();
        const part = values.subarray(from, from + CHUNK_BYTES - at);
        chunk.set(part, at);
        at += part.length;
        from += part.length;
      }
    },

    finish(kind, header) {
      nextChunk();
      const prefix = writePrefix(kind, header);
      const chunks = [prefix, ...full];
      return {
        header,
        byteLength: prefix.length + fullBytes,
        [Symbol.iterator]: () => chunks[Symbol.iterator](),
      };
    },
  };
}
