/**
 * A memory: one buffer, set aside at its cap, handed out in runs of pages.
 *
 * Allocators do not call the host. They *reserve* runs of pages here (an arena,
 * a table, a chunk for large blocks) and *release* them, and every fact about
 * those runs is in the buffer itself; see the picture in `memory-header.ts`.
 *
 * Addresses are byte offsets from the start of the buffer, below 4 GiB. The
 * header makes address 0 unusable, so 0 can stand for "none".
 */

import { parseByteSize, type ByteSize } from "./byte-size.js";
import { DISPOSE } from "./disposable.js";
import { HeapwrightError } from "./errors.js";
import { HEADER_BYTES, attachHeader, claimBuffer, type MemoryHeader } from "./memory-header.js";
import {
  assertAttached,
  openBuffer,
  openOwnBuffer,
  type BackingBuffer,
  type MemoryKind,
  type MemorySource,
} from "./memory-source.js";
import { HEADER_USE, MAX_USE, PAGE_BYTES } from "./page-map.js";
import type { WasmMemory } from "./recycler.js";
import { showValue } from "./show-value.js";

/** A byte offset from the start of a memory's buffer. 0 means "none". */
export type Address = number;

/** Figures of a memory, in bytes. `takenBytes <= touchedBytes <= reservedBytes`, `takenBytes <= peakTakenBytes`. */
export interface MemoryUsage {
  /** Address space set aside: the cap. Costs nothing until it is touched. */
  readonly reservedBytes: number;
  /**
   * From the start to the highest page that was ever taken: at most this much is committed. Falls only where pages go
   * back to the system, with the kind `resizable`.
   */
  readonly touchedBytes: number;
  /** In pages that are taken now, the header and what lies before it included. */
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
  /** What it was taken for: a number of the owner's choosing, 1 to 126, or 127 for the header. */
  readonly use: number;
}

/**
 * One buffer, handed out in runs of pages. Made by {@link createMemory}, or stood on again by {@link attachMemory}. One
 * thread at a time.
 *
 * Once it is disposed or detached, or its buffer detached, nothing is taken any more: `release` does nothing, questions get 0 and no
 * runs for an answer, and `reserve` and `verify` throw. Its functions may be taken apart: `{ ...memory }` is as good.
 */
export interface Memory extends Disposable {
  /** Where the bytes come from. */
  readonly kind: MemoryKind;
  /** The bytes. The same object for the life of the memory; afterwards others may have it, or it is detached. */
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** The cap, in bytes. */
  readonly maxBytes: number;
  /**
   * Eight words of the header, for a heap to note where its tables are; all 0 in a fresh memory. Who attaches finds them as
   * they were left, and {@link Memory.verify} leaves them alone.
   */
  readonly heapWords: Int32Array;

  /**
   * Takes a run of pages: the lowest that fits. The bytes are not cleared.
   *
   * @param bytes - how many, above 0; rounded up to whole pages of 4 KiB
   * @param alignment - in bytes, a power of two; the address is a multiple of it, and of 4 KiB
   * @param use - what for, 1 to 126, shown by {@link Memory.useOf}
   * @returns the address of the first byte, or 0 when there is no such run or the host refused to commit it
   * @throws HeapwrightError `ERR_BAD_SIZE`, `ERR_BAD_OPTION`, `ERR_DISPOSED`, `ERR_BUFFER_DETACHED`
   */
  reserve(bytes: number, alignment: number, use: number): Address;

  /**
   * As {@link Memory.reserve}, with every byte 0. Where the memory was made here, pages that were never taken are not
   * even touched.
   */
  reserveZeroed(bytes: number, alignment: number, use: number): Address;

  /**
   * Gives a run back, whole.
   *
   * @param address - what {@link Memory.reserve} returned
   * @param bytes - as many as it was asked for
   * @throws HeapwrightError `ERR_BAD_ADDRESS` when no run of that length begins there; nothing changes then
   */
  release(address: Address, bytes: number): void;

  /** What the page around an address was taken for; 0 when it is free or outside. Never throws. */
  useOf(address: Address): number;

  /** All runs by rising address, the header's first. */
  runs(): MemoryRun[];

  /** A snapshot of the figures. */
  usage(): MemoryUsage;

  /**
   * Checks the header and the page map.
   *
   * @throws HeapwrightError `ERR_CORRUPT_MEMORY` naming everything found wrong, `ERR_DISPOSED`, `ERR_BUFFER_DETACHED`
   */
  verify(): void;

  /**
   * Lets go of the memory and leaves every byte as it is, so that whoever has the buffer next, another thread perhaps, can
   * stand on it with {@link attachMemory}. From then on this object is as good as disposed, and disposing it is harmless:
   * nobody gives the buffer back any more. Detaching twice is harmless, too.
   */
  detach(): void;

  /**
   * Ends the memory; everything in it is lost. A buffer of the caller's is free for others. Of what was made here, a wasm
   * memory waits for the next one of its cap, and its views are detached; a resizable buffer is emptied. Disposing twice
   * is harmless.
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
   * The cap, for memories made here: rounded up to a multiple of 64 KiB, at most 4 GiB. Default: 256 MiB. A buffer of
   * your own brings its length, of which the first 4 GiB are used.
   */
  readonly maxBytes?: ByteSize;
  /**
   * Where the memory begins in a buffer of your own, in bytes, rounded up to a multiple of 64; what lies before is never
   * touched. The memory has the rest of the buffer. Default: 0.
   */
  readonly offset?: ByteSize;
}

const DEFAULT_MAX_BYTES: number = 256 * 1024 * 1024;

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
  const base = baseFor(options);
  const backing = openBuffer(options.memory ?? defaultKind(), maxBytes);
  try {
    return memoryOver(backing, claimBuffer(backing, base));
  } catch (error) {
    backing.dispose();
    throw error;
  }
}

/** What {@link attachMemory} accepts. */
export type AttachMemoryOptions = Pick<MemoryOptions, "offset">;

/**
 * Stands on the memory that is in a buffer already: one that {@link Memory.detach} left there, that came from another
 * thread, or that was transferred. Its runs, its figures and its bytes are as they were.
 *
 * Nobody else may work on it meanwhile. That is not checked: a memory does not know who else has its buffer.
 *
 * @param buffer - the bytes; when they have become more since the memory was made, the memory keeps the length it had
 * @param options - where the memory begins, as it was told to {@link createMemory}
 * @throws HeapwrightError `ERR_NO_HEAP` when no memory of this version is there, `ERR_CORRUPT_MEMORY` when its page map is
 * damaged; `ERR_BUFFER_DETACHED`, `ERR_BAD_OPTION`
 *
 * @example
 * ```ts
 * memory.detach();
 * worker.postMessage(memory.buffer, [memory.buffer]);
 * // over there
 * const memory = attachMemory(buffer);
 * ```
 */
export function attachMemory(
  buffer: ArrayBuffer | SharedArrayBuffer | WasmMemory,
  options: AttachMemoryOptions = {},
): Memory {
  const base = baseFor(options);
  const backing = openOwnBuffer(buffer);
  return memoryOver(backing, attachHeader(backing, base));
}

/** Where the header goes. */
function baseFor(options: AttachMemoryOptions): number {
  const offset = parseByteSize(options.offset ?? 0, "offset");
  return Math.ceil(offset / HEADER_BYTES) * HEADER_BYTES;
}

function defaultKind(): MemoryKind {
  return "WebAssembly" in globalThis ? "wasm" : "buffer";
}

function memoryOver(backing: BackingBuffer, header: MemoryHeader): Memory {
  const { kind, buffer } = backing;
  const { maxBytes, pages, heapWords } = header;
  let ended: "disposed" | "detached" | undefined;

  function assertUsable(): void {
    if (ended) throw new HeapwrightError("ERR_DISPOSED", `This memory was ${ended}.`);
    if (header.isThere()) return;
    assertAttached(buffer);
    throw new HeapwrightError(
      "ERR_BUFFER_DETACHED",
      `The buffer was shortened to ${buffer.byteLength} B, below the memory's header. Dispose the memory.`,
    );
  }

  /** Nothing is taken any more; what a caller may still ask while it cleans up gets that for an answer. */
  function isGone(): boolean {
    return ended !== undefined || !header.isThere();
  }

  function reserve(bytes: number, alignment: number, use: number): Address {
    assertUsable();
    checkRun(bytes, alignment, use);
    const alignmentPages = Math.max(1, alignment / PAGE_BYTES);
    return pages.take(Math.ceil(bytes / PAGE_BYTES), alignmentPages, use) * PAGE_BYTES;
  }

  /** Every byte from here on is 0. */
  function dirtyEnd(): Address {
    return backing.zeroed ? pages.figures().touched * PAGE_BYTES : maxBytes;
  }

  function runs(): MemoryRun[] {
    if (isGone()) return [];
    return pages
      .runs()
      .map(({ page, pages, use }) => ({ address: page * PAGE_BYTES, bytes: pages * PAGE_BYTES, use }));
  }

  /** What is at an address where a caller thought to have a run, as a sentence. */
  function whatIsAt(address: Address): string {
    const run = runs().find((each) => address >= each.address && address < each.address + each.bytes);
    if (!run) return address >= 0 && address < maxBytes ? "Its page is free." : "It is outside the memory.";
    if (run.use === HEADER_USE) return "The memory's header is there.";
    return `There is a run of ${run.bytes} B, which begins at ${run.address}.`;
  }

  function dispose(): void {
    if (ended) return;
    ended = "disposed";
    header.clear();
    backing.dispose();
  }

  return {
    kind,
    buffer,
    maxBytes,
    heapWords,

    reserve,

    reserveZeroed(bytes, alignment, use) {
      assertUsable();
      const dirty = dirtyEnd();
      const address = reserve(bytes, alignment, use);
      const end = Math.min(address + bytes, dirty);
      if (address !== 0 && end > address) new Uint8Array(buffer, address, end - address).fill(0);
      return address;
    },

    release(address, bytes) {
      if (isGone()) return;
      if (!pages.give(address / PAGE_BYTES, Math.ceil(bytes / PAGE_BYTES))) {
        throw new HeapwrightError(
          "ERR_BAD_ADDRESS",
          `No run of ${showValue(bytes)} B begins at ${showValue(address)}. ${whatIsAt(address)}`,
        );
      }
      if (!backing.shrink) return;
      const length = backing.shrink(pages.takenEnd() * PAGE_BYTES);
      pages.forgetFrom(Math.ceil(length / PAGE_BYTES));
    },

    useOf: (address) => (ended ? 0 : pages.useAt(address)),

    runs,

    usage() {
      if (isGone()) return { reservedBytes: 0, touchedBytes: 0, takenBytes: 0, peakTakenBytes: 0 };
      const { touched, taken, peakTaken } = pages.figures();
      return {
        reservedBytes: maxBytes,
        touchedBytes: touched * PAGE_BYTES,
        takenBytes: taken * PAGE_BYTES,
        peakTakenBytes: peakTaken * PAGE_BYTES,
      };
    },

    verify() {
      assertUsable();
      const found = header.problems();
      if (found.length > 0) throw new HeapwrightError("ERR_CORRUPT_MEMORY", found.join(" "));
    },

    detach() {
      ended ??= "detached";
    },

    dispose,
    [DISPOSE]: dispose,
  };
}

function checkRun(bytes: number, alignment: number, use: number): void {
  // Above 2^53 - 1, too: a size that an allocator has rounded up is too large, and no mistake.
  if (!Number.isInteger(bytes) || bytes <= 0) {
    throw new HeapwrightError(
      "ERR_BAD_SIZE",
      `A run of pages needs a whole number of bytes above 0, not ${showValue(bytes)}.`,
    );
  }
  if (!isPowerOfTwo(alignment)) {
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `The alignment must be a power of two, in bytes, not ${showValue(alignment)}.`,
    );
  }
  if (!Number.isInteger(use) || use < 1 || use > MAX_USE) {
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `The use of a run must be a whole number from 1 to ${MAX_USE}, not ${showValue(use)}.`,
    );
  }
}

function isPowerOfTwo(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0 && 2 ** Math.round(Math.log2(value)) === value;
}
