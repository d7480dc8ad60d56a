import type { Heap } from "./heap.js";
export function debugHeap(heap: Heap): Heap {
  return heap;
}
