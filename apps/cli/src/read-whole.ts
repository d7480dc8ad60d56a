import { createReadStream } from "node:fs";

import { CommandError, unreadable } from "./command-error.js";

/** As compressed as it comes; what is larger belongs into a file, which is read in pieces. */
const MAX_BYTES: number = 1024 * 1024 * 1024;

/**
 * Reads all there is, into memory that threads can share.
 *
 * @param source - a stream, or the path of one
 * @param label - what messages call it
 * @throws CommandError when it cannot be read, or there is too much
 */
export async function readWhole(
  source: AsyncIterable<Uint8Array> | string,
  label: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    const stream = typeof source === "string" ? (createReadStream(source) as AsyncIterable<Buffer>) : source;
    for await (const chunk of stream) {
      length += chunk.length;
      if (length > MAX_BYTES)
        throw unreadable(`${label}: more than ${MAX_BYTES} B; save it to a file first.`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof CommandError ? error : unreadable(`${label}: ${(error as Error).message}`);
  }
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
