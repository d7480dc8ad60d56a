import type { GraphHeader } from "./graph-header.js";
import { GC_HEAD_BYTES, REFERENCE_BYTES } from "./graph-layouts.js";
import { countOf, leafKindsOf } from "./graph-leaves.js";

const MiB = 2 ** 20;

/** Cells and buffers are rounded up to 16 B each, and the smallest cell has 32. */
const ROUNDING_BYTES = 48;

/** What a scope needs for each object while the graph is loaded: a table that doubles. */
const HANDLE_BYTES = 12;

/** Tables of the heap, pools that are not full, arenas. */
const SHARE_OF_TABLES = 1.125;
const LEAST_BYTES: number = 32 * MiB;

/**
 * How large a heap a graph needs, at most: what to pass to `createHeap` as `maxBytes`. A guess from the totals, on the safe
 * side; nothing is committed before it is touched.
 *
 * @returns bytes, a multiple of 1 MiB
 *
 * @example
 * ```ts
 * using heap = createHeap({ allocator, collector, counter, maxBytes: graphHeapBytes(graph.header) });
 * ```
 */
export function graphHeapBytes(header: GraphHeader): number {
  const { nodes, edges, leafRefs } = header;
  const leaves = leafKindsOf(header);
  const objects = nodes + countOf(leaves);
  const bytes =
    Math.max(0, header.bytes - GC_HEAD_BYTES * nodes) +
    REFERENCE_BYTES * (edges + leafRefs) +
    leaves.reduce((sum, kind) => sum + kind.count * kind.bytes, 0) +
    (ROUNDING_BYTES + HANDLE_BYTES) * objects;
  return Math.ceil((bytes * SHARE_OF_TABLES + LEAST_BYTES) / MiB) * MiB;
}
