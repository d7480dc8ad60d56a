/**
 * Tracking: which objects the collector looks at. CPython: `_PyObject_GC_TRACK`, `_PyObject_GC_UNTRACK`.
 *
 * A bit of the header says so, and the pool: leaves without last words have pools of their own, at which no collector looks.
 */

import { HeapwrightError } from "../errors.js";
import type { Creator } from "./creator.js";
import { LAYOUT } from "./heap-image.js";
import type { HeapTables } from "./heap-tables.js";
import { LAYOUT_MASK, UNTRACKED } from "./object-word.js";
import { KIND_SHIFT, LEAF_POOL } from "./pool-word.js";
import type { Ptr } from "./reference.js";
import { WORK_SHIFT } from "./work-byte.js";

/** Tells and changes who is tracked. */
export interface Tracking {
  isTracked(object: Ptr): boolean;
  /** Errors as `Heap.track`. */
  track(object: Ptr): void;
  untrack(object: Ptr): void;
}

/**
 * Makes the tracking of a heap.
 *
 * @param creator - gives an object that is tracked from now on the age of new ones; made later
 */
export function createTracking(tables: HeapTables, creator: () => Creator): Tracking {
  const { words, work, layoutFlags, pools, poolShift } = tables;

  const isAmongLeaves = (object: Ptr): boolean => pools[object >> poolShift]! >> KIND_SHIFT === LEAF_POOL;

  function isTracked(object: Ptr): boolean {
    return (words[object]! & UNTRACKED) === 0 && !isAmongLeaves(object);
  }

  return {
    isTracked,

    track(object) {
      if ((layoutFlags[words[object]! & LAYOUT_MASK]! & LAYOUT.leaf) !== 0) {
        throw new HeapwrightError(
          "ERR_BAD_REFERENCE",
          `Object ${object} is a leaf: there is nothing to track.`,
        );
      }
      if (isTracked(object)) return;
      words[object]! &= ~UNTRACKED;
      creator().born(object);
    },

    untrack(object) {
      words[object]! |= UNTRACKED;
      // The work byte of a leaf may be another leaf's, too.
      if (!isAmongLeaves(object)) work[object >> WORK_SHIFT] = 0;
    },
  };
}
