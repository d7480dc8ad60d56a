/**
 * Arenas: where pools come from, and how memory gets back to the system.
 *
 * An arena is a run of pages cut into pools, 64 of them in CPython's geometries. The arenas that have a free pool are
 * in one list, sorted by how many they have, fewest first, and a new pool always
 * comes from the fullest arena. So the emptiest ones are left alone, and have a
 * chance to become wholly empty: then the arena goes back to the memory.
 *
 * ```text
 *   usableArenas -> [1 free] <-> [1 free] <-> [4 free] <-> [4 free] <-> [64 free]
 *                                    ^                          ^            ^
 *                     lastArenaWith[1]           lastArenaWith[4]   lastArenaWith[64]
 * ```
 *
 * When a pool becomes free its arena may have to move right, past all arenas with
 * fewer free pools. `lastArenaWith` knows the end of that stretch, so the move
 * takes no search. One wholly empty arena is kept when it is the last of the list,
 * so that a program at the edge does not take and give an arena in each turn of a
 * loop.
 *
 * Follows `new_arena`, `allocate_from_new_pool` and `insert_to_freepool` of
 * `Objects/obmalloc.c`, CPython 3.11, list order included.
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
  POOL_ARENA,
  POOL_NEXT,
  ROW_WORDS,
} from "./layout.js";
import { CONTROL, USE, poolRow, type Tables } from "./tables.js";

/** Hands out pools and takes them back. */
export interface Arenas {
  /** Takes a pool from the fullest arena, or from a new one. Returns its row, or 0 when the memory has no room. */
  takePool(): number;
  /** Takes back a pool in which no block is live and that is in no list. */
  givePool(pool: number): void;
  /** Gives back the arena that is wholly empty and was kept; false when there is none. */
  releaseEmpty(): boolean;
  /** Gives all arenas back. */
  releaseAll(): void;
}

/** Makes the arenas of an allocator. */
export function createArenas(tables: Tables): Arenas {
  const { memory, control, arenas, pools, lastArenaWith } = tables;
  const { arenaBytes, poolBytes } = tables.geometry;
  const lostPools = poolsLostToAlignment(tables.geometry);
  const poolsPerArena = arenaBytes / poolBytes - lostPools;

  /** The arena becomes the first of the usable ones. */
  function linkFirst(arena: number): void {
    const next = control[CONTROL.usableArenas]!;
    arenas[arena + ARENA_NEXT] = next;
    arenas[arena + ARENA_PREVIOUS] = 0;
    if (next !== 0) arenas[next + ARENA_PREVIOUS] = arena;
    control[CONTROL.usableArenas] = arena;
  }

  function linkAfter(arena: number, previous: number): void {
    const next = arenas[previous + ARENA_NEXT]!;
    arenas[arena + ARENA_NEXT] = next;
    arenas[arena + ARENA_PREVIOUS] = previous;
    arenas[previous + ARENA_NEXT] = arena;
    if (next !== 0) arenas[next + ARENA_PREVIOUS] = arena;
  }

  function unlink(arena: number): void {
    const next = arenas[arena + ARENA_NEXT]!;
    const previous = arenas[arena + ARENA_PREVIOUS]!;
    if (next !== 0) arenas[next + ARENA_PREVIOUS] = previous;
    if (previous !== 0) arenas[previous + ARENA_NEXT] = next;
    else control[CONTROL.usableArenas] = next;
  }

  /** A row that describes no arena: one that was given back, or the next fresh one. */
  function takeRow(): number {
    const reused = control[CONTROL.unusedArenas]!;
    if (reused !== 0) {
      control[CONTROL.unusedArenas] = arenas[reused + ARENA_NEXT]!;
      return reused;
    }
    const fresh = Math.max(ROW_WORDS, control[CONTROL.arenaRowsEnd]!);
    control[CONTROL.arenaRowsEnd] = fresh + ROW_WORDS;
    return fresh;
  }

  function takeArena(): number {
    const address = memory.reserve(arenaBytes, poolBytes, USE.arena);
    if (address === 0) return 0;
    const arena = takeRow();
    const firstPool = poolRow(address / poolBytes + lostPools);
    arenas[arena + ARENA_ADDRESS] = address;
    arenas[arena + ARENA_NEXT_POOL] = firstPool;
    arenas[arena + ARENA_FREE_POOLS] = poolsPerArena;
    arenas[arena + ARENA_FREE_POOL] = 0;
    arenas[arena + ARENA_HELD] = 1;

    control[CONTROL.arenas]!++;
    control[CONTROL.arenasTotal]!++;
    control[CONTROL.arenasPeak] = Math.max(control[CONTROL.arenasPeak]!, control[CONTROL.arenas]!);
    control[CONTROL.poolRowsEnd] = Math.max(
      control[CONTROL.poolRowsEnd]!,
      firstPool + poolsPerArena * ROW_WORDS,
    );
    tables.noteFootprint();

    linkFirst(arena);
    lastArenaWith[poolsPerArena] = arena;
    return arena;
  }

  function giveArena(arena: number): void {
    const address = arenas[arena + ARENA_ADDRESS]! >>> 0;
    pools.fill(0, poolRow(address / poolBytes), poolRow((address + arenaBytes) / poolBytes));
    memory.release(address, arenaBytes);
    arenas[arena + ARENA_HELD] = 0;
    arenas[arena + ARENA_NEXT] = control[CONTROL.unusedArenas]!;
    control[CONTROL.unusedArenas] = arena;
    control[CONTROL.arenas]!--;
  }

  /** A pool that was used before, else the next one that never was. */
  function poolOf(arena: number): number {
    const cached = arenas[arena + ARENA_FREE_POOL]!;
    if (cached !== 0) {
      arenas[arena + ARENA_FREE_POOL] = pools[cached + POOL_NEXT]!;
      return cached;
    }
    const fresh = arenas[arena + ARENA_NEXT_POOL]!;
    arenas[arena + ARENA_NEXT_POOL] = fresh + ROW_WORDS;
    pools[fresh + POOL_ARENA] = arena;
    return fresh;
  }

  return {
    takePool() {
      const arena = control[CONTROL.usableArenas]! || takeArena();
      if (arena === 0) return 0;

      // It has the fewest free pools of all, so with one less it is still the first.
      const freePools = arenas[arena + ARENA_FREE_POOLS]!;
      if (lastArenaWith[freePools] === arena) lastArenaWith[freePools] = 0;
      if (freePools > 1) lastArenaWith[freePools - 1] = arena;
      arenas[arena + ARENA_FREE_POOLS] = freePools - 1;
      const pool = poolOf(arena);
      if (freePools === 1) unlink(arena);
      return pool;
    },

    givePool(pool) {
      const arena = pools[pool + POOL_ARENA]!;
      pools[pool + POOL_NEXT] = arenas[arena + ARENA_FREE_POOL]!;
      arenas[arena + ARENA_FREE_POOL] = pool;

      const before = arenas[arena + ARENA_FREE_POOLS]!;
      const lastWithAsMany = lastArenaWith[before]!;
      if (lastWithAsMany === arena) {
        const previous = arenas[arena + ARENA_PREVIOUS]!;
        lastArenaWith[before] =
          previous !== 0 && arenas[previous + ARENA_FREE_POOLS] === before ? previous : 0;
      }
      const freePools = before + 1;
      arenas[arena + ARENA_FREE_POOLS] = freePools;

      if (freePools === poolsPerArena && arenas[arena + ARENA_NEXT] !== 0) {
        unlink(arena);
        giveArena(arena);
        return;
      }
      if (lastArenaWith[freePools] === 0) lastArenaWith[freePools] = arena;
      if (freePools === 1) {
        linkFirst(arena);
      } else if (arena !== lastWithAsMany) {
        unlink(arena);
        linkAfter(arena, lastWithAsMany);
      }
    },

    releaseEmpty() {
      const arena = lastArenaWith[poolsPerArena]!;
      if (arena === 0) return false;
      lastArenaWith[poolsPerArena] = 0;
      unlink(arena);
      giveArena(arena);
      return true;
    },

    releaseAll() {
      for (let arena = ROW_WORDS; arena < control[CONTROL.arenaRowsEnd]!; arena += ROW_WORDS) {
        if (arenas[arena + ARENA_HELD] === 1) giveArena(arena);
      }
    },
  };
}
