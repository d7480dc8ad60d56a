/**
 * Heapwright, batteries included: everything of `@heapwright/core` (contracts,
 * memories, errors) and of `@heapwright/allocator` (CPython's pymalloc over linear
 * memory) under one name.
 *
 * @packageDocumentation
 */

export * from "@heapwright/allocator";
export * from "@heapwright/core";
