/**
 * A memory: one buffer, set aside at its cap, handed out in runs of pages.
 *
 * Allocators do not call the host. They *reserve* runs of pages here (an arena,
 * a table, a chunk for large blocks) and *release* them, and every fact about
 * those runs is in the buffer itself, at its start:
 *
 * ```text
 *   byte   base                 base+64          (next page boundary)
 *           v                    v                v
 *           +--------------------+----------------+------------------- ... --+
 *           | header, 16 words   | page map       | pages 1, 2, 3 ...        |
 *           |                    | 1 byte a page  |                          |
 *           +--------------------+----------------+------------------- ... --+
 *
 *   word  0 1    magic "HEAPWRT" and a format version; 0 in a free buffer
 *         2      pages in all
 *         3      byte address of the header / 64
 *         4-7    the page map's counters
 *         8-15   0, kept for the heap image
 * ```
 *
 * Addresses are byte offsets from the start of the buffer, below 4 GiB. The
 * header makes address 0 unusable, so 0 can stand for "none".
 */

import { parseByteSize, type ByteSize } from "./byte-size.js";
import { DISPOSE } from "./disposable.js";
import { HeapwrightError } from "./errors.js";
import { MAX_USE, PAGE_BYTES, createPageMap, pageOf, type PageMap } from "./page-map.js";
import { openBuffer, type BackingBuffer, type MemoryKind, type MemorySource } from "./memory-source.js";

/** A byte offset from the start of a memory's buffer. 0 means "none". */
export type Address = number;

/** Figures of a memory, in bytes. `takenBytes <= touchedBytes <= reservedBytes`. */
export interface MemoryUsage {
  /** Address space set aside: the cap. Costs nothing until it is touched. */
  readonly reservedBytes: number;
  /** From the start to the highest page that was ever taken: at most this much is committed. */
  readonly touchedBytes: number;
  /** In pages that are taken now, header included. */
  readonly takenBytes: number;
  /** Most bytes taken at once. */
  readonly peakTakenBytes: number;
}

/** A run of pages that someone took. */
export interface MemoryRun {
  /** First byte. */
  readonly address: Address;
  /** Length in bytes, a multiple of {@link PAGE_BYTES}. */
  readonly bytes: number;
  /** What it was taken for, 1 to 127: a number of the owner's choosing. */
  readonly use: number;
}

/** One buffer, handed out in runs of pages. Made by {@link createMemory}. */
export interface Memory extends Disposable {
  /** Where the bytes come from. */
  readonly kind: MemoryKind;
  /** The bytes. The same object for the life of the memory. */
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** The cap, in bytes. */
  readonly maxBytes: number;

  /**
   * Takes a run of pages. The bytes are not cleared.
   *
   * @param bytes - how many, above 0; rounded up to whole pages of 4 KiB
   * @param alignment - in bytes, a power of two; the address is a multiple of it
   * @param use - what for, 1 to 127, shown by {@link Memory.useOf}
   * @returns the address of the first byte, or 0 when there is no such run or the host refused to commit it
   */
  reserve(bytes: number, alignment: number, use: number): Address;

  /** As {@link Memory.reserve}, with every byte 0. Pages of an own memory that were never taken are not even touched. */
  reserveZeroed(bytes: number, alignment: number, use: number): Address;

  /**
   * Gives a run back, whole.
   *
   * @throws HeapwrightError `ERR_BAD_ADDRESS` when no run of that length begins there
   */
  release(address: Address, bytes: number): void;

  /** What the page around an address was taken for; 0 when it is free or outside. */
  useOf(address: Address): number;

  /** All runs by rising address, the header's included. */
  runs(): MemoryRun[];

  /** A snapshot of the figures. */
  usage(): MemoryUsage;

  /**
   * Checks the header and the page map.
   *
   * @throws HeapwrightError `ERR_CORRUPT_MEMORY` naming everything found wrong
   */
  verify(): void;

  /**
   * Ends the memory: marks a user's buffer as free, gives an own wasm memory to the
   * recycler. Everything in it is lost. Disposing twice is harmless.
   */
  dispose(): void;
}

/** What {@link createMemory} accepts. */
export interface MemoryOptions {
  /**
   * Where the bytes come from: a kind, or a buffer or wasm memory of your own. Default: `"wasm"`,
   * or `"buffer"` where the host has no WebAssembly.
   */
  readonly memory?: MemorySource;
  /**
   * The cap, for memories made here: a multiple of 64 KiB is used, at most 4 GiB. Default: 256 MiB. A buffer of your
   * own brings its length.
   */
  readonly maxBytes?: ByteSize;
  /**
   * Where the memory begins in a buffer of your own, in bytes; what lies before is never touched. Default: 0.
   */
  readonly offset?: ByteSize;
}

/** What the header and the page map are taken for. */
const HEADER_USE = MAX_USE;
const HEADER_BYTES = 64;
const DEFAULT_MAX_BYTES: number = 256 * 1024 * 1024;

/** "HEAP" and "WRT" 1, little-endian. */
const MAGIC = [0x50414548, 0x01545257] as const;

const word = { magic: 0, pages: 2, base: 3, pageMap: 4 } as const;

/**
 * Sets a memory aside.
 *
 * @throws HeapwrightError `ERR_RESERVE_REFUSED` when the host refuses, `ERR_BAD_OPTION`,
 * `ERR_BUFFER_TOO_SMALL`, `ERR_BUFFER_DETACHED`, or `ERR_BUFFER_IN_USE` when another memory stands on the buffer
 *
 * @example
 * ```ts
 * const memory = createMemory({ memory: "buffer", maxBytes: "64MiB" });
 * const run = memory.reserve(1024 * 1024, 16384, 1);
 * ```
 */
export function createMemory(options: MemoryOptions = {}): Memory {
  const maxBytes = parseByteSize(options.maxBytes ?? DEFAULT_MAX_BYTES, "maxBytes");
  const backing = openBuffer(options.memory ?? defaultKind(), maxBytes);
  const base = Math.ceil(parseByteSize(options.offset ?? 0, "offset") / HEADER_BYTES) * HEADER_BYTES;
  const { header, pages } = stampHeader(backing, base);
  return memoryOver(backing, header, pages);
}

function defaultKind(): MemoryKind {
  return "WebAssembly" in globalThis ? "wasm" : "buffer";
}

/** Claims a buffer: writes the header, or refuses when one is there. */
function stampHeader(backing: BackingBuffer, base: number): { header: Int32Array; pages: PageMap } {
  const { buffer, maxBytes } = backing;
  const pageCount = Math.floor(maxBytes / PAGE_BYTES);
  const mapEnd = base + HEADER_BYTES + pageCount;
  const headerEnd = Math.ceil(mapEnd / PAGE_BYTES) * PAGE_BYTES;
  if (headerEnd + PAGE_BYTES > maxBytes || !backing.commit(headerEnd)) {
    throw new HeapwrightError(
      "ERR_BUFFER_TOO_SMALL",
      `A memory needs ${headerEnd + PAGE_BYTES} B at least, its page map included; this one has ${maxBytes} B.`,
    );
  }

  const header = new Int32Array(buffer, base, HEADER_BYTES / 4);
  if (
    header[word.magic] === MAGIC[0] &&
    header[word.magic + 1] === MAGIC[1] &&
    header[word.base] === base / 64
  ) {
    throw new HeapwrightError(
      "ERR_BUFFER_IN_USE",
      "Another memory stands on this buffer, here or in another thread. Dispose that one first; if it is gone for good, fill the buffer with 0.",
    );
  }
  const map = new Uint8Array(buffer, base + HEADER_BYTES, pageCount);
  map.fill(0);
  header.fill(0);
  header.set(MAGIC);
  header[word.pages] = pageCount;
  header[word.base] = base / 64;

  const pages = createPageMap(map, header.subarray(word.pageMap, word.pageMap + 4));
  claimHeaderPages(map, header, headerEnd);
  return { header, pages };
}

/** Pages before the base and those of the header are taken for good; `take` never returns page 0, so it is done by hand. */
function claimHeaderPages(map: Uint8Array, header: Int32Array, headerEnd: number): void {
  const end = pageOf(headerEnd);
  map.fill(HEADER_USE | 0x80, 0, end);
  map[0] = HEADER_USE;
  header.fill(end, word.pageMap, word.pageMap + 4);
}

function memoryOver(backing: BackingBuffer, header: Int32Array, pages: PageMap): Memory {
  const { kind, buffer, maxBytes } = backing;
  let disposed = false;

  const figure = (index: number): number => header[word.pageMap + index]! * PAGE_BYTES;

  function reserve(bytes: number, alignment: number, use: number): Address {
    if (disposed) return 0;
    const count = Math.ceil(bytes / PAGE_BYTES);
    const page = pages.take(count, Math.max(1, alignment / PAGE_BYTES), use);
    if (page === 0) return 0;
    if (backing.commit((page + count) * PAGE_BYTES)) return page * PAGE_BYTES;
    pages.give(page, count);
    return 0;
  }

  function dispose(): void {
    if (disposed) return;
    disposed = true;
    const touchedBytes = figure(1);
    header.fill(0);
    backing.dispose(touchedBytes);
  }

  return {
    kind,
    buffer,
    maxBytes,

    reserve,

    reserveZeroed(bytes, alignment, use) {
      const dirtyEnd = backing.zeroed ? figure(1) : maxBytes;
      const address = reserve(bytes, alignment, use);
      const end = Math.min(address + bytes, dirtyEnd);
      if (address !== 0 && end > address) new Uint8Array(buffer, address, end - address).fill(0);
      return address;
    },

    release(address, bytes) {
      if (disposed) return;
      if (address % PAGE_BYTES !== 0 || !pages.give(pageOf(address), Math.ceil(bytes / PAGE_BYTES))) {
        throw new HeapwrightError("ERR_BAD_ADDRESS", `No run of ${bytes} B begins at ${address}.`);
      }
      backing.shrink?.(pages.takenEnd() * PAGE_BYTES);
    },

    useOf: (address) => pages.useOf(pageOf(address)),

    runs: () =>
      pages
        .runs()
        .map(({ page, pages, use }) => ({ address: page * PAGE_BYTES, bytes: pages * PAGE_BYTES, use })),

    usage: () => ({
      reservedBytes: maxBytes,
      touchedBytes: figure(1),
      takenBytes: figure(2),
      peakTakenBytes: figure(3),
    }),

    verify() {
      if (disposed) throw new HeapwrightError("ERR_DISPOSED", "This memory was disposed.");
      const found = pages.problems();
      if (header[word.magic] !== MAGIC[0]) found.unshift("The memory's header is overwritten.");
      if (found.length > 0) throw new HeapwrightError("ERR_CORRUPT_MEMORY", found.join(" "));
    },

    dispose,
    [DISPOSE]: dispose,
  };
}
