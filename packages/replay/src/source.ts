/**
 * Sources: where the bytes of a recording come from.
 *
 * A recording is read in chunks, from the front, once for each pass over it.
 * Whether it can be read a second time depends on the source alone.
 */

import { HeapwrightError } from "@heapwright/core";

import { messageOf } from "./message-of.js";

/** Bytes in chunks of any length, empty ones included. */
export type ByteChunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Where a recording comes from: all its bytes, chunks of them, or a function that begins anew each time it is called.
 * Bytes, functions and iterables that make a new iterator each time (an array of chunks, a {@link Recording}) can be
 * read again; generators, other iterators and async iterables (a stream) are read once.
 */
export type ByteSource = Uint8Array | ByteChunks | (() => ByteChunks | Promise<ByteChunks>);

/** A source in one shape. */
export interface OpenSource {
  /** Whether {@link OpenSource.chunks} can be called more than once. */
  readonly rereadable: boolean;
  /** Reads from the front. Whatever goes wrong in the source arrives as a HeapwrightError. */
  chunks(): AsyncIterableIterator<Uint8Array>;
}

/**
 * Looks at what a caller gave as a source, without reading any of it.
 *
 * @param source - anything
 * @param name - what to call it in messages
 * @throws HeapwrightError `ERR_BAD_OPTION` when it is no source
 */
export function openSource(source: ByteSource, name: string): OpenSource {
  const opening = (open: () => ByteChunks | Promise<ByteChunks>, rereadable: boolean): OpenSource => ({
    rereadable,
    chunks: () => readChunks(open, name),
  });
  if (isBytes(source)) return opening(() => [source], true);
  if (typeof source === "function") return opening(source, true);
  if (has(source, Symbol.asyncIterator)) return opening(() => source, false);
  if (has(source, Symbol.iterator)) return opening(() => source, !isIterator(source as Iterable<Uint8Array>));
  throw new HeapwrightError(
    "ERR_BAD_OPTION",
    `${name}: a source is a Uint8Array, an iterable of them, or a function that returns one, not ${typeof source}.`,
  );
}

function has(value: unknown, key: symbol): boolean {
  return typeof value === "object" && value !== null && key in value;
}

/** A generator hands out itself and goes on where it stopped; a collection makes a new iterator each time. */
function isIterator(chunks: Iterable<Uint8Array>): boolean {
  return (chunks[Symbol.iterator]() as unknown) === chunks;
}

/** Told by tag, not by class: bytes may come from another realm. */
function isBytes(value: unknown): value is Uint8Array {
  return Object.prototype.toString.call(value) === "[object Uint8Array]";
}

async function* readChunks(
  open: () => ByteChunks | Promise<ByteChunks>,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of await open()) {
      if (!isBytes(chunk)) {
        throw new HeapwrightError(
          "ERR_READ_FAILED",
          `${name}: a source yields Uint8Arrays, not ${typeof chunk}.`,
        );
      }
      // Streams and text decoders of browsers refuse views of shared memory.
      yield isShared(chunk) ? chunk.slice() : chunk;
    }
  } catch (cause) {
    if (HeapwrightError.is(cause)) throw cause;
    throw new HeapwrightError("ERR_READ_FAILED", `${name}: reading failed: ${messageOf(cause)}`, { cause });
  }
}

function isShared(chunk: Uint8Array): boolean {
  return Object.prototype.toString.call(chunk.buffer) === "[object SharedArrayBuffer]";
}

/** Takes bytes off the front of a sequence of chunks; see {@link createByteReader}. */
export interface ByteReader {
  /** The next `count` bytes, fewer at the end, without taking them. Valid until the next call. */
  peek(count: number): Promise<Uint8Array>;
  /** Drops bytes that a `peek` showed. */
  skip(count: number): void;
  /** All that was not skipped, in chunks. Ends the reader. */
  rest(): AsyncIterableIterator<Uint8Array>;
  /** Closes the source. */
  close(): Promise<void>;
}

/**
 * Reads ahead in a sequence of chunks. It keeps what was read and not skipped, and no more: a claim of a length costs
 * nothing until the bytes arrive.
 */
export function createByteReader(chunks: AsyncIterator<Uint8Array, unknown>): ByteReader {
  let buffer = new Uint8Array(4096);
  let start = 0;
  let end = 0;

  function append(chunk: Uint8Array): void {
    const length = end - start;
    if (end + chunk.length > buffer.length) {
      const larger = new Uint8Array(Math.max(2 * buffer.length, length + chunk.length));
      larger.set(buffer.subarray(start, end));
      buffer = larger;
      start = 0;
      end = length;
    }
    buffer.set(chunk, end);
    end += chunk.length;
  }

  async function close(): Promise<void> {
    await chunks.return?.();
  }

  return {
    async peek(count) {
      while (end - start < count) {
        const { done, value } = await chunks.next();
        if (done === true) break;
        append(value);
      }
      return buffer.subarray(start, Math.min(end, start + count));
    },

    skip(count) {
      start += count;
    },

    rest() {
      // No generator: one that was not started would forget to close the source.
      const iterator: AsyncIterableIterator<Uint8Array> = {
        async next() {
          if (start === end) return chunks.next() as Promise<IteratorResult<Uint8Array, undefined>>;
          const value = buffer.subarray(start, end);
          start = end;
          return { done: false, value };
        },
        async return() {
          await close();
          return { done: true, value: undefined };
        },
        [Symbol.asyncIterator]: () => iterator,
      };
      return iterator;
    },

    close,
  };
}
