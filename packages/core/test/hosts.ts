/**
 * Kinds of memory, and ways to take a host apart.
 */

import type { MemoryKind, MemorySource } from "../src/memory-source.js";

/** A way to come by a memory. */
export interface Source {
  readonly name: string;
  readonly kind: MemoryKind;
  /** Whether the buffer is the caller's. */
  readonly own: boolean;
  /** A source for a memory of so many bytes, a multiple of 64 KiB. */
  readonly make: (bytes: number) => MemorySource;
}

/** Every kind made by core, and every buffer that a caller may bring. */
export const SOURCES: readonly Source[] = [
  ...(["wasm", "buffer", "shared", "resizable"] as const).map((kind) => ({
    name: `memory: "${kind}"`,
    kind,
    own: false,
    make: () => kind,
  })),
  { name: "an ArrayBuffer", kind: "buffer", own: true, make: (bytes) => new ArrayBuffer(bytes) },
  { name: "a SharedArrayBuffer", kind: "shared", own: true, make: (bytes) => new SharedArrayBuffer(bytes) },
  { name: "a WebAssembly.Memory", kind: "wasm", own: true, make: (bytes) => wasmMemory(bytes) },
  {
    name: "a shared WebAssembly.Memory",
    kind: "wasm",
    own: true,
    make: (bytes) => wasmMemory(bytes, { shared: true }),
  },
  {
    name: "a resizable ArrayBuffer",
    kind: "resizable",
    own: true,
    make: (bytes) => new ArrayBuffer(0, { maxByteLength: bytes }),
  },
];

/** A wasm memory that can grow by one page. */
export function wasmMemory(bytes: number, options: { shared?: boolean } = {}): WebAssembly.Memory {
  const pages = bytes / 65_536;
  return new WebAssembly.Memory({ initial: pages, maximum: pages + 1, ...options });
}

/** Moves a buffer's bytes elsewhere, as posting it to another thread does. */
export function detach(buffer: ArrayBuffer): ArrayBuffer {
  return structuredClone(buffer, { transfer: [buffer] });
}

/** Calls a function while an object lacks a member, as older or stricter hosts do. */
export function without<T>(owner: object, member: string, call: () => T): T {
  const descriptor = Object.getOwnPropertyDescriptor(owner, member)!;
  Reflect.deleteProperty(owner, member);
  try {
    return call();
  } finally {
    Object.defineProperty(owner, member, descriptor);
  }
}

/** Calls a function while wasm memories are counted, and refused as `refuses` says. Returns how many were asked for. */
export function countingWasmMemories(
  call: () => void,
  refuses: (nth: number) => boolean = () => false,
): number {
  const { Memory } = WebAssembly;
  let asked = 0;
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      asked++;
      if (refuses(asked)) throw new RangeError("WebAssembly.Memory(): could not allocate memory");
      super(descriptor);
    }
  };
  try {
    call();
    return asked;
  } finally {
    WebAssembly.Memory = Memory;
  }
}
