/**
 * A picture of an allocator: what must be the same after a call that changes nothing.
 */

import type { Address, BlockAllocator } from "@heapwright/core";

import { demand } from "../demand.js";

/** Live blocks as `stats` counts them and `walk` shows them, as one line of text. */
export function pictureOf(allocator: BlockAllocator): string {
  const { liveBlocks, allocatedBytes } = allocator.stats();
  const blocks = blocksOf(allocator).map(([address, bytes]) => `${bytes} B at ${address}`);
  return `${liveBlocks} live blocks of ${allocatedBytes} B; ${blocks.join(", ")}`;
}

/** What `walk` shows, by rising address. */
export function blocksOf(allocator: BlockAllocator): [address: Address, bytes: number][] {
  const blocks: [Address, number][] = [];
  allocator.walk(({ address, bytes }) => {
    blocks.push([address, bytes]);
    return undefined;
  });
  return blocks.sort(([left], [right]) => left - right);
}

/**
 * Demands that a call leaves the live blocks as they are, whether it throws or not.
 *
 * @param what - the call as the reader would write it
 */
export function demandUnchanged(allocator: BlockAllocator, what: string, call: () => void): void {
  const before = pictureOf(allocator);
  call();
  const after = pictureOf(allocator);
  demand(
    before === after,
    `${what} must change nothing. Before: ${shorten(before)} After: ${shorten(after)}`,
  );
}

function shorten(text: string): string {
  return text.length <= 400 ? `${text}.` : `${text.slice(0, 400)} ...`;
}
