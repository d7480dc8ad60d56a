/**
 * Sources: where the bytes of a recording come from.
 *
 * A recording is read in chunks, from the front, once for each pass over it.
 * Whether it can be read a second time depends on the source alone.
 */

/** Bytes in chunks of any length, empty ones included. */
export type ByteChunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Where a recording comes from: all its bytes, chunks of them, or a function that begins anew each time it is called.
 * Bytes, functions and iterables that make a new iterator each time (an array of chunks, a {@link Recording}) can be
 * read again; generators, other iterators and async iterables (a stream) are read once.
 */
export type ByteSource = Uint8Array | ByteChunks | (() => ByteChunks | Promise<ByteChunks>);
