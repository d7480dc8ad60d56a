/**
 * What is done in a thread of its own: whatever loads or runs a plugin that came
 * from elsewhere, every replay and every collection. A task and its answer are plain data.
 */

import type { AllocatorTraits, CollectorTraits } from "@heapwright/core";
import type { ReplayResult } from "@heapwright/replay";

/** Plugins that can be chosen. */
export type PluginKind = "allocator" | "collector";

/** Where a plugin is found again, in any thread. */
export type PluginReference =
  | { readonly builtIn: string }
  | {
      /** A path or a package, as the user wrote it. */
      readonly module: string;
      /** The name of the export. */
      readonly exportName: string;
      /** Its place in a list of plugins; -1 when the export is the plugin itself. */
      readonly index: number;
    };

/** What plugins of every kind have. */
interface DescriptionOf<Kind extends PluginKind, Traits> {
  readonly name: string;
  readonly kind: Kind;
  readonly api: number;
  readonly summary: string | null;
  readonly traits: Traits;
  readonly reference: PluginReference;
}

/** An allocator plugin, without its code. */
export type AllocatorDescription = DescriptionOf<"allocator", AllocatorTraits>;

/** A collector plugin, without its code. */
export type CollectorDescription = DescriptionOf<"collector", CollectorTraits>;

/** A plugin, without its code. */
export type PluginDescription = AllocatorDescription | CollectorDescription;

/** The description of a plugin of some kind. */
export type DescriptionOfKind<Kind extends PluginKind> = Extract<PluginDescription, { kind: Kind }>;

/** Where a recording is read from. */
export type RecordingSource = { readonly path: string } | { readonly bytes: Uint8Array };

/** How a recording is replayed. */
export interface ReplaySettings {
  /** The geometry of the built-in pymalloc, and what allocators of the user's get as `preset`. Default: `cpython-3.11`, for pymalloc alone. */
  readonly preset: string | undefined;
  /** Where the built-in pymalloc's arenas begin. */
  readonly arenaAlignment: "page" | "pool";
  readonly stream: "all" | "small";
  readonly rounds: number;
  /** The memory's cap in bytes. Default: by the recording, see `worker/max-bytes.ts`. */
  readonly maxBytes: number | undefined;
  readonly checks: boolean;
}

/** One recording, one allocator. */
export interface ReplayTask {
  readonly recording: RecordingSource;
  /** What messages call the recording. */
  readonly label: string;
  readonly plugin: PluginReference;
  readonly settings: ReplaySettings;
}

/** What a replay reports, and what only its thread can know. */
export interface ReplayOutcome extends ReplayResult {
  /** Bytes in an arena of the allocator; null without arenas. */
  readonly arenaBytes: number | null;
}

/** How a graph is collected. */
export interface CollectSettings {
  /** 0 (the youngest objects) to 2 (all). */
  readonly generation: 0 | 1 | 2;
  /** How often the graph is loaded and collected. */
  readonly rounds: number;
  /** The heap's cap in bytes. Default: by the recording, see `graphHeapBytes` in @heapwright/replay. */
  readonly maxBytes: number | undefined;
}

/** One graph, one collector on one allocator. */
export interface CollectTask {
  readonly recording: RecordingSource;
  /** What messages call the recording. */
  readonly label: string;
  readonly allocator: PluginReference;
  readonly collector: PluginReference;
  readonly settings: CollectSettings;
}

/** What a collection reports. */
export interface CollectOutcome {
  /** The recorded program. */
  readonly graph: string;
  readonly collector: string;
  readonly allocator: string;
  /** As asked for; a collector without generations collects all, see {@link CollectOutcome.considered}. */
  readonly generation: number;
  /** Tracked objects in the heap before: the nodes of the graph. */
  readonly tracked: number;
  /** What `collect` returned: unreachable objects it found. */
  readonly unreachable: number;
  /** Cells and buffers that it gave back, those of leaves included. */
  readonly freed: number;
  /** CPU time of `collect` in milliseconds, the shortest of the rounds. */
  readonly pauseMs: number;
  /** The same by {@link CollectOutcome.considered}, in nanoseconds; null when that is 0. */
  readonly nsPerObject: number | null;
  /** Bytes of all cells and buffers of the graph in the heap before, rounding and leaves included. */
  readonly bytes: number;
  /** Tracked objects that the collection had to look at: those of the generations that it collected. */
  readonly considered: number;
  /** Untracked objects that nodes refer to. */
  readonly leaves: number;
  /** References from nodes to nodes. */
  readonly edges: number;
  /** References from nodes to leaves. */
  readonly leafRefs: number;
  /** Nodes that references from outside hold. */
  readonly roots: number;
  /** Bytes that are there for the heap's sake, header words included: `HeapStats.metadataBytes`. */
  readonly metadataBytes: number;
  /** What CPython found in these generations, if that was recorded. */
  readonly cpython: { readonly python: string; readonly unreachable: number } | null;
  /** Whether it must find what CPython found (trait `cycles`): `null` when it need not, or nothing was recorded. */
  readonly verdict: "equal" | "different" | null;
  /** What `verify()` found wrong with the heap afterwards. */
  readonly problems: readonly string[];
}

/** What a module is asked for. */
export interface ListTask {
  /** A path or a package. */
  readonly module: string;
  /** Which of its plugins to list. */
  readonly kinds: readonly PluginKind[];
}

/** Each task's name, input and answer. */
export interface Tasks {
  /** Imports a module and lists its plugins. */
  readonly list: { readonly input: ListTask; readonly answer: readonly PluginDescription[] };
  /** Replays a recording. */
  readonly replay: { readonly input: ReplayTask; readonly answer: ReplayOutcome };
  /** Loads a graph and collects it. */
  readonly collect: { readonly input: CollectTask; readonly answer: CollectOutcome };
}

/** What a thread is started with. */
export type TaskOrder = { [Name in keyof Tasks]: { name: Name; input: Tasks[Name]["input"] } }[keyof Tasks];

/** What a thread says. */
export type TaskMessage =
  | { readonly kind: "progress"; readonly done: number; readonly total: number }
  | { readonly kind: "done"; readonly answer: unknown }
  | {
      readonly kind: "failed";
      readonly message: string;
      /** Set when the error is an answer; otherwise it is a bug. */
      readonly exitCode?: number;
      readonly code?: string | undefined;
      readonly hint?: string | undefined;
      readonly stack?: string | undefined;
    };
