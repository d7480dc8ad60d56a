/**
 * Live bits: one bit for each 16 bytes of the memory, set where a live block
 * starts. With them `free` knows a block from an address inside one, and a block
 * that lives from one that was freed. They are the whole of `checks: true`.
 *
 * They stand in front of the allocator, not in it: it works the same without.
 */

import type { Address, AllocationDomain } from "@heapwright/core";

import type { Refusals } from "./refusals.js";

/** Whether a block lives at an address. */
export function isLive(liveBits: Int32Array, address: Address): boolean {
  return (liveBits[address >>> 9]! & (1 << (address >>> 4))) !== 0;
}

/**
 * A domain that keeps the live bits and refuses what is not live before the inner domain sees it.
 *
 * An address that is no whole number, or not a multiple of 16, reads some bit near it. That does no harm: such an address
 * is refused by the inner domain at the latest.
 */
export function checkedDomain(
  inner: AllocationDomain,
  liveBits: Int32Array,
  refusals: Refusals,
): AllocationDomain {
  function born(address: Address): Address {
    liveBits[address >>> 9]! |= 1 << (address >>> 4);
    return address;
  }

  /** Refuses every address but 0. */
  function refuse(address: Address): void {
    refusals.assertUsable();
    if (address !== 0) throw refusals.notLive(address);
  }

  return {
    malloc: (bytes) => born(inner.malloc(bytes)),
    calloc: (count, bytes) => born(inner.calloc(count, bytes)),

    realloc(address, bytes) {
      if (!isLive(liveBits, address)) refuse(address);
      const to = inner.realloc(address, bytes);
      if (to === address) return to;
      liveBits[address >>> 9]! &= ~(1 << (address >>> 4));
      return born(to);
    },

    free(address) {
      const word = address >>> 9;
      const bit = 1 << (address >>> 4);
      const set = liveBits[word]!;
      if ((set & bit) === 0) {
        refuse(address);
        return;
      }
      inner.free(address);
      liveBits[word] = set & ~bit;
    },
  };
}
