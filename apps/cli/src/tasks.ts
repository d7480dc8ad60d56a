/**
 * What is done in a thread of its own: whatever loads or runs an allocator that
 * came from elsewhere, and every replay. A task and its answer are plain data.
 */

import type { AllocatorTraits } from "@heapwright/core";
import type { ReplayResult } from "@heapwright/replay";

/** Where an allocator plugin is found again, in any thread. */
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

/** An allocator plugin, without its code. */
export interface PluginDescription {
  readonly name: string;
  readonly kind: string;
  readonly api: number;
  readonly summary: string | null;
  readonly traits: AllocatorTraits;
  readonly reference: PluginReference;
}

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

/** Each task's name, input and answer. */
export interface Tasks {
  /** Imports a module and lists its allocator plugins. */
  readonly list: { readonly input: string; readonly answer: readonly PluginDescription[] };
  /** Replays a recording. */
  readonly replay: { readonly input: ReplayTask; readonly answer: ReplayOutcome };
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
