/**
 * Domains: CPython's three doors to memory.
 *
 * `PyMem_Raw*` may be called without the interpreter's lock, so it never enters
 * the pools; `PyMem_*` and `PyObject_*` both do. What a program allocates through
 * each door is counted apart. As in CPython the function that is called decides:
 * a block that `mem` allocated and `obj` freed stays counted in `mem`.
 */

import { HeapwrightError, checkSize, type Address, type AllocationDomain } from "@heapwright/core";

import type { OutsideBlocks } from "./outside-blocks.js";
import type { Refusals } from "./refusals.js";
import { SMALL_REQUEST_MAX } from "./size-classes.js";
import type { SmallBlocks } from "./small-blocks.js";
import type { Tables } from "./tables.js";

/** `calloc` on top of a `malloc`. CPython: `_PyObject_Calloc`. */
export function clearing(tables: Tables, malloc: (bytes: number) => Address): AllocationDomain["calloc"] {
  const { words, bytes: memoryBytes } = tables;
  return (count, bytes) => {
    const total =
      (count | 0) === count && count >= 0 && (bytes | 0) === bytes && bytes >= 0
        ? count * bytes
        : checkSize(count) * checkSize(bytes);
    // CPython: an overflow of the product fails like a lack of memory.
    if (!Number.isSafeInteger(total)) {
      throw new HeapwrightError("ERR_OUT_OF_MEMORY", `No room for ${count} times ${bytes} B.`);
    }
    const address = malloc(total);
    if (total > SMALL_REQUEST_MAX) {
      memoryBytes.fill(0, address, address + total);
    } else {
      // So few words are cleared before fill() has started.
      const end = (address + total + 3) >>> 2;
      for (let word = address >>> 2; word < end; word++) words[word] = 0;
    }
    return address;
  };
}

/** The domain raw: all its blocks are outside the pools, however small. */
export function createRawDomain(
  tables: Tables,
  small: SmallBlocks,
  outside: OutsideBlocks,
  refusals: Refusals,
): AllocationDomain {
  const malloc = (bytes: number): Address => outside.malloc(bytes, "raw");

  function assertNotInPool(address: Address): void {
    if (small.blockBytes(address) > 0) throw refusals.wrongDomain(address, "mem or obj");
  }

  return {
    malloc,
    calloc: clearing(tables, malloc),
    realloc(address, bytes) {
      if (address === 0) return malloc(bytes);
      assertNotInPool(address);
      return outside.realloc(address, bytes, "raw");
    },
    free(address) {
      assertNotInPool(address);
      outside.free(address, "raw");
    },
  };
}

/**
 * A domain that works as another one does, and counts its live blocks apart.
 *
 * @param inner - does the work
 * @param counters - words of the memory
 * @param counter - which of them counts
 */
export function countedDomain(
  inner: AllocationDomain,
  counters: Int32Array,
  counter: number,
): AllocationDomain {
  const count = (change: number): void => {
    counters[counter] = counters[counter]! + change;
  };
  return {
    malloc(bytes) {
      const address = inner.malloc(bytes);
      count(1);
      return address;
    },
    calloc(elements, bytes) {
      const address = inner.calloc(elements, bytes);
      count(1);
      return address;
    },
    realloc(address, bytes) {
      const moved = inner.realloc(address, bytes);
      if (address === 0) count(1);
      return moved;
    },
    free(address) {
      inner.free(address);
      if (address !== 0) count(-1);
    },
  };
}
