/**
 * What is in a block: writing a mark over it, and finding the first byte that is another.
 */

import type { Address, BlockAllocator } from "@heapwright/core";

import { demand } from "../demand.js";

/** A block that the kit holds: what it asked for, and the mark it wrote. */
export interface MarkedBlock {
  /** First byte. */
  readonly address: Address;
  /** How many bytes carry the mark. */
  readonly bytes: number;
  /** The value of each of them. */
  readonly mark: number;
}

/** The bytes from an address on. Made anew for each use: the buffer may be resizable. */
export function bytesAt(allocator: BlockAllocator, address: Address, bytes: number): Uint8Array {
  return new Uint8Array(allocator.memory.buffer, address, bytes);
}

/** Fills the first bytes of a block with a mark. */
export function markBytes(
  allocator: BlockAllocator,
  address: Address,
  bytes: number,
  mark: number,
): MarkedBlock {
  bytesAt(allocator, address, bytes).fill(mark);
  return { address, bytes, mark };
}

/** Fills a block over its whole usable size. */
export function markBlock(allocator: BlockAllocator, address: Address, mark: number): MarkedBlock {
  return markBytes(allocator, address, allocator.usableSize(address), mark);
}

/** Allocates a block and marks what was asked for. The mark follows from `index`: neighbours differ, and none is 0. */
export function mallocMarked(allocator: BlockAllocator, bytes: number, index: number): MarkedBlock {
  return markBytes(allocator, allocator.malloc(bytes), bytes, 1 + (index % 251));
}

/** Demands that every byte of a block still has the mark. */
export function demandMarked(allocator: BlockAllocator, block: MarkedBlock, what = "the block"): void {
  demandBytes(allocator, block.address, block.bytes, block.mark, what);
}

/** Demands that bytes all have one value. */
export function demandBytes(
  allocator: BlockAllocator,
  address: Address,
  bytes: number,
  value: number,
  what: string,
): void {
  const found = bytesAt(allocator, address, bytes);
  let index = 0;
  while (index < bytes && found[index] === value) index++;
  demand(
    index === bytes,
    `Byte ${index} of ${what} (${bytes} B at ${address}) must be ${value}; it is ${found[index] ?? "beyond the buffer"}.`,
  );
}
