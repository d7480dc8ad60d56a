/**
 * The recycler: wasm memories that were disposed, kept for the next heap.
 *
 * Each `WebAssembly.Memory` takes 10 GiB of address space whatever its cap, a
 * browser page gets about 120 of them, and the host frees dropped ones late.
 * A program that makes and disposes heaps in a loop
 * would run out while holding no heap at all. So a disposed memory waits here
 * and serves the next request for the same cap, zeroed when it is handed out.
 *
 * The shelf is small: wasm memory never shrinks, so what waits here stays
 * committed.
 */

/** The part of `WebAssembly.Memory` that is used; structural, so that no DOM types are needed. */
export interface WasmMemory {
  /** The bytes. Another object after a growth, which detaches the old one. */
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** Adds pages of 64 KiB; returns the number there was before. */
  grow(pages: number): number;
}

interface Spare {
  readonly memory: WasmMemory;
  /** Every byte from here on was never written. */
  readonly touchedBytes: number;
}

const MAX_SPARES = 8;
const MAX_SPARE_BYTES: number = 256 * 1024 * 1024;

/** Spares by cap, in wasm pages. */
const shelf = /* @__PURE__ */ new Map<number, Spare[]>();

/**
 * A zeroed memory with all its pages, from the shelf or new.
 *
 * @param pages - initial and maximum size, in wasm pages of 64 KiB
 * @throws RangeError when the host refuses
 */
export function takeWasmMemory(pages: number): WasmMemory {
  const spare = shelf.get(pages)?.pop();
  if (!spare) return new WebAssembly.Memory({ initial: pages, maximum: pages });
  new Uint8Array(spare.memory.buffer, 0, spare.touchedBytes).fill(0);
  return spare.memory;
}

/**
 * Takes a memory back, or drops it when the shelf is full.
 *
 * @param memory - as {@link takeWasmMemory} made it, never grown
 * @param touchedBytes - every byte from here on was never written
 */
export function giveWasmMemory(memory: WasmMemory, touchedBytes: number): void {
  const waiting = [...shelf.values()].flat();
  const waitingBytes = waiting.reduce((sum, spare) => sum + spare.touchedBytes, 0);
  if (waiting.length >= MAX_SPARES || waitingBytes + touchedBytes > MAX_SPARE_BYTES) return;

  const pages = memory.buffer.byteLength / 65536;
  const spares = shelf.get(pages) ?? [];
  spares.push({ memory, touchedBytes });
  shelf.set(pages, spares);
}
