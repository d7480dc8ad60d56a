/**
 * The container that traces and graphs share: a magic, a version, a header of
 * JSON, and records to the end of the data.
 *
 * ```text
 *   byte  0        4         8          12         12+H
 *         +--------+---------+----------+----------+------------------ ... --+
 *         | PYMT / | version | H        | header   | records, back to back   |
 *         | PYMG   | u32 = 1 | u32      | JSON     |                         |
 *         +--------+---------+----------+----------+------------------ ... --+
 * ```
 *
 * Numbers are little-endian. The whole may be compressed; its first bytes tell.
 */

import { HeapwrightError, type HeapwrightErrorCode } from "@heapwright/core";

import { gunzip, unbrotli } from "./compression.js";
import { createByteReader, type ByteReader } from "./source.js";

/** How {@link openTrace} and {@link openGraph} read. */
export interface OpenOptions {
  /** What to call the recording in messages, such as its path. Default: `recording`. */
  readonly name?: string;
  /**
   * Undoes brotli, which has no signature of its own: it is asked to read what begins like nothing that is known.
   * Default: the host's `DecompressionStream` where that knows brotli, which Node's and most browsers' does not.
   */
  readonly brotli?: (chunks: AsyncIterable<Uint8Array>, name: string) => AsyncIterable<Uint8Array>;
}

/** Which of the two a file is: the last letter of its magic tells. */
export type RecordingKind = "trace" | "graph";

/** A recording whose header was read. */
export interface Container {
  /** The header, parsed and not yet checked. */
  readonly header: Readonly<Record<string, unknown>>;
  /** The header as it is written. */
  readonly headerText: string;
  /** Bytes of the data before the first record. */
  readonly bodyOffset: number;
  /** The records. Ending the iteration closes the source. */
  readonly body: AsyncIterableIterator<Uint8Array>;
}

/** The only version of the format there is. */
const FORMAT_VERSION = 1;
const PREFIX_BYTES = 12;
/** The largest header of a recorded graph has 50 KB; a claim above this is damage. */
const MAX_HEADER_BYTES: number = 16 * 1024 * 1024;

const MAGIC: Readonly<Record<RecordingKind, string>> = { trace: "PYMT", graph: "PYMG" };
const GZIP_MAGIC = "\x1f\x8b";

/**
 * Makes an error about a recording.
 *
 * @param code - the reason
 * @param name - what the caller calls the recording
 * @param text - a sentence without its end: where, what was expected, what was found
 */
export function recordingError(code: HeapwrightErrorCode, name: string, text: string): HeapwrightError {
  return new HeapwrightError(code, `${name}: ${text}.`);
}

/**
 * Begins to read a recording: undoes its compression, checks the container and parses the header.
 *
 * @throws HeapwrightError `ERR_BAD_RECORDING`, `ERR_TRUNCATED_RECORDING`, `ERR_WRONG_RECORDING`, `ERR_RECORDING_VERSION`,
 * `ERR_COMPRESSION_UNSUPPORTED`, `ERR_READ_FAILED`
 */
export async function readContainer(
  chunks: AsyncIterator<Uint8Array, unknown>,
  kind: RecordingKind,
  name: string,
  options: OpenOptions,
): Promise<Container> {
  const source = createByteReader(chunks);
  let reader = source;
  try {
    const format = await sniff(source, name);
    if (format === "gzip") reader = createByteReader(gunzip(source.rest(), name));
    if (format === "other") {
      const decoded: AsyncIterable<Uint8Array, unknown> = (options.brotli ?? unbrotli)(source.rest(), name);
      reader = createByteReader(decoded[Symbol.asyncIterator]());
    }
    return await readPrefix(reader, kind, name);
  } catch (error) {
    await reader.close();
    // A decoder that did not begin has not closed what it would have read.
    await source.close();
    throw error;
  }
}

/** Tells the compression by the first bytes. */
async function sniff(reader: ByteReader, name: string): Promise<"plain" | "gzip" | "other"> {
  const start = latin1(await reader.peek(4));
  if (start.startsWith(GZIP_MAGIC)) return "gzip";
  if (start.length === 4) return start.startsWith("PYM") ? "plain" : "other";
  const known = [...Object.values(MAGIC), GZIP_MAGIC];
  if (!known.some((magic) => magic.startsWith(start))) return "other";
  throw recordingError("ERR_TRUNCATED_RECORDING", name, `it ends after ${start.length} B, before any header`);
}

async function readPrefix(reader: ByteReader, kind: RecordingKind, name: string): Promise<Container> {
  const prefix = await reader.peek(PREFIX_BYTES);
  checkMagic(latin1(prefix.subarray(0, 4)), kind, name);
  if (prefix.length < PREFIX_BYTES) {
    throw recordingError(
      "ERR_TRUNCATED_RECORDING",
      name,
      `it ends after ${prefix.length} B, before its header`,
    );
  }
  const words = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES);
  checkVersion(words.getUint32(4, true), name);
  const headerBytes = words.getUint32(8, true);
  if (headerBytes > MAX_HEADER_BYTES) {
    throw recordingError(
      "ERR_BAD_RECORDING",
      name,
      `byte 8: expected a header of at most ${MAX_HEADER_BYTES} B, found a length of ${headerBytes} B`,
    );
  }
  reader.skip(PREFIX_BYTES);

  const header = await reader.peek(headerBytes);
  if (header.length < headerBytes) {
    throw recordingError(
      "ERR_TRUNCATED_RECORDING",
      name,
      `it ends after ${PREFIX_BYTES + header.length} B, inside its header of ${headerBytes} B`,
    );
  }
  const { text, value } = parseHeader(header, name);
  reader.skip(headerBytes);
  return { header: value, headerText: text, bodyOffset: PREFIX_BYTES + headerBytes, body: reader.rest() };
}

function checkMagic(found: string, kind: RecordingKind, name: string): void {
  const expected = MAGIC[kind];
  if (found === expected) return;
  if (expected.startsWith(found)) {
    throw recordingError(
      "ERR_TRUNCATED_RECORDING",
      name,
      `it ends after ${found.length} B, before any header`,
    );
  }
  const other = kind === "trace" ? "graph" : "trace";
  if (found === MAGIC[other]) {
    throw recordingError(
      "ERR_WRONG_RECORDING",
      name,
      `expected a ${kind} (${expected}), found a ${other} (${found})`,
    );
  }
  throw recordingError(
    "ERR_BAD_RECORDING",
    name,
    `byte 0: expected ${expected}, found ${JSON.stringify(found)}`,
  );
}

function checkVersion(version: number, name: string): void {
  if (version === FORMAT_VERSION) return;
  if (version > FORMAT_VERSION && version < 2 ** 16) {
    throw recordingError(
      "ERR_RECORDING_VERSION",
      name,
      `it has format version ${version}, and this package reads up to ${FORMAT_VERSION}. Update @heapwright/replay`,
    );
  }
  throw recordingError(
    "ERR_BAD_RECORDING",
    name,
    `byte 4: expected version ${FORMAT_VERSION}, found ${version}`,
  );
}

function parseHeader(bytes: Uint8Array, name: string): { text: string; value: Record<string, unknown> } {
  let value: unknown;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new HeapwrightError("ERR_BAD_RECORDING", `${name}: byte 12: the header is no JSON in UTF-8.`, {
      cause,
    });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return { text, value: value as Record<string, unknown> };
  }
  throw recordingError("ERR_BAD_RECORDING", name, "byte 12: expected a JSON object as header");
}

/** The start of a container, for a header that is complete. */
export function writePrefix(kind: RecordingKind, header: object): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const prefix = new Uint8Array(PREFIX_BYTES + text.length);
  const words = new DataView(prefix.buffer);
  for (let i = 0; i < 4; i++) prefix[i] = MAGIC[kind].charCodeAt(i);
  words.setUint32(4, FORMAT_VERSION, true);
  words.setUint32(8, text.length, true);
  prefix.set(text, PREFIX_BYTES);
  return prefix;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
