/** Replays one recording into one allocator, in the thread that was made for it. */

import type { AllocatorPlugin } from "@heapwright/core";
import { openTrace, replay, type Trace } from "@heapwright/replay";
import { brotli, cpuClock, openTraceFile } from "@heapwright/replay/node";

import { DEFAULT_PRESET, builtInAllocators } from "../built-in-plugins.js";
import type { OnProgress } from "../run-task.js";
import type { PluginReference, ReplayOutcome, ReplaySettings, ReplayTask } from "../tasks.js";
import { guardedPlugin } from "./guarded-plugin.js";
import { importPlugin } from "./import-plugins.js";
import { defaultMaxBytes } from "./max-bytes.js";

/**
 * Replays.
 *
 * @throws what reading the recording and making the allocator throw
 */
export async function replayOne(task: ReplayTask, onProgress: OnProgress): Promise<ReplayOutcome> {
  const { settings } = task;
  const trace = await openRecording(task);
  const { plugin, preset } = await findPlugin(task.plugin, settings);

  let arenaBytes: number | null = null;
  const guarded = guardedPlugin(plugin, ({ arenas }) => {
    arenaBytes = arenas?.arenaBytes ?? null;
  });
  const result = await replay(trace, guarded, {
    stream: settings.stream,
    rounds: settings.rounds,
    allocator: {
      maxBytes: settings.maxBytes ?? defaultMaxBytes(trace.header, plugin.traits),
      checks: settings.checks,
      ...(preset !== undefined && { preset }),
    },
    clock: cpuClock,
    onProgress,
  });
  return { ...result, arenaBytes };
}

function openRecording({ recording, label }: ReplayTask): Promise<Trace> {
  if ("path" in recording) return openTraceFile(recording.path);
  return openTrace(recording.bytes, { name: label, brotli });
}

/** The plugin, and the preset it is told of. */
async function findPlugin(
  reference: PluginReference,
  settings: ReplaySettings,
): Promise<{ plugin: AllocatorPlugin; preset: string | undefined }> {
  if (!("builtIn" in reference)) {
    const plugin = (await importPlugin(reference, "allocator")) as AllocatorPlugin;
    return { plugin, preset: settings.preset };
  }
  const plugin = builtInAllocators(settings).find(({ name }) => name === reference.builtIn)!;
  return { plugin, preset: plugin.name === "pymalloc" ? (settings.preset ?? DEFAULT_PRESET) : undefined };
}
