/**
 * What all Heapwright packages lean on: memories with their page map; the heap,
 * and the contracts of what manages it (allocators, counters, collectors); the
 * way plugins are declared; and the errors that every package throws.
 *
 * @packageDocumentation
 */

export { ERROR_CODES, HeapwrightError, type HeapwrightErrorCode } from "./errors.js";
export { DISPOSE } from "./disposable.js";
export { checkElements, checkSize, formatBytes, parseByteSize, type ByteSize } from "./byte-size.js";
export {
  attachMemory,
  createMemory,
  type Address,
  type AttachMemoryOptions,
  type Memory,
  type MemoryOptions,
  type MemoryRun,
  type MemoryUsage,
} from "./memory.js";
export { PAGE_BYTES } from "./page-map.js";
export { assertAttached, type MemoryKind, type MemorySource } from "./memory-source.js";
export type { WasmMemory } from "./recycler.js";
export { openMemory } from "./open-memory.js";
export { PLUGIN_API_VERSION, type Plugin } from "./plugin.js";
export {
  BLOCK_ALIGNMENT,
  type AllocationDomain,
  type AllocatorStats,
  type ArenaStats,
  type Block,
  type BlockAllocator,
  type DomainName,
  type PoolSource,
} from "./allocator.js";
export {
  assertAllocatorPlugin,
  defineAllocator,
  type AllocatorDefinition,
  type AllocatorOptions,
  type AllocatorPlugin,
  type AllocatorTraits,
  type AttachOptions,
  type Detection,
} from "./allocator-plugin.js";
export * from "./heap/index.js";
