/**
 * A heap with nothing to choose: CPython's allocator, exact counts and the three generations, unless told otherwise.
 */

import { pymalloc } from "@heapwright/allocator";
import {
  createHeap as createHeapOfParts,
  type Heap,
  type HeapOptions as PartOptions,
} from "@heapwright/core";
import { generational } from "@heapwright/gc-generational";
import { refcount } from "@heapwright/refcount";

/** What {@link createHeap} accepts: as `createHeap` of `@heapwright/core`, with every plugin optional. */
export type HeapOptions = Partial<PartOptions>;

/**
 * Makes a heap.
 *
 * @param options - `allocator` is `pymalloc()` by default, `collector` is `generational()`, and `counter` is `refcount()`
 * where the collector works from counts. `maxBytes` is 256 MiB
 * @throws HeapwrightError as `createHeap` of `@heapwright/core`
 *
 * @example
 * ```ts
 * const heap = createHeap();
 * const Node = heap.layout({ name: "Node", scan: "prefix", slots: 2 });
 * heap.scope((scope) => {
 *   const a = scope.create(Node);
 *   heap.set(a, 0, a); // a cycle of one
 * });
 * heap.gc.collect(); // 1
 * heap.dispose();
 * ```
 */
export function createHeap(options: HeapOptions = {}): Heap {
  const { allocator = pymalloc(), collector = generational() } = options;
  const needsCounts = (collector as { traits?: { counts?: string } }).traits?.counts === "exact";
  const counter = options.counter ?? (needsCounts ? refcount() : undefined);
  return createHeapOfParts({ ...options, allocator, collector, counter });
}
