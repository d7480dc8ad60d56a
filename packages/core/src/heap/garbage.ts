/**
 * Garbage that has to be kept: unreachable objects with a legacy finalizer. CPython: `gc.garbage`.
 *
 * They are in a table in the memory, each held by a count, or as a root where there are no counts, until they are dropped.
 */

import type { EdgeBuffer } from "./heap-image.js";
import type { HeapTables } from "./heap-tables.js";
import type { Keeper } from "./keeper.js";
import { openRefTable } from "./ref-table.js";
import type { Owned } from "./reference.js";
import { RUN } from "./run.js";

/** Keeps garbage. */
export interface Garbage {
  /** Keeps an object; false when the memory has no room: then it is found again by the next collection. */
  keep(object: number): boolean;
  /** All that is kept, by rising address. */
  list(): Owned[];
  /** Lets all of it go. */
  drop(): void;
  /** Adds all of it to the roots. */
  gather(into: EdgeBuffer): void;
}

/** Makes the store for a heap's garbage. */
export function createGarbage(tables: HeapTables, { hold, letGo }: Keeper): Garbage {
  const kept = openRefTable(tables.memory, tables.control, RUN.garbage);

  function list(): Owned[] {
    return Array.from(kept.entries(), ([object]) => object as Owned).sort((a, b) => a - b);
  }

  return {
    keep(object) {
      if (kept.get(object) !== 0) return true;
      if (!hold(object)) return false;
      try {
        kept.set(object, 1);
        return true;
      } catch {
        letGo(object);
        return false;
      }
    },
    list,
    drop() {
      // As a list is cleared: empty before the first object dies, the last one first.
      const dropped = list();
      for (const object of dropped) kept.set(object, 0);
      for (const object of dropped.reverse()) letGo(object);
    },
    gather(into) {
      for (const [object] of kept.entries()) into.add(object);
    },
  };
}
