/**
 * Geometry: how long an arena and a pool are, by version of CPython.
 *
 * CPython 3.10 made both larger. Everything else follows from the two lengths.
 */

import { HeapwrightError, PAGE_BYTES, parseByteSize, type ByteSize } from "@heapwright/core";

/** A named geometry: the lengths that version of CPython has. */
export type PymallocPreset = "cpython-3.9" | "cpython-3.11";

/** Where an arena may begin; see {@link Geometry.arenaAlignment}. */
export type ArenaAlignment = "pool" | "page";

/** The lengths that an allocator is built on. */
export interface Geometry {
  /** Bytes in an arena. CPython: `ARENA_SIZE`. */
  readonly arenaBytes: number;
  /** Bytes in a pool, a power of two. CPython: `POOL_SIZE`. */
  readonly poolBytes: number;
  /**
   * `pool`: arenas begin at a multiple of a pool's length, and all their pools are used. `page`: as Linux places them,
   * at any page of 4 KiB. CPython then skips to the first multiple, and an arena whose pools are longer than a page has
   * one pool less. CPython: "bytes lost to arena alignment".
   */
  readonly arenaAlignment: ArenaAlignment;
}

/** Lengths by version. `cpython-3.9` is right for 3.8 and 3.9, `cpython-3.11` for 3.10 and later. */
export const PRESETS: Readonly<Record<PymallocPreset, Pick<Geometry, "arenaBytes" | "poolBytes">>> = {
  "cpython-3.9": { arenaBytes: 256 * 1024, poolBytes: 4 * 1024 },
  "cpython-3.11": { arenaBytes: 1024 * 1024, poolBytes: 16 * 1024 },
};

const MIN_POOL_BYTES = 4096;
const MAX_POOL_BYTES = 65536;
const MAX_POOLS_PER_ARENA = 1024;

/** The choice of a geometry: a preset, lengths of one's own, or a preset with one length changed. */
export interface GeometryOptions {
  /** Lengths of which CPython. Default: `"cpython-3.11"`. */
  readonly preset?: PymallocPreset;
  /** Bytes in an arena: 2 to 1,024 pools, or 3 to 1,024 where alignment costs one. Default: the preset's. */
  readonly arenaBytes?: ByteSize;
  /** Bytes in a pool: a power of two, 4 KiB to 64 KiB. Default: the preset's. */
  readonly poolBytes?: ByteSize;
  /** Where arenas begin, see {@link Geometry.arenaAlignment}. Default: `"pool"`. */
  readonly arenaAlignment?: ArenaAlignment;
}

/**
 * Looks the lengths up and checks them.
 *
 * @throws HeapwrightError `ERR_BAD_OPTION` for an unknown preset or lengths that do not fit together
 */
export function resolveGeometry(options: GeometryOptions): Geometry {
  const name = options.preset ?? "cpython-3.11";
  if (!Object.hasOwn(PRESETS, name)) {
    const known = Object.keys(PRESETS).join(", ");
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `No preset is called ${JSON.stringify(name)}; there are: ${known}.`,
    );
  }
  const arenaBytes = parseByteSize(options.arenaBytes ?? PRESETS[name].arenaBytes, "arenaBytes");
  const poolBytes = parseByteSize(options.poolBytes ?? PRESETS[name].poolBytes, "poolBytes");

  const powerOfTwo = Number.isInteger(Math.log2(poolBytes));
  if (!powerOfTwo || poolBytes < MIN_POOL_BYTES || poolBytes > MAX_POOL_BYTES) {
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `poolBytes must be a power of two from ${MIN_POOL_BYTES} B to ${MAX_POOL_BYTES} B, not ${poolBytes} B.`,
    );
  }
  const arenaAlignment = options.arenaAlignment ?? "pool";
  if (!["pool", "page"].includes(arenaAlignment)) {
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `arenaAlignment must be "pool" or "page", not ${JSON.stringify(arenaAlignment)}.`,
    );
  }
  const geometry: Geometry = { arenaBytes, poolBytes, arenaAlignment };
  const least = 2 + poolsLostToAlignment(geometry);
  const pools = arenaBytes / poolBytes;
  if (!Number.isInteger(pools) || pools < least || pools > MAX_POOLS_PER_ARENA) {
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `arenaBytes must be ${least} to ${MAX_POOLS_PER_ARENA} pools of ${poolBytes} B, not ${arenaBytes} B.`,
    );
  }
  return geometry;
}

/** Pools at the start of an arena that alignment costs: 0 or 1. */
export function poolsLostToAlignment({ poolBytes, arenaAlignment }: Geometry): number {
  return arenaAlignment === "page" && poolBytes > PAGE_BYTES ? 1 : 0;
}
