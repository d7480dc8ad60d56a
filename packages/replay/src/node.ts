/**
 * Recordings in files, for Node: every compression is read, told by content, and
 * written, told by the name.
 *
 * @packageDocumentation
 */

import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { Readable, type Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createBrotliCompress, createBrotliDecompress, createGzip } from "node:zlib";

import { HeapwrightError } from "@heapwright/core";

import { damagedBy } from "./compression.js";
import type { OpenOptions } from "./container.js";
import { openGraph, type Graph } from "./graph.js";
import type { ByteChunks } from "./source.js";
import { openTrace, type Trace } from "./trace.js";

const READ_BYTES = 256 * 1024;

/**
 * Opens a trace in a file. The file is open only while it is read, and can be read again.
 *
 * @param path - of a `.pymt` file, plain, gzip or brotli
 * @throws HeapwrightError as `openTrace`; `ERR_READ_FAILED` when there is no such file
 */
export function openTraceFile(path: string): Promise<Trace> {
  return openTrace(() => readFile(path), fileOptions(path));
}

/**
 * Opens a graph in a file. The file is open only while it is read, and can be read again.
 *
 * @param path - of a `.pymg` file, plain, gzip or brotli
 * @throws HeapwrightError as `openGraph`; `ERR_READ_FAILED` when there is no such file
 */
export function openGraphFile(path: string): Promise<Graph> {
  return openGraph(() => readFile(path), fileOptions(path));
}

function readFile(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>;
}

function fileOptions(path: string): OpenOptions {
  return { name: path, brotli };
}

/**
 * Undoes brotli: what the option `brotli` of `openTrace` and `openGraph` asks for.
 *
 * @param chunks - compressed bytes
 * @param name - what to call the recording in messages
 * @throws HeapwrightError `ERR_BAD_RECORDING` or `ERR_TRUNCATED_RECORDING`
 *
 * @example
 * ```ts
 * const trace = await openTrace(process.stdin, { name: "standard input", brotli });
 * ```
 */
export async function* brotli(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = createBrotliDecompress();
  let given = 0;
  async function* counted(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      given += chunk.length;
      yield chunk;
    }
  }
  // Failures of either side arrive at the loop below.
  pipeline(counted, decoder).catch(() => undefined);
  try {
    yield* decoder as AsyncIterable<Buffer>;
  } catch (cause) {
    throw HeapwrightError.is(cause) ? cause : damagedBy(name, "brotli")(cause, false);
  }
  if (decoder.bytesWritten === given) return;
  throw new HeapwrightError(
    "ERR_BAD_RECORDING",
    `${name}: expected the end of the brotli data after ${decoder.bytesWritten} B, found ${given - decoder.bytesWritten} B more.`,
  );
}

/** How {@link writeRecordingFile} compresses. */
export interface WriteOptions {
  /** Brotli: 0 (fast) to 11 (small). Default: 9. */
  readonly quality?: number;
}

/**
 * Writes a recording to a file, compressed as its name says: `.br` brotli, `.gz` gzip, anything else not at all. The file
 * is written under another name in the same folder and renamed when it is complete, so a failure leaves what was there.
 *
 * @param path - where to; a file that is there is replaced
 * @param recording - what a writer's `finish()` returned, or any bytes
 * @throws the file system's error, with its own code such as `ENOSPC`, or what `recording` throws
 *
 * @example
 * ```ts
 * await writeRecordingFile("demo.pymt.br", writer.finish());
 * ```
 */
export async function writeRecordingFile(
  path: string,
  recording: ByteChunks,
  options: WriteOptions = {},
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const file = await open(temporary, "wx");
  try {
    const target = file.createWriteStream({ flush: true });
    await pipeline([Readable.from(recording), ...compressors(path, options), target]);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function compressors(path: string, { quality = 9 }: WriteOptions): Duplex[] {
  if (path.endsWith(".gz")) return [createGzip()];
  if (!path.endsWith(".br")) return [];
  const params = { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_LGWIN]: 24 };
  return [createBrotliCompress({ params })];
}

/**
 * A clock for `replay`: milliseconds of CPU time of this thread, or of the process in Node before 23.9, which then
 * includes what the garbage collector's and the compiler's threads do meanwhile.
 */
export function cpuClock(): number {
  const { threadCpuUsage } = process as { readonly threadCpuUsage?: typeof process.cpuUsage };
  const { user, system } = threadCpuUsage ? threadCpuUsage.call(process) : process.cpuUsage();
  return (user + system) / 1000;
}
