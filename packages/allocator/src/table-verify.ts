/**
 * Verification of the tables: control words, arenas, rows of pools and the lists of
 * both, held against each other and against the page map. No block is looked at, so
 * this takes as long as there are pools; what attaches is checked so far.
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
  POOL_LAST_BLOCK,
  POOL_LIVE,
  POOL_NEXT,
  POOL_OVERHEAD,
  POOL_PREVIOUS,
  POOL_ROWS,
  POOL_SIZE_CLASS,
  ROW_WORDS,
  UNLISTED,
  USED_POOLS,
} from "./layout.js";
import type { Locator } from "./locate.js";
import { SIZE_CLASS_COUNT, blockBytesOf } from "./size-classes.js";
import { CONTROL, USE, poolNumber, poolRow, type Tables } from "./tables.js";

/** Sentences on everything that is wrong with the tables; none when they are sound. */
export function findTableProblems(tables: Tables, locator: Locator): string[] {
  const { control, arenas, pools, lastArenaWith } = tables;
  const { arenaBytes, poolBytes } = tables.geometry;
  const lostPools = poolsLostToAlignment(tables.geometry);
  const poolsPerArena = arenaBytes / poolBytes - lostPools;
  const found: string[] = [];

  // Each of the first two is needed to walk what the next one walks.
  checkControl();
  if (found.length === 0) checkArenaPlaces();
  if (found.length > 0) return found;
  checkPoolRows();
  checkUsedLists();
  checkArenaRows();
  checkUsableArenas();
  return found;

  /** Ends of rows lie in their tables, and no peak is below what there is. */
  function checkControl(): void {
    const { arenaRowsEnd, poolRowsEnd } = CONTROL;
    if (!isRowsEnd(control[arenaRowsEnd]!, ROW_WORDS, arenas.length)) {
      found.push(`The rows of arenas end at ${control[arenaRowsEnd]!}, where none can.`);
    }
    if (!isRowsEnd(control[poolRowsEnd]!, POOL_ROWS, pools.length)) {
      found.push(`The rows of pools end at ${control[poolRowsEnd]!}, where none can.`);
    }
    const [current, peak, total] = [CONTROL.arenas, CONTROL.arenasPeak, CONTROL.arenasTotal].map(
      (index) => control[index]! >>> 0,
    ) as [number, number, number];
    if (current > peak || peak > total) {
      found.push(`There are ${current} arenas, were ${peak} at most and ${total} in all.`);
    }
    const [footprint, peakFootprint] = [tables.footprintBytes(), control[CONTROL.peakFootprint]! >>> 0];
    if (footprint > peakFootprint) {
      found.push(`The footprint is ${footprint} B and was ${peakFootprint} B at most.`);
    }
  }

  /** Each held arena is a run of the page map, and has carved some of its pools; the other rows are in their list. */
  function checkArenaPlaces(): void {
    const runs = new Set(
      tables.memory
        .runs()
        .filter(({ use, bytes }) => use === USE.arena && bytes === arenaBytes)
        .map(({ address }) => address),
    );
    let [held, rows] = [0, 0];
    for (let arena = ROW_WORDS; arena < control[CONTROL.arenaRowsEnd]!; arena += ROW_WORDS) {
      rows++;
      if (arenas[arena + ARENA_HELD] === 0) continue;
      held++;
      const address = arenas[arena + ARENA_ADDRESS]! >>> 0;
      const carved = (arenas[arena + ARENA_NEXT_POOL]! - firstPoolOf(arena)) / ROW_WORDS;
      const sound = arenas[arena + ARENA_HELD] === 1 && runs.delete(address) && address % poolBytes === 0;
      const inside = firstPoolOf(arena) + poolsPerArena * ROW_WORDS <= control[CONTROL.poolRowsEnd]!;
      if (!sound || !inside || !Number.isInteger(carved) || carved < 0 || carved > poolsPerArena) {
        found.push(`The row of arena ${numberOf(arena)} is damaged.`);
      }
    }
    if (held !== control[CONTROL.arenas]) {
      found.push(`There are ${held} arenas, the counter says ${control[CONTROL.arenas]!}.`);
    }
    let unused = 0;
    for (let arena = control[CONTROL.unusedArenas]!; arena !== 0; arena = arenas[arena + ARENA_NEXT]!) {
      if (arena % ROW_WORDS !== 0 || arenas[arena + ARENA_HELD] !== 0 || ++unused > rows) break;
    }
    if (unused !== rows - held) found.push("The list of unused arena rows is damaged.");
  }

  /** Each pool knows its arena; its class, its blocks and the place to carve next fit together. */
  function checkPoolRows(): void {
    let heapPools = 0;
    for (let arena = ROW_WORDS; arena < control[CONTROL.arenaRowsEnd]!; arena += ROW_WORDS) {
      if (arenas[arena + ARENA_HELD] !== 1) continue;
      for (let pool = firstPoolOf(arena); pool < arenas[arena + ARENA_NEXT_POOL]!; pool += ROW_WORDS) {
        if (pools[pool + POOL_LIVE]! < 0) heapPools++;
        if (pools[pool + POOL_ARENA] !== arena || !isPoolSound(pool)) {
          found.push(`The row of pool ${poolNumber(pool)} is damaged.`);
        }
      }
    }
    if (heapPools !== control[CONTROL.heapPools]) {
      found.push(`A heap has ${heapPools} pools, the counter says ${control[CONTROL.heapPools]!}.`);
    }
  }

  function isPoolSound(pool: number): boolean {
    const live = pools[pool + POOL_LIVE]!;
    const classPlusOne = pools[pool + POOL_SIZE_CLASS]!;
    if (classPlusOne === 0) return live === 0 || live === HEAP_POOL;
    if (classPlusOne < 0 || classPlusOne > SIZE_CLASS_COUNT) return false;
    const blockWords = blockBytesOf(classPlusOne - 1) / 4;
    const start = (poolNumber(pool) * poolBytes) / 4;
    const first = start + POOL_OVERHEAD / 4;
    const last = start + poolBytes / 4 - blockWords;
    const capacity = Math.floor((poolBytes - POOL_OVERHEAD) / (4 * blockWords));
    const next = Math.abs(pools[pool + POOL_FREE_BLOCK]!);
    const nextFits = next === 0 || (next >= first && next <= last && (next - first) % blockWords === 0);
    return live >= 0 && live <= capacity && pools[pool + POOL_LAST_BLOCK] === last && nextFits;
  }

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
    }
    for (const pool of listed) found.push(`Pool ${poolNumber(pool)} is listed, but in no arena.`);
  }

  /** Free pools of an arena: those on its list and those not carved yet. */
  function checkArenaRows(): void {
    for (let arena = ROW_WORDS; arena < control[CONTROL.arenaRowsEnd]!; arena += ROW_WORDS) {
      if (arenas[arena + ARENA_HELD] !== 1) continue;
      let free = poolsPerArena - (arenas[arena + ARENA_NEXT_POOL]! - firstPoolOf(arena)) / ROW_WORDS;
      const seen = new Set<number>();
      for (let pool = arenas[arena + ARENA_FREE_POOL]!; pool !== 0; pool = pools[pool + POOL_NEXT]!) {
        if (seen.has(pool) || pools[pool + POOL_ARENA] !== arena || pools[pool + POOL_LIVE] !== 0) {
          found.push(`The list of free pools of arena ${numberOf(arena)} is damaged.`);
          break;
        }
        seen.add(pool);
        free++;
      }
      if (free !== arenas[arena + ARENA_FREE_POOLS]) {
        found.push(
          `Arena ${numberOf(arena)} has ${free} free pools, but counts ${arenas[arena + ARENA_FREE_POOLS]!}.`,
        );
      }
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
        found.push(`The list of usable arenas is damaged at arena ${numberOf(arena)}.`);
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

  /** Row of the first pool of an arena that can be used. */
  function firstPoolOf(arena: number): number {
    return poolRow((arenas[arena + ARENA_ADDRESS]! >>> 0) / poolBytes + lostPools);
  }
}

/** Whether rows that begin at `first` may end there; 0 while there was none. */
function isRowsEnd(end: number, first: number, length: number): boolean {
  return end === 0 || (end >= first && end <= length && (end - first) % ROW_WORDS === 0);
}

/** The number of the arena with a row. */
function numberOf(arena: number): number {
  return arena / ROW_WORDS - 1;
}
