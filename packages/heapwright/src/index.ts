/**
 * Heapwright, batteries included: a heap with CPython's allocator, counts and collector, and everything of the packages it
 * is made of under one name.
 *
 * @packageDocumentation
 */

export { createHeap, type HeapOptions } from "./create-heap.js";
export * from "@heapwright/allocator";
export * from "@heapwright/core";
export * from "@heapwright/gc-generational";
export * from "@heapwright/gc-mark-sweep";
export * from "@heapwright/refcount";
