/**
 * The block allocator contract: bytes in, address out, over any buffer.
 *
 * It is C's `malloc` family with two differences: a refusal is thrown, never
 * returned, and a wrong address is answered with an error as far as the
 * allocator can tell (its traits say how far).
 */

import type { Address, Memory } from "./memory.js";

/** Every address is a multiple of this many bytes, in every allocator. CPython: `ALIGNMENT`. */
export const BLOCK_ALIGNMENT = 16;

/** A live block, as {@link BlockAllocator.walk} shows it. */
export interface Block {
  /** Its first byte. */
  readonly address: Address;
  /** Bytes its owner may use; at least what was asked for. */
  readonly bytes: number;
}

/** Figures of arenas, for allocators that have them (trait `arenas`). CPython: the last lines of `sys._debugmallocstats()`. */
export interface ArenaStats {
  /** Bytes in each arena. */
  readonly arenaBytes: number;
  /** Arenas held now. */
  readonly current: number;
  /** Most arenas held at once. CPython: "arenas highwater mark". */
  readonly peak: number;
  /** Arenas ever taken. CPython: "arenas allocated total". */
  readonly total: number;
}

/** What every allocator can tell at any moment. `allocatedBytes <= footprintBytes <= peakFootprintBytes`. */
export interface AllocatorStats {
  /** Blocks that were allocated and not freed. */
  readonly liveBlocks: number;
  /** Usable bytes of those blocks, rounding included. */
  readonly allocatedBytes: number;
  /** Bytes taken from the memory now: tables as far as they are in use, arenas and chunks whole. */
  readonly footprintBytes: number;
  /** The largest footprint so far. */
  readonly peakFootprintBytes: number;
  /** Present when the trait `arenas` is set. */
  readonly arenas?: ArenaStats;
}

/**
 * CPython's three allocation domains: `raw` (`PyMem_RawMalloc`: never from the pools), `mem` (`PyMem_Malloc`) and `obj`
 * (`PyObject_Malloc`).
 */
export type DomainName = "raw" | "mem" | "obj";

/** The four calls of C's allocator, bound to one domain. */
export interface AllocationDomain {
  /**
   * Sets a block aside.
   *
   * @param bytes - how many the caller will use, a whole number; 0 yields a block of its own
   * @returns its address, a multiple of 16; the contents are undefined
   * @throws HeapwrightError `ERR_BAD_SIZE`, `ERR_OUT_OF_MEMORY`, `ERR_DISPOSED`, `ERR_BUFFER_DETACHED`
   */
  malloc(bytes: number): Address;

  /**
   * Sets a block aside for `count` elements of `bytes` each and clears it.
   *
   * @param count - how many elements, a whole number
   * @param bytes - length of one, a whole number
   * @throws HeapwrightError as {@link AllocationDomain.malloc}
   */
  calloc(count: number, bytes: number): Address;

  /**
   * Changes a block's length, moving it when need be. The first bytes, as many as both lengths share, are kept.
   *
   * @param address - a live block, which is gone afterwards; 0 makes it a `malloc`
   * @param bytes - the new length, a whole number; 0 yields a block of its own
   * @returns the address from now on
   * @throws HeapwrightError as {@link AllocationDomain.malloc} and {@link AllocationDomain.free}; the block is then
   * as it was
   */
  realloc(address: Address, bytes: number): Address;

  /**
   * Gives a block back. Its address may be handed out again at once.
   *
   * @param address - a live block; 0 does nothing
   * @throws HeapwrightError `ERR_BAD_ADDRESS` for an address that is out of range, misaligned or in nothing live;
   * `ERR_DOUBLE_FREE` and `ERR_BAD_ADDRESS` for what the trait `detects` lists; `ERR_WRONG_DOMAIN`, `ERR_DISPOSED`
   */
  free(address: Address): void;
}

/**
 * Whole pools, for a heap that lays out cells of its own in them. The blocks of the allocator and the pools of the heap
 * share its arenas: an arena goes back to the memory when it has neither.
 */
export interface PoolSource {
  /** Bytes in a pool, a power of two of at least 4 KiB; the address of every pool is a multiple of it. */
  readonly poolBytes: number;

  /**
   * Takes a pool. Its bytes hold anything, and are the caller's until it gives the pool back: no block is there, and
   * {@link BlockAllocator.walk} passes it by.
   *
   * @returns its address, or 0 when the memory has no room
   * @throws HeapwrightError `ERR_DISPOSED`, `ERR_BUFFER_DETACHED`
   */
  take(): Address;

  /**
   * Gives a pool back. Its room serves blocks again, or other pools.
   *
   * @param address - what {@link PoolSource.take} returned
   * @throws HeapwrightError `ERR_BAD_ADDRESS` when no pool that was taken here begins there; nothing changes then.
   * `ERR_DISPOSED`, `ERR_BUFFER_DETACHED`
   */
  give(address: Address): void;
}

/**
 * Hands out blocks of a memory. One thread at a time; live blocks never overlap. After any thrown error everything is as
 * it was before the call, and {@link BlockAllocator.verify} passes.
 */
export interface BlockAllocator extends AllocationDomain, Disposable {
  /** Where the blocks are: make typed arrays over `memory.buffer`. */
  readonly memory: Memory;

  /**
   * Bytes the owner of a live block may use, at least what was asked for.
   *
   * @throws HeapwrightError as {@link AllocationDomain.free}
   */
  usableSize(address: Address): number;

  /**
   * Shows each live block once, in no particular order. The allocator must not be called from `visit`.
   *
   * @param visit - called with each block; returning `false` ends the walk
   */
  walk(visit: (block: Block) => boolean | undefined): void;

  /** A snapshot of the figures; later calls do not change it. */
  stats(): AllocatorStats;

  /**
   * Checks every table, list and counter against each other.
   *
   * @throws HeapwrightError `ERR_CORRUPT_MEMORY` naming everything found wrong, `ERR_DISPOSED`
   */
  verify(): void;

  /** The domains, with the trait `domains`. The allocator's own calls are those of `obj`. */
  readonly domains?: Readonly<Record<DomainName, AllocationDomain>>;

  /** Whole pools, with the trait `pools`. */
  readonly pools?: PoolSource;

  /** Frees every block at once, with the trait `resets`. */
  reset?(): void;

  /**
   * Where its tables are, with the trait `attaches`. With that, the plugin's `attach` finds them among those of other
   * allocators; it stays the same for the life of the tables.
   */
  readonly at?: Address;

  /**
   * Lets go of the tables and blocks and leaves every byte as it is, with the trait `attaches`: whoever has the memory
   * next can stand on them with the plugin's `attach`. A memory that was made for the allocator is detached with it. Later
   * calls throw `ERR_DISPOSED`; detaching or disposing afterwards is harmless, and gives nothing back.
   */
  detach?(): void;

  /** Gives everything back. Later calls throw `ERR_DISPOSED`; disposing twice is harmless. */
  dispose(): void;
}
