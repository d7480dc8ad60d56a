/**
 * Blocks outside the pools: what the large-block allocator does, with the checks
 * that a public call needs around it. A block keeps the side it was allocated on:
 * one that outgrew the pools does not come back when it shrinks.
 *
 * Follows the fall-backs to `PyMem_Raw*` in `Objects/obmalloc.c`, CPython 3.11.
 */

import { checkSize, type Address, type DomainName } from "@heapwright/core";

import type { Arenas } from "./arenas.js";
import type { LargeBlocks } from "./large-blocks.js";
import type { Refusals } from "./refusals.js";
import type { Tables } from "./tables.js";

/** The caller's domain, as far as it matters here: `mem` and `obj` are one. */
type Side = Exclude<DomainName, "mem">;

/** The calls on blocks outside the pools. Each throws as `AllocationDomain` says. */
export interface OutsideBlocks {
  /** A block of any length. */
  malloc(bytes: number, side: Side): Address;
  /** Changes the length of a block that is outside the pools, which `address` has to be. */
  realloc(address: Address, bytes: number, side: Side): Address;
  /** Frees a block that is outside the pools, which `address` has to be, or 0. */
  free(address: Address, side: Side): void;
  /** Usable bytes of a block of either side. */
  usableSize(address: Address): number;
}

/** Makes the calls on blocks outside the pools. */
export function createOutsideBlocks(parts: {
  readonly tables: Tables;
  readonly arenas: Arenas;
  readonly large: LargeBlocks;
  readonly refusals: Refusals;
}): OutsideBlocks {
  const { tables, arenas, large, refusals } = parts;

  function malloc(bytes: number, side: Side): Address {
    refusals.assertUsable();
    checkSize(bytes);
    const raw = side === "raw";
    const address = large.allocate(bytes, raw) || (makeRoom() ? large.allocate(bytes, raw) : 0);
    if (address === 0) throw refusals.outOfMemory(`${bytes} B`);
    return address;
  }

  /** Gives back what is kept in reserve; false when there was nothing. */
  function makeRoom(): boolean {
    const spare = large.releaseSpare();
    return arenas.releaseEmpty() || spare;
  }

  function assertLive(address: Address): void {
    refusals.assertUsable();
    const aligned = address >>> 0 === address && address % 16 === 0;
    const live = aligned && large.find(address) === "live";
    if (!live) throw refusals.notLive(address);
  }

  function assertSide(address: Address, side: Side): void {
    assertLive(address);
    const raw = large.isRaw(address);
    if (raw !== (side === "raw")) throw refusals.wrongDomain(address, raw ? "raw" : "mem or obj");
  }

  return {
    malloc,

    realloc(address, bytes, side) {
      checkSize(bytes);
      assertSide(address, side);
      if (large.resize(address, bytes)) return address;
      const to = malloc(bytes, side);
      tables.bytes.copyWithin(to, address, address + Math.min(bytes, large.usableSize(address)));
      large.free(address);
      return to;
    },

    free(address, side) {
      if (address === 0) {
        refusals.assertUsable();
        return;
      }
      assertSide(address, side);
      large.free(address);
    },

    usableSize(address) {
      assertLive(address);
      return large.usableSize(address);
    },
  };
}
