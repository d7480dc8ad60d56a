/**
 * The recycler: wasm memories that were disposed, kept for the next heap.
 *
 * Each `WebAssembly.Memory` takes 10 GiB of address space whatever its cap, a
 * browser page gets about 120 of them, and the host frees dropped ones late. A
 * program that makes and disposes heaps in a loop would run out while holding no
 * heap at all. So a disposed memory waits here and serves the next request for
 * the same cap, zeroed when it is handed out.
 *
 * The shelf is small, and the longest wait ends first: wasm memory never
 * shrinks, so what waits here stays committed.
 */

/** The part of `WebAssembly.Memory` that is used; structural, so that no DOM types are needed. */
export interface WasmMemory {
  /** The bytes. Another object after a growth, which detaches the old one. */
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** Adds pages of 64 KiB; returns the number there was before. */
  grow(pages: number): number;
}

/** A wasm memory, lent out. */
export interface LentWasmMemory {
  /** All its bytes are 0. It is never grown. */
  readonly memory: WasmMemory;
  /**
   * Takes it back, once. Views over its buffer are detached: what they showed may soon be somebody else's.
   *
   * @param touchedBytes - every byte from here on is still 0
   */
  giveBack(touchedBytes: number): void;
}

interface Spare {
  readonly memory: WasmMemory;
  readonly pages: number;
  /** Every byte from here on is 0. */
  readonly dirtyBytes: number;
  /** Every byte from here on was never written to, by whomever had it. */
  readonly committedBytes: number;
}

const MAX_SPARES = 8;
const MAX_SPARE_BYTES: number = 256 * 1024 * 1024;

/** What waits, the longest wait first. */
const shelf: Spare[] = [];

/**
 * A zeroed memory with all its pages, from the shelf or new.
 *
 * @param pages - initial and maximum size, in wasm pages of 64 KiB
 * @throws RangeError, or what else the host refuses with
 */
export function takeWasmMemory(pages: number): LentWasmMemory {
  const index = shelf.findLastIndex((spare) => spare.pages === pages);
  if (index < 0) return lend({ memory: newWasmMemory(pages), pages, dirtyBytes: 0, committedBytes: 0 });
  const [spare] = shelf.splice(index, 1);
  new Uint8Array(spare!.memory.buffer, 0, spare!.dirtyBytes).fill(0);
  return lend(spare!);
}

function lend({ memory, pages, committedBytes }: Spare): LentWasmMemory {
  return {
    memory,
    giveBack(touchedBytes) {
      memory.grow(0); // detaches
      shelve({
        memory,
        pages,
        dirtyBytes: touchedBytes,
        committedBytes: Math.max(committedBytes, touchedBytes),
      });
    },
  };
}

/** Spares of other caps may hold the address space that is missing: the host collects what is dropped before it refuses. */
function newWasmMemory(pages: number): WasmMemory {
  const make = (): WasmMemory => new WebAssembly.Memory({ initial: pages, maximum: pages });
  try {
    return make();
  } catch (error) {
    if (shelf.length === 0) throw error;
    shelf.length = 0;
    return make();
  }
}

function shelve(spare: Spare): void {
  if (spare.committedBytes > MAX_SPARE_BYTES) return;
  shelf.push(spare);
  while (shelf.length > MAX_SPARES || waitingBytes() > MAX_SPARE_BYTES) shelf.shift();
}

function waitingBytes(): number {
  return shelf.reduce((sum, spare) => sum + spare.committedBytes, 0);
}
