/**
 * Verification: every table, list and counter of the pools and arenas, held
 * against each other. The conformance kit runs it after each step of its random
 * programs.
 */

import { poolsLostToAlignment } from "./geometry.js";
import {
  ARENA_ADDRESS,
  ARENA_FREE_POOL,
  ARENA_FREE_POOLS,
  ARENA_HELD,
  ARENA_NEXT,
  ARENA_NEXT_POOL,
  ARENA_PREVIOUS,
  HEAP_POOL,
  POOL_ARENA,
  POOL_FREE_BLOCK,
  POOL_LIVE,
  POOL_NEXT,
  POOL_PREVIOUS,
  POOL_SIZE_CLASS,
  POOL_OVERHEAD,
  ROW_WORDS,
  UNLISTED,
  USED_POOLS,
} from "./layout.js";
import { isLive } from "./live-bits.js";
import type { Locator } from "./locate.js";
import { SIZE_CLASS_COUNT } from "./size-classes.js";
import { CONTROL, poolNumber, poolRow, type Tables } from "./tables.js";

/** Sentences on everything that is wrong with arenas and pools; none when they are sound. */
export function findProblems(tables: Tables, locator: Locator): string[] {
  const { control, arenas, pools, lastArenaWith } = tables;
  const { arenaBytes, poolBytes } = tables.geometry;
  const lostPools = poolsLostToAlignment(tables.geometry);
  const poolsPerArena = arenaBytes / poolBytes - lostPools;
  const checked = tables.liveBits.length > 0;
  const found: string[] = [];

  checkUsedLists();
  checkArenaRows();
  checkUsableArenas();
  checkHeapPools();
  return found;

  /** Pools of a class with live blocks and room are in its list, once each. Full ones may be, empty ones are not. */
  function checkUsedLists(): void {
    const listed = new Set<number>();
    for (let sizeClass = 0; sizeClass < SIZE_CLASS_COUNT; sizeClass++) {
      let previous = 0;
      for (let pool = pools[USED_POOLS + sizeClass]!; pool !== 0; pool = pools[pool + POOL_NEXT]!) {
        const linkedBack = previous === 0 || pools[pool + POOL_PREVIOUS] === previous;
        const used = pools[pool + POOL_SIZE_CLASS] === sizeClass + 1 && pools[pool + POOL_LIVE]! > 0;
        if (!linkedBack || !used || listed.has(pool)) {
          found.push(`The list of pools of class ${sizeClass} is damaged at pool ${poolNumber(pool)}.`);
          break;
        }
        listed.add(pool);
        previous = pool;
      }
    }
    for (const pool of locator.carvedPools()) {
      const live = pools[pool + POOL_LIVE]!;
      const full = pools[pool + POOL_FREE_BLOCK] === 0;
      const isListed = listed.delete(pool);
      if (live > 0 && !full && !isListed)
        found.push(`Pool ${poolNumber(pool)} is missing in the list of its class.`);
      if (live > 0 && isListed === (pools[pool + POOL_NEXT] === UNLISTED)) {
        found.push(`Pool ${poolNumber(pool)} does not know whether it is in a list.`);
      }
      checkBlocks(pool);
    }
    for (const pool of listed) found.push(`Pool ${poolNumber(pool)} is listed, but in no arena.`);
  }

  /** Live and free blocks of a pool are all its carved blocks; the live bits say the same. */
  function checkBlocks(pool: number): void {
    const sizeClass = pools[pool + POOL_SIZE_CLASS]! - 1;
    if (sizeClass < 0) return;
    const { free, carved } = locator.blocksOf(pool);
    const live = pools[pool + POOL_LIVE]!;
    if (free.size + live !== carved) {
      found.push(
        `Pool ${poolNumber(pool)} has carved ${carved} blocks, but counts ${live} live and lists ${free.size} free.`,
      );
      return;
    }
    const firstBlock = poolNumber(pool) * poolBytes + POOL_OVERHEAD;
    for (let block = 0; block < carved; block++) {
      const address = firstBlock + block * ((sizeClass + 1) << 4);
      if (checked && isLive(tables.liveBits, address) === free.has(block)) {
        found.push(`The live bit of the block at ${address} is wrong.`);
      }
    }
  }

  /** A pool of a heap has no size class and no block, and the counter knows of each. */
  function checkHeapPools(): void {
    let taken = 0;
    for (const pool of locator.carvedPools()) {
      const live = pools[pool + POOL_LIVE]!;
      if (live >= 0) continue;
      taken++;
      if (live !== HEAP_POOL || pools[pool + POOL_SIZE_CLASS] !== 0) {
        found.push(`Pool ${poolNumber(pool)} is marked neither as a heap's nor as one of blocks.`);
      }
      const firstBit = (poolNumber(pool) * poolBytes) / (16 * 32);
      const bits = tables.liveBits.subarray(firstBit, firstBit + poolBytes / (16 * 32));
      if (bits.some((bit) => bit !== 0)) {
        found.push(`A live bit is set in pool ${poolNumber(pool)}, which a heap has.`);
      }
    }
    if (taken !== control[CONTROL.heapPools]) {
      found.push(`A heap has ${taken} pools, the counter says ${control[CONTROL.heapPools]!}.`);
    }
  }

  /** Free pools of an arena: those on its list and those not carved yet. */
  function checkArenaRows(): void {
    let held = 0;
    for (let arena = ROW_WORDS; arena < control[CONTROL.arenaRowsEnd]!; arena += ROW_WORDS) {
      if (arenas[arena + ARENA_HELD] !== 1) continue;
      held++;
      const number = arena / ROW_WORDS - 1;
      const first = poolRow((arenas[arena + ARENA_ADDRESS]! >>> 0) / poolBytes + lostPools);
      let free = poolsPerArena - (arenas[arena + ARENA_NEXT_POOL]! - first) / ROW_WORDS;
      const seen = new Set<number>();
      for (let pool = arenas[arena + ARENA_FREE_POOL]!; pool !== 0; pool = pools[pool + POOL_NEXT]!) {
        if (seen.has(pool) || pools[pool + POOL_ARENA] !== arena || pools[pool + POOL_LIVE] !== 0) {
          found.push(`The list of free pools of arena ${number} is damaged.`);
          break;
        }
        seen.add(pool);
        free++;
      }
      if (free !== arenas[arena + ARENA_FREE_POOLS]) {
        found.push(
          `Arena ${number} has ${free} free pools, but counts ${arenas[arena + ARENA_FREE_POOLS]!}.`,
        );
      }
    }
    if (held !== control[CONTROL.arenas]) {
      found.push(`There are ${held} arenas, the counter says ${control[CONTROL.arenas]!}.`);
    }
  }

  /** The usable arenas are sorted by free pools, and `lastArenaWith` names the last of each number. */
  function checkUsableArenas(): void {
    const lasts = new Int32Array(lastArenaWith.length);
    let previous = 0;
    let usable = 0;
    for (let arena = control[CONTROL.usableArenas]!; arena !== 0; arena = arenas[arena + ARENA_NEXT]!) {
      const freePools = arenas[arena + ARENA_FREE_POOLS]!;
      const sorted = previous === 0 || arenas[previous + ARENA_FREE_POOLS]! <= freePools;
      const sound = arenas[arena + ARENA_HELD] === 1 && arenas[arena + ARENA_PREVIOUS] === previous;
      if (!sorted || !sound || freePools < 1 || ++usable > control[CONTROL.arenas]!) {
        found.push(`The list of usable arenas is damaged at arena ${arena / ROW_WORDS - 1}.`);
        return;
      }
      lasts[freePools] = arena;
      previous = arena;
    }
    if (lasts.some((arena, freePools) => arena !== lastArenaWith[freePools])) {
      found.push("The last arenas by number of free pools are wrong.");
    }
    for (let arena = ROW_WORDS; arena < control[CONTROL.arenaRowsEnd]!; arena += ROW_WORDS) {
      if (arenas[arena + ARENA_HELD] === 1 && arenas[arena + ARENA_FREE_POOLS]! > 0) usable--;
    }
    if (usable !== 0) found.push("An arena with free pools is missing among the usable ones.");
  }
}
