/**
 * Domains: CPython's three families of calls.
 *
 * `PyMem_Raw*` may be called without the interpreter's lock, so it never enters
 * the pools; `PyMem_*` and `PyObject_*` both do. What a program allocates
 * through each is counted apart. As in CPython the function that is called decides:
 * a block that `mem` allocated and `obj` freed stays counted in `mem`.
 */

import { checkElements, type Address, type AllocationDomain } from "@heapwright/core";

import { SMALL_REQUEST_MAX } from "./layout.js";
import type { OutsideBlocks } from "./outside-blocks.js";
import type { Refusals } from "./refusals.js";
import type { SmallBlocks } from "./small-blocks.js";
import type { Tables } from "./tables.js";

/** `calloc` on top of a `malloc`. CPython: `_PyObject_Calloc`. */
export function clearing(tables: Tables, malloc: (bytes: number) => Address): AllocationDomain["calloc"] {
  const { words, bytes: memoryBytes } = tables;
  return (count, bytes) => {
    // The usual case is told apart here: a call would not be inlined everywhere.
    const small = (count | 0) === count && count >= 0 && (bytes | 0) === bytes && bytes >= 0;
    const total = small ? count * bytes : checkElements(count, bytes);
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
