/**
 * Small blocks: pools of one size class each, and the hot paths through them.
 *
 * A pool is carved lazily, one block at a time, whenever its free list has run
 * out: memory that nobody asked for is never touched. The link to the next free
 * block is in the first word of a free block. The last link says where the next
 * block is to be carved, as a negative number, or 0 when the pool is all carved.
 *
 * ```text
 *   pool (16 KiB), size class of 64 bytes
 *   +----------+-------+-------+-------+-------+- - - - - - - - - -+------+
 *   | 48 bytes | live  | free  | live  | free  |   not yet carved  | rest |
 *   | unused   |       |   |   |       | ^     |                   |      |
 *   +----------+-------+---|---+-------+-|-----+- - - - - - - - - -+------+
 *                          +-------------+      ^ last link     ^ lastBlock
 * ```
 *
 * A pool is in one of three states:
 * - *used*: some blocks live, some not; it is in the list of its class, and the
 *   first of the list serves every request
 * - *full*: all blocks live; when one of them is freed, the pool comes to the
 *   front of its list, so that it is filled up first
 * - *empty*: no block live; it is in the free list of its arena
 *
 * CPython takes a pool off its list as soon as it is full. A program at work frees
 * a block of a full pool and asks for one again, over and over, and each turn
 * links and unlinks. Here a full pool stays where it is until it stands first and
 * is asked for a block: then it is skipped. Nobody can tell the difference, since
 * a full pool serves no request, but most turns touch no list at all.
 *
 * Follows `pymalloc_alloc`, `pymalloc_pool_extend`, `allocate_from_new_pool`,
 * `pymalloc_free` and `pymalloc_realloc` of `Objects/obmalloc.c`, CPython 3.11.
 */

import type { Address } from "@heapwright/core";

import type { Arenas } from "./arenas.js";
import {
  ALIGNMENT_SHIFT,
  CLASS_WORDS_SHIFT,
  POOL_FREE_BLOCK,
  POOL_LAST_BLOCK,
  POOL_LIVE,
  POOL_NEXT,
  POOL_OVERHEAD,
  POOL_PREVIOUS,
  POOL_ROWS,
  POOL_SIZE_CLASS,
  ROW_SHIFT,
  SMALL_REQUEST_MAX,
  UNLISTED,
  USED_POOLS,
} from "./layout.js";
import { poolNumber, type Tables } from "./tables.js";

/** What the hot paths leave to others. */
export interface RareCases {
  /** Every request that is not for the pools, wrong ones included. */
  malloc(bytes: number): Address;
  /** Throws when the allocator cannot be used any more; asked before a pool is taken. */
  assertUsable(): void;
  /** Gives back what others keep in reserve; false when there was nothing. Afterwards a pool is asked for once more. */
  makeRoom(): boolean;
  /** The error for a memory without room for an arena. */
  outOfMemory(): Error;
  /** Every address that is not in a pool with live blocks, and every wrong size. */
  realloc(address: Address, bytes: number): Address;
  /** Every address that is not in a pool with live blocks, wrong ones included. */
  free(address: Address): void;
  /** The error for an address in a pool at which no block can start. */
  notLive(address: Address): Error;
}

/** Allocates and frees small blocks, and hands everything else to {@link RareCases}. */
export interface SmallBlocks {
  /** CPython: `pymalloc_alloc`. */
  malloc(bytes: number): Address;
  /** CPython: `pymalloc_realloc`. A block moves when it grows, or shrinks to three quarters or less. */
  realloc(address: Address, bytes: number): Address;
  /** CPython: `pymalloc_free`. */
  free(address: Address): void;
  /** Bytes in the block of a pool that lives at an address; 0 when the address is in no pool with live blocks. */
  blockBytes(address: Address): number;
}

/** Makes the small-block allocator. */
export function createSmallBlocks(tables: Tables, arenas: Arenas, rare: RareCases): SmallBlocks {
  const poolWords = tables.geometry.poolBytes / 4;
  return smallBlocksOver(tables.words, tables.pools, poolWords, Math.log2(poolWords), arenas, rare);
}

/**
 * The hot paths, and all they need, in one closure: with a step as a closure of its own a call took a nanosecond and a half
 * more (docs/adr/0006).
 *
 * V8 inlines callees up to a budget of bytecodes, so the hot functions are kept short: the views are parameters, because a
 * captured `const` is checked for being initialised at each use, and get a local name.
 */
function smallBlocksOver(
  words: Int32Array,
  pools: Int32Array,
  poolWords: number,
  poolShift: number,
  arenas: Arenas,
  rare: RareCases,
): SmallBlocks {
  function malloc(bytes: number): Address {
    // The first test refuses fractions and NaN, which the other two would let pass.
    if ((bytes | 0) !== bytes || bytes <= 0 || bytes > SMALL_REQUEST_MAX) return rare.malloc(bytes);
    const rows = pools;
    const sizeClass = (bytes - 1) >> ALIGNMENT_SHIFT;
    const pool = rows[USED_POOLS + sizeClass]!;
    let block = rows[pool + POOL_FREE_BLOCK]!;
    // Not !== 0: the view of a detached buffer reads as undefined.
    if (block > 0) {
      rows[pool + POOL_FREE_BLOCK] = words[block]!;
      rows[pool + POOL_LIVE]!++;
    } else {
      block = block < 0 ? carve(pool, -block) : allocateElsewhere(sizeClass);
    }
    return (block << 2) >>> 0;
  }

  function free(address: Address): void {
    const rows = pools;
    const block = address >>> 2;
    const pool = POOL_ROWS + ((block >>> poolShift) << ROW_SHIFT);
    const live = rows[pool + POOL_LIVE]!;
    // Beyond the memory a row reads as undefined, which is not above 0 either.
    if (!(live > 0) || block * 4 !== address || (block & 3) !== 0) {
      rare.free(address);
      return;
    }
    const lastFree = rows[pool + POOL_FREE_BLOCK]!;
    words[block] = lastFree;
    rows[pool + POOL_FREE_BLOCK] = block;
    rows[pool + POOL_LIVE] = live - 1;
    if (live === 1) retire(pool);
    else if (lastFree === 0) comeForward(pool);
  }

  /** Hands out the next block of a pool that was never handed out before. */
  function carve(pool: number, block: number): number {
    const rows = pools;
    const next = block + (rows[pool + POOL_SIZE_CLASS]! << CLASS_WORDS_SHIFT);
    rows[pool + POOL_FREE_BLOCK] = next <= rows[pool + POOL_LAST_BLOCK]! ? -next : 0;
    rows[pool + POOL_LIVE]!++;
    return block;
  }

  /** The first pool of the class is full, or there is none: a block of the next one that is not, or of a free pool. */
  function allocateElsewhere(sizeClass: number): number {
    let pool = pools[USED_POOLS + sizeClass]!;
    while (pool > 0 && pools[pool + POOL_FREE_BLOCK] === 0) {
      const next = pools[pool + POOL_NEXT]!;
      pools[pool + POOL_NEXT] = UNLISTED;
      pools[USED_POOLS + sizeClass] = next;
      pool = next;
    }
    if (!(pool > 0)) {
      pool = takePool(sizeClass);
      linkFirst(pool, sizeClass);
    }
    const block = pools[pool + POOL_FREE_BLOCK]!;
    if (block < 0) return carve(pool, -block);
    pools[pool + POOL_FREE_BLOCK] = words[block]!;
    pools[pool + POOL_LIVE]!++;
    return block;
  }

  function realloc(address: Address, bytes: number): Address {
    const size = Number.isSafeInteger(bytes) && bytes >= 0 ? blockBytes(address) : 0;
    if (size === 0) return rare.realloc(address, bytes);
    if (bytes <= size && 4 * bytes > 3 * size) return address;
    const to = malloc(bytes);
    copyWords(address >>> 2, to >>> 2, (bytes < size ? bytes + 3 : size) >> 2);
    free(address);
    return to;
  }

  /** At most 128 words: blocks are multiples of 16 bytes, and copyWithin() takes longer to start. */
  function copyWords(from: number, to: number, count: number): void {
    for (let word = 0; word < count; word++) words[to + word] = words[from + word]!;
  }

  function blockBytes(address: Address): number {
    const block = address >>> 2;
    const pool = POOL_ROWS + ((block >>> poolShift) << ROW_SHIFT);
    if (!(pools[pool + POOL_LIVE]! > 0) || block * 4 !== address) return 0;
    if ((block & 3) !== 0) throw rare.notLive(address);
    return pools[pool + POOL_SIZE_CLASS]! << ALIGNMENT_SHIFT;
  }

  /** A free pool, set up for a class. One that had the class before still has its free list. */
  function takePool(sizeClass: number): number {
    rare.assertUsable();
    const pool = arenas.takePool() || (rare.makeRoom() ? arenas.takePool() : 0);
    if (pool === 0) throw rare.outOfMemory();
    if (pools[pool + POOL_SIZE_CLASS] !== sizeClass + 1) {
      const start = poolNumber(pool) * poolWords;
      pools[pool + POOL_SIZE_CLASS] = sizeClass + 1;
      pools[pool + POOL_FREE_BLOCK] = -(start + POOL_OVERHEAD / 4);
      pools[pool + POOL_LAST_BLOCK] = start + poolWords - ((sizeClass + 1) << CLASS_WORDS_SHIFT);
    }
    return pool;
  }

  /** The last live block of a pool was freed. */
  function retire(pool: number): void {
    unlink(pool);
    arenas.givePool(pool);
  }

  /** A block of a full pool was freed: the pool comes to the front of its list. */
  function comeForward(pool: number): void {
    const sizeClass = pools[pool + POOL_SIZE_CLASS]! - 1;
    if (pools[USED_POOLS + sizeClass] === pool) return;
    if (pools[pool + POOL_NEXT] !== UNLISTED) unlink(pool);
    linkFirst(pool, sizeClass);
  }

  // The first pool of a list is known by being first: what stands in its link back does not matter.

  function linkFirst(pool: number, sizeClass: number): void {
    const next = pools[USED_POOLS + sizeClass]!;
    pools[pool + POOL_NEXT] = next;
    if (next !== 0) pools[next + POOL_PREVIOUS] = pool;
    pools[USED_POOLS + sizeClass] = pool;
  }

  function unlink(pool: number): void {
    const first = USED_POOLS + pools[pool + POOL_SIZE_CLASS]! - 1;
    const next = pools[pool + POOL_NEXT]!;
    if (pools[first] === pool) {
      pools[first] = next;
    } else {
      const previous = pools[pool + POOL_PREVIOUS]!;
      pools[previous + POOL_NEXT] = next;
      if (next !== 0) pools[next + POOL_PREVIOUS] = previous;
    }
  }

  return {
    malloc,
    realloc,
    free,
    blockBytes,
  };
}
