import type { Address, BlockAllocator } from "@heapwright/core";

/**
 * Allocates blocks until the memory is full, or there are enough of them. Any failure counts as "full": which error it
 * has to be is a rule of its own.
 *
 * @param bytes - length of each block
 * @param enough - blocks to stop at; more than any memory holds when left out
 * @returns the addresses, in the order they were handed out
 */
export function fillUp(allocator: BlockAllocator, bytes: number, enough = 1e9): Address[] {
  const addresses: Address[] = [];
  try {
    while (addresses.length < enough) {
      const address = allocator.malloc(bytes);
      if (address === 0) break;
      addresses.push(address);
    }
  } catch {
    // Full.
  }
  return addresses;
}

/** Frees blocks: every second one first, so that holes have to be joined, then the rest. */
export function freeScattered(allocator: BlockAllocator, addresses: readonly Address[]): void {
  for (let i = 0; i < addresses.length; i += 2) allocator.free(addresses[i]!);
  for (let i = 1; i < addresses.length; i += 2) allocator.free(addresses[i]!);
}
