/**
 * The heap: objects outside the JavaScript heap, and the contracts of what manages them.
 */

export { createHeap, attachHeap, type HeapOptions, type HeapPlugins } from "./create-heap.js";
export type { Heap } from "./heap.js";
export type { HeapStats } from "./heap-stats.js";
export type { Scope } from "./scope.js";
export type { Pin } from "./roots.js";
export type { Items } from "./items.js";
export type { Gc, GenerationStats } from "./gc.js";
export type { Layout } from "./layouts.js";
export type { LayoutSpec, Scan } from "./layout-spec.js";
export type { CodeTable, EdgesOf, Finalizer, HeapCode, WeakCallback } from "./code.js";
export type { UnraisableHook } from "./user-code.js";
export type { WeakOptions, WeakReferences } from "./weak-references.js";
export { IMMEDIATE, NULL, immediate, immediateNumber, smallInt, type Owned, type Ptr } from "./reference.js";
export { EVENT, EVENT_RECORD_WORDS, type EventListener, type HeapEvents } from "./events.js";
export { negotiate, type HeapPlan, type Mismatch, type PluginTraits } from "./negotiate.js";
export {
  assertCollectorPlugin,
  defineCollector,
  type Collector,
  type CollectorContext,
  type CollectorDefinition,
  type CollectorPlugin,
  type CollectorTraits,
  type Deaths,
  type EventSink,
  type Reaped,
  type Roots,
  type Trigger,
} from "./collector.js";
export {
  assertCounterPlugin,
  defineCounter,
  type Counter,
  type CounterContext,
  type CounterDefinition,
  type CounterPlugin,
  type CounterTraits,
  type RefTable,
  type RefTables,
} from "./counter.js";
export { LAYOUT, type EdgeBuffer, type HeapImage } from "./heap-image.js";
export {
  BELOW_COUNT,
  COUNT_SHIFT,
  FINALIZED,
  HAS_WEAKREFS,
  IMMORTAL,
  LAYOUT_MASK,
  LOGGED,
  LOOK_TWICE,
  ONE_COUNT,
  OVERFLOWED,
  SPILL,
  SPILL_COUNT,
  UNTRACKED,
} from "./object-word.js";
export { CONDEMNED, GRANULE_WORDS, MAX_AGE, MIN_TRACKED_WORDS, WORK_SHIFT } from "./work-byte.js";
export { ALL, BUFFER_CAPACITY, BUFFER_COUNT, BUFFER_FIRST, ITEMS, OTHER } from "./scan.js";
export { KIND_SHIFT, LEAF_POOL, STRIDE_MASK, TRACKED_POOL } from "./pool-word.js";
