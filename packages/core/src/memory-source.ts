/**
 * Where a memory's bytes come from: four kinds, one shape.
 *
 * Views over the first three cost the same to read. A resizable buffer is 1.2 to
 * 4 times slower, and is there only for users who need pages given back to the
 * system while the memory lives.
 */

import { HeapwrightError } from "./errors.js";
import { takeWasmMemory, type WasmMemory } from "./recycler.js";
import { showValue } from "./show-value.js";

/**
 * - `wasm`: a `WebAssembly.Memory`, the only kind that wasm modules can work on
 * - `buffer`: a plain `ArrayBuffer`
 * - `shared`: a `SharedArrayBuffer`, which other threads may read
 * - `resizable`: an `ArrayBuffer` that shrinks when pages at its end are given back
 */
export type MemoryKind = "wasm" | "buffer" | "shared" | "resizable";

/** A kind of memory to make, or a buffer or wasm memory of the caller's. */
export type MemorySource = MemoryKind | ArrayBuffer | SharedArrayBuffer | WasmMemory;

/** A buffer or wasm memory of the caller's. */
export type OwnBuffer = Exclude<MemorySource, MemoryKind>;

/** A buffer with what differs between the kinds. */
export interface BackingBuffer {
  /** Which kind it is. */
  readonly kind: MemoryKind;
  /** The bytes. Another object when a wasm memory of the caller's has grown. */
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** The cap in bytes. */
  readonly maxBytes: number;
  /** Made here, hence all 0 where it was never written; a caller's buffer may hold anything. */
  readonly zeroed: boolean;
  /** Makes at least the first `bytes` bytes usable, before anything is written there; false when the host refuses. */
  commit(bytes: number): boolean;
  /** Gives what lies behind the first `bytes` bytes back to the system, where a host can. Returns the length from now on. */
  shrink?(bytes: number): number;
  /** The memory is done with it. */
  dispose(): void;
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
  return typeof source === "string" ? makeBuffer(source, maxBytes) : openOwn(source, "memory", SOURCES);
}

function makeBuffer(kind: MemoryKind, maxBytes: number): BackingBuffer {
  if (!Object.hasOwn(MAKERS, kind)) {
    throw new HeapwrightError("ERR_BAD_OPTION", `memory must be ${SOURCES}, not ${showValue(kind)}.`);
  }
  const bytes = Math.ceil(maxBytes / WASM_PAGE_BYTES) * WASM_PAGE_BYTES;
  if (bytes > MAX_MEMORY_BYTES || bytes === 0) {
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `maxBytes must be above 0 B and at most 4 GiB (${MAX_MEMORY_BYTES} B), not ${maxBytes} B.`,
    );
  }
  const missing = missingFor(kind);
  if (missing !== undefined) {
    throw new HeapwrightError(
      "ERR_RESERVE_REFUSED",
      `memory: "${kind}" needs ${missing}, which this host does not have. Choose memory: "buffer".`,
    );
  }
  try {
    return MAKERS[kind](bytes);
  } catch (cause) {
    const another = kind === "buffer" ? "" : `, or choose memory: "buffer"`;
    throw new HeapwrightError(
      "ERR_RESERVE_REFUSED",
      `The host refused to set ${bytes} B aside as ${kind} memory. Dispose memories that are done with, ask for a smaller maxBytes${another}.`,
      { cause },
    );
  }
}

/** What the host lacks for a kind, or undefined. */
function missingFor(kind: MemoryKind): string | undefined {
  if (kind === "wasm" && !("WebAssembly" in globalThis)) return "WebAssembly";
  if (kind === "shared" && !("SharedArrayBuffer" in globalThis)) {
    return "SharedArrayBuffer (in a page: cross-origin isolation)";
  }
  if (kind === "resizable" && !("resizable" in ArrayBuffer.prototype)) return "resizable buffers";
  return undefined;
}

const OWN_BUFFERS = "an ArrayBuffer, a SharedArrayBuffer or a WebAssembly.Memory";
const SOURCES = `"wasm", "buffer", "shared", "resizable", ${OWN_BUFFERS}`;

const MAKERS: Readonly<Record<MemoryKind, (bytes: number) => BackingBuffer>> = {
  wasm: lentWasm,
  buffer: (bytes) => ({ ...fixed("buffer", { buffer: new ArrayBuffer(bytes) }), zeroed: true }),
  shared: (bytes) => ({ ...fixed("shared", { buffer: new SharedArrayBuffer(bytes) }), zeroed: true }),
  resizable: ownResizable,
};

/**
 * Opens a buffer of the caller's.
 *
 * @param source - the buffer
 * @throws HeapwrightError `ERR_BAD_OPTION`, `ERR_BUFFER_DETACHED`
 */
export function openOwnBuffer(source: OwnBuffer): BackingBuffer {
  return openOwn(source, "buffer", OWN_BUFFERS);
}

/** Told apart by tag, not by class: a buffer may come from another realm. */
function openOwn(source: OwnBuffer, name: string, accepted: string): BackingBuffer {
  const tag = Object.prototype.toString.call(source);
  if (tag === "[object WebAssembly.Memory]") return fixed("wasm", source as WasmMemory);
  if (tag === "[object SharedArrayBuffer]") return fixed("shared", { buffer: source as SharedArrayBuffer });
  if (tag !== "[object ArrayBuffer]") {
    const view = ArrayBuffer.isView(source) ? " A view has its buffer under .buffer." : "";
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `${name} must be ${accepted}, not ${showValue(source)}.${view}`,
    );
  }
  const buffer = source as ArrayBuffer;
  assertAttached(buffer);
  return buffer.resizable ? resizable(buffer) : fixed("buffer", { buffer });
}

/**
 * Throws when a buffer's bytes are gone. For authors of allocators, at the start of every call.
 *
 * @throws HeapwrightError `ERR_BUFFER_DETACHED`
 */
export function assertAttached(buffer: ArrayBuffer | SharedArrayBuffer): void {
  if (!isDetached(buffer)) return;
  throw new HeapwrightError(
    "ERR_BUFFER_DETACHED",
    "The buffer is detached: it was transferred, its wasm memory has grown, or the memory on it was disposed. Dispose what stands on it, and begin anew on the buffer that has the bytes now.",
  );
}

/** Only a detached buffer refuses an empty view. (`ArrayBuffer.prototype.detached` is not in Node 20.) */
export function isDetached(buffer: ArrayBuffer | SharedArrayBuffer): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    return new Uint8Array(buffer).length < 0;
  } catch {
    return true;
  }
}

/** A buffer of fixed length, looked up anew each time: a wasm memory gets another one when it grows. */
function fixed(kind: MemoryKind, source: Pick<WasmMemory, "buffer">): BackingBuffer {
  const { byteLength } = source.buffer;
  return {
    kind,
    get buffer() {
      return source.buffer;
    },
    maxBytes: Math.min(byteLength, MAX_MEMORY_BYTES),
    zeroed: false,
    commit: (bytes) => bytes <= byteLength,
    dispose: () => undefined,
  };
}

/** Counts itself what may have been written: the memory's own counters may be overwritten by then. */
function lentWasm(maxBytes: number): BackingBuffer {
  const { memory, giveBack } = takeWasmMemory(maxBytes / WASM_PAGE_BYTES);
  let touchedBytes = 0;
  return {
    ...fixed("wasm", memory),
    zeroed: true,
    commit(bytes) {
      touchedBytes = Math.max(touchedBytes, bytes);
      return bytes <= maxBytes;
    },
    dispose: () => giveBack(touchedBytes),
  };
}

/** Its bytes go back to the system at once when it is disposed, as they do while it lives. */
function ownResizable(bytes: number): BackingBuffer {
  const buffer = new ArrayBuffer(0, { maxByteLength: bytes });
  return {
    ...resizable(buffer),
    zeroed: true,
    dispose() {
      if (!isDetached(buffer)) buffer.resize(0);
    },
  };
}

/** As long as its taken pages reach, rounded up so that small runs do not resize it one by one. */
function resizable(buffer: ArrayBuffer): BackingBuffer {
  const { maxByteLength } = buffer;

  /** As long as that, or as it was when the host refuses. */
  function resize(bytes: number): void {
    const rounded = Math.ceil(bytes / WASM_PAGE_BYTES) * WASM_PAGE_BYTES;
    try {
      buffer.resize(Math.min(rounded, maxByteLength));
    } catch {
      // The length tells.
    }
  }

  return {
    kind: "resizable",
    buffer,
    maxBytes: Math.min(maxByteLength, MAX_MEMORY_BYTES),
    zeroed: false,
    commit(bytes) {
      if (bytes > buffer.byteLength) resize(bytes);
      return bytes <= buffer.byteLength;
    },
    shrink(bytes) {
      if (bytes + WASM_PAGE_BYTES <= buffer.byteLength) resize(bytes);
      return buffer.byteLength;
    },
    dispose: () => undefined,
  };
}
