/**
 * Which arena, pool, class and block an address belongs to: the questions that
 * `sys._debugmallocstats()` cannot answer for a single address, and what errors
 * and walks are made of. None of this is on a hot path.
 */

import type { Address, Block } from "@heapwright/core";

import { poolsLostToAlignment } from "./geometry.js";
import type { LargeBlocks } from "./large-blocks.js";
import {
  ARENA_ADDRESS,
  ARENA_HELD,
  ARENA_NEXT_POOL,
  HEAP_POOL,
  POOL_ARENA,
  POOL_FREE_BLOCK,
  POOL_LAST_BLOCK,
  POOL_LIVE,
  POOL_SIZE_CLASS,
  POOL_OVERHEAD,
  ROW_WORDS,
} from "./layout.js";
import { blockBytesOf } from "./size-classes.js";
import { CONTROL, USE, poolNumber, poolRow, type Tables } from "./tables.js";

/** An address in a pool. */
export interface PoolLocation {
  /** It lies in an arena. */
  readonly kind: "pool";
  /** Number of the arena. CPython: index into `arenas`. */
  readonly arena: number;
  /** First byte of the arena. */
  readonly arenaAddress: Address;
  /** Number of the pool in its arena, from 0; with `arenaAlignment: "page"` number 0 is lost. */
  readonly pool: number;
  /** First byte of the pool. */
  readonly poolAddress: Address;
  /** Size class of the pool, 0 to 31; `undefined` in a pool that has none. */
  readonly sizeClass: number | undefined;
  /** Number of the block in its pool, from 0; `undefined` outside the blocks. */
  readonly block: number | undefined;
  /** First byte of the block, or of the pool outside the blocks. */
  readonly blockAddress: Address;
  /** Bytes from there to the address. */
  readonly offset: number;
  /**
   * `uncarved`: no block was ever there. `unused`: the pool's first 48 bytes, or the rest at its end. `heap pool`: a heap
   * took the pool, and what lies there is the heap's.
   */
  readonly state: "live" | "free" | "uncarved" | "unused" | "heap pool";
}

/** An address in a chunk of large blocks. */
export interface LargeLocation {
  /** It lies in a chunk. */
  readonly kind: "large";
  /** First usable byte of the block. */
  readonly blockAddress: Address;
  /** Usable bytes of the block. */
  readonly blockBytes: number;
  /** Bytes from there to the address; negative in the header. */
  readonly offset: number;
  /** Whether the block is live. */
  readonly state: "live" | "free";
}

/** What `locate` finds. */
export type BlockLocation = PoolLocation | LargeLocation;

/** Finds blocks; see `locate.ts`. */
export interface Locator {
  /** The place of an address, or `undefined` when nothing of this allocator is there, or it is no address at all. */
  locate(address: Address): BlockLocation | undefined;
  /**
   * The blocks of a pool: the numbers of those on its free list, which ends at a damaged link, and how many are carved.
   */
  blocksOf(pool: number): { readonly free: ReadonlySet<number>; readonly carved: number };
  /** Every live block, pool by pool, then the large ones. */
  liveBlocks(): Generator<Block>;
  /** Rows of all pools that were carved out of held arenas. */
  carvedPools(): Generator<number>;
}

/** Makes the locator of an allocator. */
export function createLocator(tables: Tables, large: LargeBlocks): Locator {
  const { memory, words, arenas, pools, control } = tables;
  const { poolBytes } = tables.geometry;
  const lostPools = poolsLostToAlignment(tables.geometry);
  const poolWords = poolBytes / 4;

  const firstBlockOf = (pool: number): number => poolNumber(pool) * poolWords + POOL_OVERHEAD / 4;
  const blockWordsOf = (pool: number): number => (pools[pool + POOL_SIZE_CLASS]! << 4) / 4;

  function blocksOf(pool: number): { free: Set<number>; carved: number } {
    const free = new Set<number>();
    if (pools[pool + POOL_SIZE_CLASS] === 0) return { free, carved: 0 };
    const numberOf = (word: number): number => (word - firstBlockOf(pool)) / blockWordsOf(pool);
    const capacity = numberOf(pools[pool + POOL_LAST_BLOCK]!) | 0;

    let word = pools[pool + POOL_FREE_BLOCK]!;
    while (word > 0) {
      const block = numberOf(word);
      if (!Number.isInteger(block) || block < 0 || block > capacity || free.has(block)) break;
      free.add(block);
      word = words[word]!;
    }
    return { free, carved: word < 0 ? numberOf(-word) : capacity + 1 };
  }

  function stateOutsideBlocks(pool: number): PoolLocation["state"] {
    if (pools[pool + POOL_LIVE] === HEAP_POOL) return "heap pool";
    return pools[pool + POOL_SIZE_CLASS] === 0 ? "uncarved" : "unused";
  }

  function locateInPool(address: Address): PoolLocation | undefined {
    const pool = poolRow(Math.floor(address / poolBytes));
    const arena = pools[pool + POOL_ARENA]!;
    if (arena === 0) return undefined;
    const poolAddress = poolNumber(pool) * poolBytes;
    const arenaAddress = arenas[arena + ARENA_ADDRESS]! >>> 0;
    const place = {
      kind: "pool" as const,
      arena: (arena - ROW_WORDS) / ROW_WORDS,
      arenaAddress,
      pool: (poolAddress - arenaAddress) / poolBytes,
      poolAddress,
    };

    const classPlusOne = pools[pool + POOL_SIZE_CLASS]!;
    const sizeClass = classPlusOne === 0 ? undefined : classPlusOne - 1;
    const blockBytes = blockBytesOf(sizeClass ?? 0);
    const block = Math.floor((address - poolAddress - POOL_OVERHEAD) / blockBytes);
    const capacity = Math.floor((poolBytes - POOL_OVERHEAD) / blockBytes);
    if (sizeClass === undefined || block < 0 || block >= capacity) {
      return {
        ...place,
        sizeClass,
        block: undefined,
        blockAddress: poolAddress,
        offset: address - poolAddress,
        state: stateOutsideBlocks(pool),
      };
    }
    const blockAddress = poolAddress + POOL_OVERHEAD + block * blockBytes;
    const blocks = blocksOf(pool);
    const carved = block < blocks.carved;
    const free = pools[pool + POOL_LIVE] === 0 || blocks.free.has(block);
    return {
      ...place,
      sizeClass,
      block,
      blockAddress,
      offset: address - blockAddress,
      state: !carved ? "uncarved" : free ? "free" : "live",
    };
  }

  function locateInChunk(address: Address): LargeLocation | undefined {
    for (const { address: blockAddress, bytes, free } of large.blocks()) {
      if (address < blockAddress - 8 || address >= blockAddress + bytes) continue;
      const state = free ? "free" : "live";
      return { kind: "large", blockAddress, blockBytes: bytes, offset: address - blockAddress, state };
    }
    return undefined;
  }

  function* carvedPools(): Generator<number> {
    for (let arena = ROW_WORDS; arena < control[CONTROL.arenaRowsEnd]!; arena += ROW_WORDS) {
      if (arenas[arena + ARENA_HELD] !== 1) continue;
      const first = poolRow((arenas[arena + ARENA_ADDRESS]! >>> 0) / poolBytes + lostPools);
      for (let pool = first; pool < arenas[arena + ARENA_NEXT_POOL]!; pool += ROW_WORDS) yield pool;
    }
  }

  return {
    locate(address) {
      if (address >>> 0 !== address) return undefined;
      if (memory.useOf(address) === USE.arena) return locateInPool(address);
      return memory.useOf(address) === USE.large ? locateInChunk(address) : undefined;
    },

    blocksOf,

    carvedPools,

    *liveBlocks() {
      for (const pool of carvedPools()) {
        if (pools[pool + POOL_LIVE]! <= 0) continue;
        const { free, carved } = blocksOf(pool);
        const bytes = 4 * blockWordsOf(pool);
        for (let block = 0; block < carved; block++) {
          if (!free.has(block)) yield { address: 4 * firstBlockOf(pool) + block * bytes, bytes };
        }
      }
      for (const { address, bytes, free } of large.blocks()) {
        if (!free) yield { address, bytes };
      }
    },
  };
}
