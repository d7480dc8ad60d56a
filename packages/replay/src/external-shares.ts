/**
 * External shares: the part of a node's reference count that no edge accounts for. References from frames, C globals,
 * static types and untracked containers: what holds the graph.
 *
 * A module of its own so that whoever keeps a loaded graph keeps these two columns, and not the whole recording.
 */

import type { Heap, Ptr } from "@heapwright/core";

/** Gives nodes their shares, and takes them back. */
export interface ExternalShares {
  /** Gives the next node, in the order of their numbers, its share. */
  hold(node: number): void;
  /** Takes all shares back. */
  release(): void;
}

/** More references from outside than this say no more: the object is a root. CPython 3.12 gives immortals 2^32 - 1. */
const MOST_HELD: number = 2 ** 24;

/**
 * Makes the shares of a graph.
 *
 * @param objects - the references of the nodes, filled in before they are held
 * @param external - how often each is held
 */
export function createExternalShares(
  heap: Heap,
  objects: Int32Array,
  external: Float64Array,
): ExternalShares {
  let held = 0;
  const timesOf = (node: number): number => Math.min(external[node]!, MOST_HELD);

  return {
    hold(node) {
      const times = timesOf(node);
      if (times > 0) heap.retain(objects[node]! as Ptr, times);
      held = node + 1;
    },
    release() {
      while (held > 0) {
        held--;
        const times = timesOf(held);
        if (times > 0) heap.release(objects[held]! as Ptr, times);
      }
    },
  };
}
