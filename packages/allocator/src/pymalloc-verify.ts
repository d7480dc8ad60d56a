/**
 * Verification: every table, list and counter of the pools and arenas, and every
 * block of every pool, held against each other. The conformance kit runs it after
 * each step of its random programs.
 */

import { POOL_LIVE, POOL_OVERHEAD, POOL_SIZE_CLASS } from "./layout.js";
import { isLive } from "./live-bits.js";
import type { Locator } from "./locate.js";
import { findTableProblems } from "./table-verify.js";
import { poolNumber, type Tables } from "./tables.js";

/** Sentences on everything that is wrong with arenas, pools and their blocks; none when they are sound. */
export function findProblems(tables: Tables, locator: Locator): string[] {
  const { pools, liveBits } = tables;
  const { poolBytes } = tables.geometry;
  const checked = liveBits.length > 0;
  const found = findTableProblems(tables, locator);

  // In damaged tables, what they say of blocks means nothing.
  if (found.length > 0) return found;
  for (const pool of locator.carvedPools()) {
    if (pools[pool + POOL_SIZE_CLASS] !== 0) checkBlocks(pool);
    else if (checked) checkNoneLives(pool);
  }
  return found;

  /** Live and free blocks of a pool are all its carved blocks; the live bits say the same. */
  function checkBlocks(pool: number): void {
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
      const address = firstBlock + block * (pools[pool + POOL_SIZE_CLASS]! << 4);
      if (checked && isLive(liveBits, address) === free.has(block)) {
        found.push(`The live bit of the block at ${address} is wrong.`);
      }
    }
  }

  /** A pool without a size class, which a heap may have, has no block. */
  function checkNoneLives(pool: number): void {
    const [first, length] = [(poolNumber(pool) * poolBytes) / (16 * 32), poolBytes / (16 * 32)];
    if (liveBits.subarray(first, first + length).every((bits) => bits === 0)) return;
    found.push(`A live bit is set in pool ${poolNumber(pool)}, where there are no blocks.`);
  }
}
