/**
 * Live bits: one bit for each 16 bytes of the memory, set where a live block
 * starts. With them `free` knows a block from an address inside one, and a block
 * that lives from one that was freed. They are the whole of `checks: true`.
 */

import type { Address } from "@heapwright/core";

/** Reads and writes the bits of cold paths. The hot paths in `pymalloc.ts` do the same two steps inline. */
export interface LiveBits {
  /** A block starts to live at an address. */
  set(address: Address): void;
  /** No block lives at an address any more. */
  clear(address: Address): void;
  /** Whether a block lives at an address; `true` throughout without checks. */
  has(address: Address): boolean;
}

/** Makes the reader of a table of bits, or one that knows nothing when the table is empty. */
export function createLiveBits(bits: Int32Array): LiveBits {
  if (bits.length === 0) return { set: () => undefined, clear: () => undefined, has: () => true };
  return {
    set(address) {
      bits[address >>> 9]! |= 1 << (address >>> 4);
    },
    clear(address) {
      bits[address >>> 9]! &= ~(1 << (address >>> 4));
    },
    has: (address) => (bits[address >>> 9]! & (1 << (address >>> 4))) !== 0,
  };
}
