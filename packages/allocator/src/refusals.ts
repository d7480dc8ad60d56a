/**
 * Refusals: what a refused call to pymalloc is told. Each says what
 * was asked, what is there, and is thrown before anything was changed.
 */

import {
  HeapwrightError,
  assertAttached,
  type Address,
  type AllocationDomain,
  type DomainName,
} from "@heapwright/core";

import type { LargeBlocks } from "./large-blocks.js";
import type { BlockLocation, Locator } from "./locate.js";
import type { Tables } from "./tables.js";

/** Makes errors and checks; see `refusals.ts`. */
export interface Refusals {
  /**
   * Throws when the allocator cannot be used any more.
   *
   * @throws HeapwrightError `ERR_DISPOSED`, `ERR_BUFFER_DETACHED`
   */
  assertUsable(): void;
  /** From now on the allocator cannot be used any more; false when it could not before. */
  close(how: "disposed" | "detached"): boolean;
  /** Throws `ERR_DISPOSED`: any call of a closed allocator. */
  refuse(): never;
  /** The four calls of a closed allocator. */
  readonly calls: AllocationDomain;
  /** No block lives at an address: `ERR_DOUBLE_FREE` when one did and was freed, else `ERR_BAD_ADDRESS`. */
  notLive(address: Address): HeapwrightError;
  /** A block was handed to a function of another domain. */
  wrongDomain(address: Address, right: DomainName | "mem or obj"): HeapwrightError;
  /** The memory has no room. */
  outOfMemory(what: string): HeapwrightError;
}

/** A sentence on an address at which no block starts, where there is something to say. */
function whatIsThere(place: BlockLocation | undefined): string {
  if (place?.state === "live")
    return ` It is ${place.offset} B into the live block at ${place.blockAddress}.`;
  if (place?.state === "heap pool")
    return ` It is ${place.offset} B into the pool at ${place.blockAddress}, which a heap has.`;
  return "";
}

/** Makes the refusals of an allocator. */
export function createRefusals({ memory, isGone }: Tables, locator: Locator, large: LargeBlocks): Refusals {
  let closed: "disposed" | "detached" | undefined;

  function refuse(): never {
    throw new HeapwrightError("ERR_DISPOSED", `This allocator was ${closed ?? "disposed"}.`);
  }

  return {
    assertUsable() {
      if (closed) refuse();
      assertAttached(memory.buffer);
      if (isGone()) {
        throw new HeapwrightError("ERR_DISPOSED", "The memory below was disposed, or its buffer shortened.");
      }
    },
    refuse,
    calls: { malloc: refuse, calloc: refuse, realloc: refuse, free: refuse },

    close(how) {
      const first = closed === undefined;
      closed ??= how;
      return first;
    },

    notLive(address) {
      const place = locator.locate(address);
      const freed =
        place?.kind === "pool"
          ? place.state === "free" && place.offset === 0
          : place && large.find(address) === "freed";
      if (freed) return new HeapwrightError("ERR_DOUBLE_FREE", `The block at ${address} was freed before.`);
      return new HeapwrightError(
        "ERR_BAD_ADDRESS",
        `No live block starts at ${String(address)}.${whatIsThere(place)}`,
      );
    },

    wrongDomain: (address, right) =>
      new HeapwrightError("ERR_WRONG_DOMAIN", `The block at ${address} belongs to the domain ${right}.`),

    outOfMemory(what) {
      const { reservedBytes, takenBytes } = memory.usage();
      return new HeapwrightError(
        "ERR_OUT_OF_MEMORY",
        `No room for ${what} more: ${takenBytes} B of ${reservedBytes} B are taken.`,
      );
    },
  };
}
