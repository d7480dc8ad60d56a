/**
 * Compression of whole recordings, by the host's own streams.
 *
 * Bytes go in in small pieces: a host expands each piece at once and queues the
 * result, and a thousand bytes for one is possible.
 */

import { HeapwrightError } from "@heapwright/core";

import type { ByteChunks } from "./source.js";

const PIECE_BYTES = 16 * 1024;

interface Transform {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<ArrayBufferView | ArrayBuffer>;
}

/**
 * Compresses with gzip.
 *
 * @param chunks - a {@link Recording}, or any bytes
 * @throws HeapwrightError `ERR_COMPRESSION_UNSUPPORTED` on a host without `CompressionStream`
 *
 * @example
 * ```ts
 * for await (const chunk of gzip(writer.finish())) await file.write(chunk);
 * ```
 */
export async function* gzip(chunks: ByteChunks): AsyncGenerator<Uint8Array, void, undefined> {
  if (typeof CompressionStream !== "function")
    throw unsupported("This host has no CompressionStream for gzip.");
  yield* pumpThrough(chunks, new CompressionStream("gzip"), (cause) => cause);
}

/**
 * Undoes gzip.
 *
 * @param chunks - compressed bytes
 * @param name - what to call the recording in messages
 * @throws HeapwrightError `ERR_COMPRESSION_UNSUPPORTED`, `ERR_BAD_RECORDING` or `ERR_TRUNCATED_RECORDING`
 */
export async function* gunzip(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (typeof DecompressionStream !== "function") {
    throw unsupported(`${name}: this host has no DecompressionStream for gzip.`);
  }
  yield* pumpThrough(chunks, new DecompressionStream("gzip"), damagedBy(name, "gzip"));
}

/** Undoes brotli with the host's own stream, where it has one. Parameters and errors as for {@link gunzip}. */
export async function* unbrotli(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  let stream: Transform;
  try {
    // Not in the platform's list of names: newer browsers only.
    stream = new DecompressionStream("brotli" as "gzip");
  } catch (cause) {
    throw unsupported(
      `${name}: the data begins like no trace, graph or gzip file. If it is brotli (.br), this host cannot undo it: ` +
        "use @heapwright/replay/node, pass a decoder as the option brotli, or compress with gzip.",
      cause,
    );
  }
  yield* pumpThrough(chunks, stream, damagedBy(name, "brotli"));
}

function unsupported(message: string, cause?: unknown): HeapwrightError {
  return new HeapwrightError("ERR_COMPRESSION_UNSUPPORTED", message, { cause });
}

/**
 * Turns a failure of a decompressor into an error of ours.
 *
 * @param name - what to call the recording
 * @param format - `gzip` or `brotli`
 * @returns a function of the failure, and of whether all of the input was accepted before it
 */
export function damagedBy(
  name: string,
  format: string,
): (cause: unknown, inputEnded: boolean) => HeapwrightError {
  return (cause, inputEnded) => {
    // Node names the reason. Elsewhere damage shows at a write, and an end that comes too early at the close.
    const { code } = cause as { readonly code?: unknown };
    const truncated = typeof code === "string" ? code === "Z_BUF_ERROR" : inputEnded;
    return truncated
      ? new HeapwrightError("ERR_TRUNCATED_RECORDING", `${name}: the ${format} data ends too early.`, {
          cause,
        })
      : new HeapwrightError(
          "ERR_BAD_RECORDING",
          `${name}: expected ${format} data, found bytes that do not decompress.`,
          { cause },
        );
  };
}

/** Writes chunks into a stream while reading what comes out. */
async function* pumpThrough(
  chunks: ByteChunks,
  stream: Transform,
  failure: (cause: unknown, inputEnded: boolean) => unknown,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.readable.getReader();
  const feed = feedInto(stream, chunks);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (cause) {
    const { sourceError, ended } = await feed;
    throw sourceError ?? failure(cause, ended);
  } finally {
    // After an early exit this fails the pending write, which ends the feed.
    await reader.cancel().catch(() => undefined);
    await feed;
  }
}

interface FeedEnd {
  /** What the source threw. */
  readonly sourceError?: unknown;
  /** Whether the stream took all of the input. */
  readonly ended: boolean;
}

/** Never rejects: what the stream itself finds wrong arrives at its reading side. */
async function feedInto(stream: Transform, chunks: ByteChunks): Promise<FeedEnd> {
  const writer = stream.writable.getWriter();
  let ended = false;
  let writing = false;
  try {
    for await (const chunk of chunks) {
      writing = true;
      for (let at = 0; at < chunk.length; at += PIECE_BYTES)
        await writer.write(chunk.subarray(at, at + PIECE_BYTES));
      writing = false;
    }
    writing = true;
    ended = true;
    await writer.close();
    return { ended };
  } catch (error) {
    if (writing) return { ended };
    await writer.abort(error).catch(() => undefined);
    return { ended, sourceError: error };
  }
}
