/**
 * Statistics: what `sys._debugmallocstats()` prints, as numbers.
 *
 * As in CPython they are counted by walking the pools when someone asks, so that
 * allocating and freeing keep no counters.
 */

import type { AllocatorStats, ArenaStats, DomainName } from "@heapwright/core";

import { poolsLostToAlignment } from "./geometry.js";
import type { LargeBlocks } from "./large-blocks.js";
import { POOL_LIVE, POOL_SIZE_CLASS, POOL_OVERHEAD } from "./layout.js";
import type { Locator } from "./locate.js";
import { SIZE_CLASS_COUNT, blockBytesOf } from "./size-classes.js";
import { CONTROL, type Tables } from "./tables.js";

/** One row of CPython's table. */
export interface SizeClassStats {
  /** Bytes in a block. CPython: "size". */
  readonly blockBytes: number;
  /** Pools of the class in which something is live. CPython: "num pools". */
  readonly pools: number;
  /** Live blocks. CPython: "blocks in use". */
  readonly liveBlocks: number;
  /** Blocks those pools could still serve. CPython: "avail blocks". */
  readonly freeBlocks: number;
}

/** Where the bytes of all arenas are. They add up to `arenas.current * arenas.arenaBytes`. */
export interface ArenaBytes {
  /** CPython: "bytes in allocated blocks". */
  readonly allocated: number;
  /** CPython: "bytes in available blocks". */
  readonly available: number;
  /** Pools that a heap took, whatever it has in them. CPython has none. */
  readonly heapPools: number;
  /** CPython: "unused pools". */
  readonly unusedPools: number;
  /** CPython: "bytes lost to pool headers". Unused here: the headers stand aside. */
  readonly poolHeaders: number;
  /** The rest at the end of pools. CPython: "bytes lost to quantization". */
  readonly quantization: number;
  /** CPython: "bytes lost to arena alignment". 0 unless `arenaAlignment` is `"page"`. */
  readonly arenaAlignment: number;
}

/** The figures of pymalloc. */
export interface PymallocStats extends AllocatorStats {
  /** Always there. */
  readonly arenas: ArenaStats;
  /** The 32 classes, smallest blocks first. */
  readonly classes: readonly SizeClassStats[];
  /** Where the bytes of all arenas are. */
  readonly bytesInArenas: ArenaBytes;
  /** Pools that a heap took and did not give back. */
  readonly heapPools: number;
  /** Blocks outside the pools: over 512 bytes, of 0 bytes, or of the domain raw. */
  readonly large: {
    /** Live blocks. */
    readonly liveBlocks: number;
    /** Usable bytes in them. */
    readonly allocatedBytes: number;
    /** Chunks they lie in. */
    readonly chunks: number;
    /** Bytes in those chunks. */
    readonly chunkBytes: number;
  };
  /**
   * Live blocks by the domain of the function that was called, as CPython's memory debugging sees it. `mem` and `obj`
   * together are `sys.getallocatedblocks()`. A figure goes below 0 when one domain frees what another allocated.
   */
  readonly domains: Readonly<Record<DomainName, number>>;
  /** Bytes of tables that are in use. */
  readonly metadataBytes: number;
}

/** Counts everything. */
export function countStats(tables: Tables, large: LargeBlocks, locator: Locator): PymallocStats {
  const { control, pools } = tables;
  const { arenaBytes, poolBytes } = tables.geometry;
  const figure = (index: number): number => control[index]! >>> 0;

  const poolCounts = new Array<number>(SIZE_CLASS_COUNT).fill(0);
  const liveCounts = new Array<number>(SIZE_CLASS_COUNT).fill(0);
  for (const pool of locator.carvedPools()) {
    const live = pools[pool + POOL_LIVE]!;
    if (live <= 0) continue;
    const sizeClass = pools[pool + POOL_SIZE_CLASS]! - 1;
    poolCounts[sizeClass]!++;
    liveCounts[sizeClass]! += live;
  }
  const classes = poolCounts.map((count, sizeClass): SizeClassStats => {
    const blockBytes = blockBytesOf(sizeClass);
    const capacity = Math.floor((poolBytes - POOL_OVERHEAD) / blockBytes);
    const liveBlocks = liveCounts[sizeClass]!;
    return { blockBytes, pools: count, liveBlocks, freeBlocks: count * capacity - liveBlocks };
  });
  const sum = (of: (row: SizeClassStats) => number): number =>
    classes.reduce((total, row) => total + of(row), 0);

  const arenas: ArenaStats = {
    arenaBytes,
    current: figure(CONTROL.arenas),
    peak: figure(CONTROL.arenasPeak),
    total: figure(CONTROL.arenasTotal),
  };
  const lostBytes = arenas.current * poolsLostToAlignment(tables.geometry) * poolBytes;
  const usedPools = sum((row) => row.pools);
  const heapPools = figure(CONTROL.heapPools);
  const smallBytes = sum((row) => row.liveBlocks * row.blockBytes);
  const smallBlocks = sum((row) => row.liveBlocks);
  const raw = figure(CONTROL.rawBlocks);
  const memAndObj = smallBlocks + figure(CONTROL.largeBlocks);
  const mem = control[CONTROL.memBlocks]!;

  return {
    liveBlocks: memAndObj + raw,
    allocatedBytes: smallBytes + figure(CONTROL.largeBytes),
    footprintBytes: tables.footprintBytes(),
    peakFootprintBytes: figure(CONTROL.peakFootprint),
    arenas,
    classes,
    bytesInArenas: {
      allocated: smallBytes,
      available: sum((row) => row.freeBlocks * row.blockBytes),
      heapPools: heapPools * poolBytes,
      unusedPools: arenas.current * arenaBytes - (usedPools + heapPools) * poolBytes - lostBytes,
      poolHeaders: usedPools * POOL_OVERHEAD,
      quantization: sum((row) => row.pools * ((poolBytes - POOL_OVERHEAD) % row.blockBytes)),
      arenaAlignment: lostBytes,
    },
    heapPools,
    large: {
      liveBlocks: figure(CONTROL.largeBlocks) + raw,
      allocatedBytes: figure(CONTROL.largeBytes),
      chunks: large.chunkCount(),
      chunkBytes: figure(CONTROL.chunkBytes),
    },
    domains: { raw, mem, obj: memAndObj - mem },
    metadataBytes: tables.metadataBytes(),
  };
}
