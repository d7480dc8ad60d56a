/**
 * Where a memory's bytes come from: four kinds, one shape.
 *
 * Views over the first three never detach and cost the same to read. A resizable
 * buffer is 1.2 to 4 times slower, and is there only for users who need pages
 * given back to the system while the memory lives.
 */

import { HeapwrightError } from "./errors.js";
import { giveWasmMemory, takeWasmMemory, type WasmMemory } from "./recycler.js";

/**
 * - `wasm`: a `WebAssembly.Memory`; wasm modules work on it without copying
 * - `buffer`: a plain `ArrayBuffer`
 * - `shared`: a `SharedArrayBuffer`, which other threads may read
 * - `resizable`: an `ArrayBuffer` that shrinks when pages at its end are given back
 */
export type MemoryKind = "wasm" | "buffer" | "shared" | "resizable";

/** A kind of memory to make, or a buffer or wasm memory of the caller's. */
export type MemorySource = MemoryKind | ArrayBuffer | SharedArrayBuffer | WasmMemory;

/** A buffer with what differs between the kinds. */
export interface BackingBuffer {
  /** Which kind it is. */
  readonly kind: MemoryKind;
  /** The bytes. */
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** The cap in bytes. */
  readonly maxBytes: number;
  /** Made here, hence all 0 where it was never written; a caller's buffer may hold anything. */
  readonly zeroed: boolean;
  /** Makes at least the first `bytes` bytes usable; false when the host refuses. */
  commit(bytes: number): boolean;
  /** Gives what lies behind the first `bytes` bytes back to the system. Only where the host can. */
  shrink?(bytes: number): void;
  /** The memory is done with it; no byte from `touchedBytes` on was written. */
  dispose(touchedBytes: number): void;
}

const WASM_PAGE_BYTES = 65536;
const MAX_MEMORY_BYTES: number = 2 ** 32;

/**
 * Opens a source.
 *
 * @param source - a kind, or the caller's own buffer
 * @param maxBytes - the cap for a buffer made here
 * @throws HeapwrightError `ERR_RESERVE_REFUSED`, `ERR_BAD_OPTION`, `ERR_BUFFER_DETACHED`
 */
export function openBuffer(source: MemorySource, maxBytes: number): BackingBuffer {
  if (typeof source !== "string") return openOwn(source);
  const pages = Math.ceil(maxBytes / WASM_PAGE_BYTES);
  const bytes = pages * WASM_PAGE_BYTES;
  if (bytes > MAX_MEMORY_BYTES || bytes === 0) {
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `maxBytes must be above 0 B and at most 4 GiB, not ${maxBytes} B.`,
    );
  }
  try {
    switch (source) {
      case "wasm":
        return { ...fromWasm(takeWasmMemory(pages), giveWasmMemory), zeroed: true };
      case "buffer":
        return { ...fixed("buffer", new ArrayBuffer(bytes)), zeroed: true };
      case "shared":
        return { ...fixed("shared", new SharedArrayBuffer(bytes)), zeroed: true };
      case "resizable":
        return { ...resizable(new ArrayBuffer(0, { maxByteLength: bytes })), zeroed: true };
    }
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new HeapwrightError(
      "ERR_RESERVE_REFUSED",
      `The host refused to set ${bytes} B aside as ${source} memory. Ask for a smaller maxBytes, dispose memories that are done with, or choose memory: "buffer".`,
      { cause },
    );
  }
  throw new HeapwrightError(
    "ERR_BAD_OPTION",
    `memory must be "wasm", "buffer", "shared", "resizable", a buffer or a wasm memory, not ${JSON.stringify(source)}.`,
  );
}

/** Told apart by tag, not by class: a buffer may come from another realm. */
function openOwn(source: ArrayBuffer | SharedArrayBuffer | WasmMemory): BackingBuffer {
  const tag = Object.prototype.toString.call(source);
  if (tag === "[object WebAssembly.Memory]") return fromWasm(source as WasmMemory, undefined);
  if (tag === "[object SharedArrayBuffer]") return fixed("shared", source as SharedArrayBuffer);
  if (tag !== "[object ArrayBuffer]") {
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `memory must be a kind, an ArrayBuffer, a SharedArrayBuffer or a WebAssembly.Memory, not ${tag}. A view has its buffer under .buffer.`,
    );
  }
  const buffer = source as ArrayBuffer;
  assertAttached(buffer);
  return buffer.resizable ? resizable(buffer) : fixed("buffer", buffer);
}

/**
 * Throws when a buffer's bytes have moved elsewhere.
 *
 * @throws HeapwrightError `ERR_BUFFER_DETACHED`
 */
export function assertAttached(buffer: ArrayBuffer | SharedArrayBuffer): void {
  if (!isDetached(buffer)) return;
  throw new HeapwrightError(
    "ERR_BUFFER_DETACHED",
    "The buffer is detached: it was transferred to another thread, or its wasm memory has grown.",
  );
}

/** Only a detached buffer refuses an empty view. (`ArrayBuffer.prototype.detached` is not in Node 20.) */
function isDetached(buffer: ArrayBuffer | SharedArrayBuffer): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    return new Uint8Array(buffer).length < 0;
  } catch {
    return true;
  }
}

function fixed(kind: MemoryKind, buffer: ArrayBuffer | SharedArrayBuffer): BackingBuffer {
  return {
    kind,
    buffer,
    maxBytes: Math.min(buffer.byteLength, MAX_MEMORY_BYTES),
    zeroed: false,
    commit: (bytes) => bytes <= buffer.byteLength,
    dispose: () => undefined,
  };
}

function fromWasm(memory: WasmMemory, recycle: typeof giveWasmMemory | undefined): BackingBuffer {
  return {
    ...fixed("wasm", memory.buffer),
    dispose(touchedBytes) {
      recycle?.(memory, touchedBytes);
    },
  };
}

function resizable(buffer: ArrayBuffer): BackingBuffer {
  const lengthFor = (bytes: number): number =>
    Math.min(Math.ceil(bytes / WASM_PAGE_BYTES) * WASM_PAGE_BYTES, buffer.maxByteLength);
  return {
    kind: "resizable",
    buffer,
    maxBytes: Math.min(buffer.maxByteLength, MAX_MEMORY_BYTES),
    zeroed: false,
    commit(bytes) {
      if (bytes <= buffer.byteLength) return true;
      try {
        buffer.resize(lengthFor(bytes));
        return true;
      } catch {
        return false;
      }
    },
    shrink(bytes) {
      buffer.resize(Math.min(lengthFor(bytes), buffer.byteLength));
    },
    dispose: () => undefined,
  };
}
