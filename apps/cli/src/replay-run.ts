/** Replays every recording into every allocator. */

import { EXIT, worstOf, type ExitCode } from "./exit-codes.js";
import { nameOf, type FoundRecording } from "./find-recordings.js";
import { createProgress } from "./progress.js";
import { codesOf, runRecordings, type RecordingRun, type RunFailure } from "./recording-run.js";
import { runTask } from "./run-task.js";
import type { AllocatorDescription, ReplayOutcome, ReplaySettings } from "./tasks.js";

/** One replay that came to its end. */
export interface ReplayRow {
  /** What the user called the recording. */
  readonly file: string;
  readonly plugin: AllocatorDescription;
  readonly outcome: ReplayOutcome;
}

/** A recording or an allocator without a result. */
export type ReplayFailure = RunFailure<AllocatorDescription>;

/** What came of a run. */
export interface ReplayRun extends RecordingRun<AllocatorDescription, ReplayRow> {
  readonly exitCode: ExitCode;
}

/** What to replay, and who wants to know at once. */
export interface ReplayPlan {
  /** Files, folders and names. */
  readonly recordings: readonly string[];
  readonly plugins: readonly AllocatorDescription[];
  readonly settings: ReplaySettings;
  /** Called with the results of each recording, when there are any. */
  readonly onRecording?: (rows: readonly ReplayRow[]) => void;
  /** Called with each failure. */
  readonly onFailure: (failure: ReplayFailure) => void;
}

/**
 * Carries a plan out.
 *
 * @throws only what is a bug
 */
export async function runReplays(plan: ReplayPlan): Promise<ReplayRun> {
  const { recordings, plugins, settings, onRecording, onFailure } = plan;
  const { rows, failures } = await runRecordings<AllocatorDescription, ReplayRow>({
    kind: "trace",
    recordings,
    choices: plugins,
    run: (plugin, recording) => replayInto(plugin, recording, settings),
    onRecording,
    onFailure,
  });
  const checks = rows.some(({ outcome }) => outcome.errors > 0) ? [EXIT.checkFailed] : [];
  return { rows, failures, exitCode: worstOf([...checks, ...codesOf(failures)]) };
}

async function replayInto(
  plugin: AllocatorDescription,
  { label, source }: FoundRecording,
  settings: ReplaySettings,
): Promise<ReplayRow> {
  const progress = createProgress(`${nameOf(label)}, ${plugin.name}`);
  try {
    const task = { recording: source, label, plugin: plugin.reference, settings };
    return { file: label, plugin, outcome: await runTask("replay", task, progress.update) };
  } finally {
    progress.end();
  }
}
