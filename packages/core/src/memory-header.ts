/**
 * The header of a memory: whose buffer it is, and which of its pages are taken.
 *
 * ```text
 *   byte  0            base          base+64          next page boundary
 *         v            v             v                v
 *         +------------+-------------+----------------+--------------------- ... --+
 *         | the        | 16 words    | page map       | pages to take              |
 *         | caller's   |             | 1 byte a page  |                            |
 *         +------------+-------------+----------------+--------------------- ... --+
 *         \_____ header pages, taken for good _______/
 *
 *   word  0 1    stamp: "HEAPWRT" and a format version; 0 where no memory stands
 *         2      pages in all
 *         3      base / 64
 *         4-7    the page map's counters
 *         8-15   a heap's: where its tables are; 0 in a fresh memory
 * ```
 *
 * One memory a buffer: it takes everything from `base` to the end, and the page
 * map counts from byte 0, so that a page's number is its address / 4096.
 *
 * The header is all there is to know: who has the buffer, in another thread or after
 * a transfer, can stand on it again where the last one left off.
 */

import { HeapwrightError } from "./errors.js";
import { isDetached, type BackingBuffer } from "./memory-source.js";
import { HEADER_USE, PAGE_BYTES, PAGE_MAP_WORDS, createPageMap, type PageMap } from "./page-map.js";

/** Bytes of the header's words; a memory begins at a multiple of it. */
export const HEADER_BYTES = 64;

const WORD = { stamp: 0, pages: 2, base: 3, pageMap: 4, heap: 8 } as const;

/** "HEAPWRT" and 1, little-endian. */
const STAMP = 0x01545257_50414548n;

/** The stamp's upper 8 bits are the format's version. */
const VERSION_SHIFT = 56n;

/** Where the last memory made here on a buffer begins: not every header is at the same place. */
const lastBase = /* @__PURE__ */ new WeakMap<ArrayBuffer | SharedArrayBuffer, number>();

/** A claimed buffer. */
export interface MemoryHeader {
  /** Bytes that the memory has, from byte 0 of the buffer on. */
  readonly maxBytes: number;
  /** Which pages are taken. */
  readonly pages: PageMap;
  /** Words 8 to 15. */
  readonly heapWords: Int32Array;
  /** Whether the header's bytes are still there: the buffer is neither detached nor too short. */
  isThere(): boolean;
  /** Sentences on everything that is wrong in header and page map. */
  problems(): string[];
  /** Gives the buffer free. Its other bytes stay as they are. */
  clear(): void;
}

/**
 * Claims a buffer for a memory.
 *
 * @param backing - the buffer
 * @param base - where the header goes, a multiple of {@link HEADER_BYTES}
 * @throws HeapwrightError `ERR_BUFFER_TOO_SMALL`, `ERR_RESERVE_REFUSED`, `ERR_BUFFER_IN_USE`; nothing is written then
 */
export function claimBuffer(backing: BackingBuffer, base: number): MemoryHeader {
  const { buffer, maxBytes } = backing;
  const pageCount = Math.floor(maxBytes / PAGE_BYTES);
  const headerPages = headerPagesFor(base, pageCount);
  commitHeader(backing, base, headerPages);
  stamp(buffer, base);

  const words = new Int32Array(buffer, base, HEADER_BYTES / 4);
  words.fill(0, WORD.pages);
  words[WORD.pages] = pageCount;
  words[WORD.base] = base / HEADER_BYTES;
  new Uint8Array(buffer, base + HEADER_BYTES, pageCount).fill(0);

  const header = headerOver(backing, base, pageCount);
  header.pages.takeHeader(headerPages);
  return header;
}

/**
 * Stands on the header that a memory left in a buffer. Nothing is written.
 *
 * @param backing - the buffer
 * @param base - where the header is, a multiple of {@link HEADER_BYTES}
 * @throws HeapwrightError `ERR_NO_HEAP` when there is none, `ERR_CORRUPT_MEMORY` when it contradicts itself
 */
export function attachHeader(backing: BackingBuffer, base: number): MemoryHeader {
  const { buffer, maxBytes } = backing;
  assertStamped(buffer, base);
  const words = new Int32Array(buffer, base, HEADER_BYTES / 4);
  const pageCount = words[WORD.pages]!;
  const baseThere = words[WORD.base]! * HEADER_BYTES;
  if (baseThere !== base) {
    throw noHeap(`The header at byte ${base} belongs to a memory that begins at byte ${baseThere}.`);
  }
  const headerPages = headerPagesFor(base, pageCount);
  const headerEnd = base + HEADER_BYTES + pageCount;
  if (pageCount <= headerPages || pageCount * PAGE_BYTES > maxBytes || headerEnd > buffer.byteLength) {
    throw noHeap(
      `The header at byte ${base} tells of ${pageCount} pages of ${PAGE_BYTES} B; the buffer has ${buffer.byteLength} B.`,
    );
  }
  const header = headerOver(backing, base, pageCount);
  const found = header.problems();
  if (found.length > 0) throw new HeapwrightError("ERR_CORRUPT_MEMORY", found.join(" "));
  lastBase.set(buffer, base);
  return header;
}

/** The header of a memory of so many pages, which is written already. */
function headerOver(backing: BackingBuffer, base: number, pageCount: number): MemoryHeader {
  const { buffer } = backing;
  const words = new Int32Array(buffer, base, HEADER_BYTES / 4);
  const map = new Uint8Array(buffer, base + HEADER_BYTES, pageCount);
  const headerEnd = map.byteOffset + pageCount;
  const headerPages = headerPagesFor(base, pageCount);
  const counters = words.subarray(WORD.pageMap, WORD.pageMap + PAGE_MAP_WORDS);
  const pages = createPageMap(map, counters, (end) => backing.commit(end * PAGE_BYTES));

  function wordProblems(): string[] {
    const found: string[] = [];
    if (!isStamped(buffer, base)) found.push("The header's stamp is overwritten.");
    if (words[WORD.pages] !== pageCount) {
      found.push(`The header tells of ${words[WORD.pages]!} pages; there are ${pageCount}.`);
    }
    if (words[WORD.base] !== base / HEADER_BYTES) {
      found.push(`The header is at byte ${base} and says ${words[WORD.base]! * HEADER_BYTES}.`);
    }
    return found;
  }

  function runProblems(): string[] {
    const [first] = pages.runs();
    const isHeader = first?.page === 0 && first.pages === headerPages && first.use === HEADER_USE;
    const takenBytes = pages.takenEnd() * PAGE_BYTES;
    return [
      ...(isHeader ? [] : [`The first ${headerPages} pages are not marked as the header's.`]),
      ...(takenBytes <= buffer.byteLength
        ? []
        : [`The buffer was shortened to ${buffer.byteLength} B; the taken pages end at ${takenBytes} B.`]),
    ];
  }

  return {
    maxBytes: maxBytesFor(backing, pageCount),
    pages,
    heapWords: words.subarray(WORD.heap),
    // Not the length of a view: once V8 11.3 (Node 20) has optimized code for resizable buffers too, a view keeps its
    // length when its buffer is detached.
    isThere: () => buffer.byteLength >= headerEnd,
    problems: () => [...wordProblems(), ...runProblems(), ...pages.problems()],
    clear: () => clearHeader(backing.buffer, base),
  };
}

/** The length of the buffer; if that became longer since the memory was made, the memory's pages. */
function maxBytesFor({ maxBytes }: BackingBuffer, pageCount: number): number {
  return Math.floor(maxBytes / PAGE_BYTES) === pageCount ? maxBytes : pageCount * PAGE_BYTES;
}

function headerPagesFor(base: number, pageCount: number): number {
  return Math.ceil((base + HEADER_BYTES + pageCount) / PAGE_BYTES);
}

/** Makes sure that there is room for the header and one page. */
function commitHeader(backing: BackingBuffer, base: number, headerPages: number): void {
  const { kind, maxBytes } = backing;
  const neededBytes = (headerPages + 1) * PAGE_BYTES;
  if (neededBytes > maxBytes) {
    const behind = base > 0 ? ` behind an offset of ${base} B` : "";
    throw new HeapwrightError(
      "ERR_BUFFER_TOO_SMALL",
      `A memory${behind} needs ${neededBytes} B at least, its header included; this one has ${maxBytes} B.`,
    );
  }
  if (backing.commit(headerPages * PAGE_BYTES)) return;
  throw new HeapwrightError(
    "ERR_RESERVE_REFUSED",
    `The host refused to lengthen the ${kind} buffer to ${headerPages * PAGE_BYTES} B. Dispose memories that are done with.`,
  );
}

/** In one atomic step: of two threads that claim a shared buffer at once, one is refused. */
function stamp(buffer: ArrayBuffer | SharedArrayBuffer, base: number): void {
  const last = lastBase.get(buffer) ?? base;
  if (last !== base && isStamped(buffer, last)) throw inUse(last);
  if (Atomics.exchange(new BigInt64Array(buffer, base, 1), 0, STAMP) === STAMP) throw inUse(base);
  lastBase.set(buffer, base);
}

function inUse(base: number): HeapwrightError {
  return new HeapwrightError(
    "ERR_BUFFER_IN_USE",
    `Another memory stands on this buffer, from byte ${base} on, here or in another thread. Dispose that one first, or attach to it; if it is gone for good, fill the ${HEADER_BYTES} B there with 0.`,
  );
}

/** Throws when no memory of this version left its stamp there. */
function assertStamped(buffer: ArrayBuffer | SharedArrayBuffer, base: number): void {
  if (isStamped(buffer, base)) return;
  const fits = base + HEADER_BYTES <= buffer.byteLength;
  const found = fits ? new BigUint64Array(buffer, base, 1)[0]! : 0n;
  const version = found >> VERSION_SHIFT;
  if (fits && found === (STAMP & ~(0xffn << VERSION_SHIFT)) + (version << VERSION_SHIFT)) {
    throw noHeap(
      `The memory at byte ${base} is of format version ${version}; this package knows version ${STAMP >> VERSION_SHIFT}.`,
    );
  }
  throw noHeap(`No memory begins at byte ${base} of the buffer of ${buffer.byteLength} B.`);
}

function noHeap(message: string): HeapwrightError {
  return new HeapwrightError("ERR_NO_HEAP", message);
}

function isStamped(buffer: ArrayBuffer | SharedArrayBuffer, base: number): boolean {
  return base + HEADER_BYTES <= buffer.byteLength && new BigInt64Array(buffer, base, 1)[0] === STAMP;
}

/** The stamp goes last: without it, another thread may claim the buffer at once. */
function clearHeader(buffer: ArrayBuffer | SharedArrayBuffer, base: number): void {
  if (isDetached(buffer) || base + HEADER_BYTES > buffer.byteLength) return;
  new Int32Array(buffer, base, HEADER_BYTES / 4).fill(0, WORD.pages);
  Atomics.store(new BigInt64Array(buffer, base, 1), 0, 0n);
}
