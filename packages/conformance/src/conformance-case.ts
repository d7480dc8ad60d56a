import type { AllocatorOptions, ByteSize, MemoryKind } from "@heapwright/core";

/** One rule of a contract, or a part of it, as a runnable check. */
export interface ConformanceCase {
  /** The rule and the case, such as `calloc-clears/reused-block`. Stable, unique within a kit. */
  readonly id: string;
  /** A sentence that reads well after "it". */
  readonly title: string;
  /** The rule that is broken when `run` throws: a key of the kit's catalogue. */
  readonly rule: string;
  /** Where the behaviour comes from, such as `Objects/obmalloc.c, CPython 3.11`. */
  readonly origin?: string;
  /** Why the case does not apply to this plugin or this host. `run` does nothing then. */
  readonly skip?: string;
  /** Throws an `Error` that says what was expected and what was found. */
  readonly run: () => void | Promise<void>;
}

/** How hard a kit looks, and where. */
export interface ConformanceOptions {
  /** Random programs that each property tries. Default: 50. */
  readonly runs?: number;
  /** Where the random programs start; a failure prints it, with `runs`, to be tried again. Default: another one each time. */
  readonly seed?: number;
  /**
   * The cap of the memories that are made here. At least 1 MiB, and room for four of the plugin's arenas or chunks.
   * Default: 8 MiB.
   */
  readonly maxBytes?: ByteSize;
  /** Passed to each `create`, for options of the plugin's own or `checks: false`. Default: none. */
  readonly create?: Omit<AllocatorOptions, "memory" | "maxBytes" | "offset"> &
    Readonly<Record<string, unknown>>;
  /** Kinds of memory to try; the first one carries the cases that need only one. Default: all four, `"buffer"` first. */
  readonly memories?: readonly MemoryKind[];
}
