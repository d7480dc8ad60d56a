import type { Address, BlockAllocator } from "@heapwright/core";

import { demand } from "../demand.js";

/**
 * Allocates a block if that is possible. Any failure counts as "no": which error it has to be is a rule of its own.
 *
 * @returns its address, or 0
 */
export function tryMalloc(allocator: BlockAllocator, bytes: number): Address {
  try {
    return allocator.malloc(bytes);
  } catch {
    return 0;
  }
}

/**
 * Allocates blocks until the memory is full, or there are enough of them.
 *
 * @param bytes - length of each block
 * @param enough - blocks to stop at; more than any memory holds when left out
 * @returns the addresses, in the order they were handed out; none when there is no room at all
 */
export function fillRest(allocator: BlockAllocator, bytes: number, enough = 1e9): Address[] {
  const addresses: Address[] = [];
  while (addresses.length < enough) {
    const address = tryMalloc(allocator, bytes);
    if (address === 0) break;
    addresses.push(address);
  }
  return addresses;
}

/** As {@link fillRest}, where there must be room for one block at least. */
export function fillUp(allocator: BlockAllocator, bytes: number, enough = 1e9): Address[] {
  const addresses = fillRest(allocator, bytes, enough);
  demand(addresses.length > 0, `malloc(${bytes}) must succeed; there is room for it.`);
  return addresses;
}

/** Frees blocks: every second one first, so that holes have to be joined, then the rest. */
export function freeScattered(allocator: BlockAllocator, addresses: readonly Address[]): void {
  for (let i = 0; i < addresses.length; i += 2) allocator.free(addresses[i]!);
  for (let i = 1; i < addresses.length; i += 2) allocator.free(addresses[i]!);
}
