import type { AllocatorPlugin, CounterPlugin } from "@heapwright/core";

/** What the kit for collectors needs to build heaps, and how hard it looks. */
export interface CollectorConformanceOptions {
  /** Each case runs on each of them. At least one. */
  readonly allocators: readonly AllocatorPlugin[];
  /** Who keeps the counts, when the collector's trait `counts` is `exact`. Not used otherwise. */
  readonly counter?: CounterPlugin;
  /** Random programs that are tried on each allocator. Default: 50. */
  readonly runs?: number;
  /** Where the random programs start; a failure prints it, with `runs`, to be tried again. Default: another one each time. */
  readonly seed?: number;
}
