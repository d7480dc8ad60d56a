/**
 * Where a heap's pools come from: the allocator's own, or, where it has none to offer, large blocks of it cut into pools.
 */

import type { Address, Memory } from "../memory.js";
import type { BlockAllocator, PoolSource } from "../allocator.js";
import { HeapwrightError } from "../errors.js";
import { wholeWords } from "./heap-tables.js";

/** Bytes in a pool of an allocator that has no pools. CPython 3.11: `POOL_SIZE`. */
const POOL_BYTES = 16384;
/** Pools that are asked for at once, more first. */
const BATCHES: readonly number[] = [63, 15, 3, 1];

/** The allocator's pools, or pools cut out of its blocks. */
export function poolSupply(allocator: BlockAllocator): PoolSource {
  return allocator.pools ?? poolsOutOfBlocks(allocator);
}

/**
 * A block of so many pools, and one more for the alignment. Free pools are kept for the heap: a block that has only some
 * free ones cannot go back, and one that has all of them free is soon asked for again.
 *
 * The list of free pools is in the pools: the first word of each is the address of the next.
 */
function poolsOutOfBlocks(allocator: BlockAllocator): PoolSource {
  const { memory } = allocator;
  const words = wholeWords(memory);
  let free: Address = firstFree(memory);

  function firstFreeIs(address: Address): void {
    free = address;
    memory.heapWords[FREE_POOLS] = address;
  }

  function cut(): boolean {
    for (const pools of BATCHES) {
      const block = tryMalloc(allocator, (pools + 1) * POOL_BYTES);
      if (block === 0) continue;
      const start = Math.ceil(block / POOL_BYTES) * POOL_BYTES;
      // The lowest comes first.
      for (let pool = start + (pools - 1) * POOL_BYTES; pool >= start; pool -= POOL_BYTES) {
        words[pool >>> 2] = free;
        firstFreeIs(pool);
      }
      return true;
    }
    return false;
  }

  return {
    poolBytes: POOL_BYTES,
    take() {
      if (free === 0 && !cut()) return 0;
      const pool = free;
      firstFreeIs(words[pool >>> 2]! >>> 0);
      return pool;
    },
    give(address) {
      words[address >>> 2] = free;
      firstFreeIs(address);
    },
  };
}

/** Word of the memory's header that says where the free pools begin. */
const FREE_POOLS = 3;

function firstFree(memory: Memory): Address {
  return memory.heapWords[FREE_POOLS]! >>> 0;
}

/** `malloc`, or `realloc` of a block, with 0 for "no room". */
export function tryMalloc(allocator: BlockAllocator, bytes: number, block: Address = 0): Address {
  try {
    return allocator.realloc(block, bytes);
  } catch (error) {
    if (HeapwrightError.is(error, "ERR_OUT_OF_MEMORY")) return 0;
    throw error;
  }
}
