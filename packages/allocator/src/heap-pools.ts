/**
 * Heap pools: whole pools, for a heap that lays out cells of its own in them.
 *
 * A heap wants the pools of pymalloc without its blocks: cells of one size back to
 * back, with marks of its own. It gets them here, out of the same arenas and by the
 * same rule, the fullest arena first. So an arena goes back to the memory when
 * neither a block nor a cell is in it.
 *
 * The row of such a pool counts {@link HEAP_POOL} live blocks and is in no list, so
 * that no call for blocks takes it for one of its pools. What the row knew of a size
 * class is forgotten: a free list that was in the pool is overwritten by the heap.
 */

import { HeapwrightError, type Address, type PoolSource } from "@heapwright/core";

import type { Arenas } from "./arenas.js";
import { HEAP_POOL, POOL_LIVE, POOL_SIZE_CLASS } from "./layout.js";
import { CONTROL, poolNumber, poolRow, type Tables } from "./tables.js";

/** What the pool source leaves to others. */
interface RareCases {
  /** Throws when the allocator cannot be used any more. */
  assertUsable(): void;
  /** Gives back what others keep in reserve; false when there was nothing. */
  makeRoom(): boolean;
}

/** Makes the pool source of an allocator. */
export function createHeapPools(
  { control, pools, geometry }: Tables,
  arenas: Arenas,
  rare: RareCases,
): PoolSource {
  const { poolBytes } = geometry;

  return {
    poolBytes,

    take() {
      rare.assertUsable();
      const pool = arenas.takePool() || (rare.makeRoom() ? arenas.takePool() : 0);
      if (pool === 0) return 0;
      pools[pool + POOL_LIVE] = HEAP_POOL;
      pools[pool + POOL_SIZE_CLASS] = 0;
      control[CONTROL.heapPools]!++;
      return poolNumber(pool) * poolBytes;
    },

    give(address) {
      rare.assertUsable();
      const begins = address >>> 0 === address && address % poolBytes === 0;
      const pool = begins ? poolRow(address / poolBytes) : 0;
      if (pool === 0 || pools[pool + POOL_LIVE] !== HEAP_POOL) throw notTaken(address);
      pools[pool + POOL_LIVE] = 0;
      control[CONTROL.heapPools]!--;
      arenas.givePool(pool);
    },
  };
}

function notTaken(address: Address): HeapwrightError {
  return new HeapwrightError("ERR_BAD_ADDRESS", `No pool that was taken begins at ${String(address)}.`);
}
