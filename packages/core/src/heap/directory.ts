/**
 * The directory: the names in a heap. Which plugins it was made with, its layouts, the code they call: what another
 * thread must know and bring along before it can stand on the bytes. One JSON text, written anew when a name comes in.
 */

import { HeapwrightError } from "../errors.js";
import { PAGE_BYTES } from "../page-map.js";
import { DIRECTORY, DIRECTORY_BYTES, LAYOUTS } from "./control.js";
import { HEAP_USE, type HeapTables } from "./heap-tables.js";
import type { LayoutSpec } from "./layout-spec.js";

/** What the directory holds. */
export interface DirectoryContent {
  /** Name of the allocator plugin. */
  readonly allocator: string;
  /** Name of the collector plugin. */
  readonly collector: string;
  /** Name of the counter plugin; `null` = none. */
  readonly counter: string | null;
  /** Layouts by number, the first with number 1. */
  readonly layouts: readonly LayoutSpec[];
  /** Names of code by number, the first with number 1. */
  readonly code: readonly string[];
}

/**
 * Writes the directory, in place of the one before.
 *
 * @throws HeapwrightError `ERR_OUT_OF_MEMORY`; the old one stays then
 */
export function writeDirectory({ memory, control }: HeapTables, content: DirectoryContent): void {
  const text = new TextEncoder().encode(JSON.stringify(content));
  const oldAddress = control[DIRECTORY]! >>> 0;
  const oldBytes = control[DIRECTORY_BYTES]!;
  if (oldAddress !== 0 && pagesFor(text.length) === pagesFor(oldBytes)) {
    new Uint8Array(memory.buffer, oldAddress, text.length).set(text);
    control[DIRECTORY_BYTES] = text.length;
    return;
  }
  const address = memory.reserve(text.length, PAGE_BYTES, HEAP_USE.run);
  if (address === 0) {
    throw new HeapwrightError(
      "ERR_OUT_OF_MEMORY",
      `The memory has no room for a directory of ${text.length} B.`,
    );
  }
  new Uint8Array(memory.buffer, address, text.length).set(text);
  control[DIRECTORY] = address;
  control[DIRECTORY_BYTES] = text.length;
  if (oldAddress !== 0) memory.release(oldAddress, oldBytes);
}

/**
 * Reads the directory.
 *
 * @throws HeapwrightError `ERR_CORRUPT_MEMORY`
 */
export function readDirectory({ memory, control }: HeapTables): DirectoryContent {
  const address = control[DIRECTORY]! >>> 0;
  let content: unknown;
  try {
    // A copy: a decoder does not read shared memory.
    const bytes = new Uint8Array(memory.buffer, address, control[DIRECTORY_BYTES]).slice();
    content = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new HeapwrightError("ERR_CORRUPT_MEMORY", "The heap's directory cannot be read.", { cause });
  }
  if (isDirectory(content, control[LAYOUTS]!)) return content;
  throw new HeapwrightError("ERR_CORRUPT_MEMORY", "The heap's directory is not what its tables tell of.");
}

function isDirectory(content: unknown, layoutCount: number): content is DirectoryContent {
  if (typeof content !== "object" || content === null) return false;
  const { allocator, collector, counter, layouts, code } = content as Partial<DirectoryContent>;
  const plugins: unknown[] = [allocator, collector, counter ?? ""];
  const isText = (value: unknown): boolean => typeof value === "string";
  return (
    plugins.every(isText) &&
    Array.isArray(layouts) &&
    layouts.length === layoutCount &&
    Array.isArray(code) &&
    code.every(isText)
  );
}

/** Gives the directory back. */
export function releaseDirectory({ memory, control }: HeapTables): void {
  if (control[DIRECTORY] !== 0) memory.release(control[DIRECTORY]! >>> 0, control[DIRECTORY_BYTES]!);
}

function pagesFor(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES);
}
