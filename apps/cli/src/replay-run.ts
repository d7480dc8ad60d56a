/**
 * Replays every recording into every allocator, one after the other, and goes on
 * when one of them fails: what was found out is never lost.
 */

import { asCommandError, type CommandError } from "./command-error.js";
import { EXIT, worstOf, type ExitCode } from "./exit-codes.js";
import { findRecordings, nameOf, type FoundRecording } from "./find-recordings.js";
import { createProgress } from "./progress.js";
import { runTask } from "./run-task.js";
import type { PluginDescription, ReplayOutcome, ReplaySettings } from "./tasks.js";

/** One replay that came to its end. */
export interface ReplayRow {
  /** What the user called the recording. */
  readonly file: string;
  readonly plugin: PluginDescription;
  readonly outcome: ReplayOutcome;
}

/** Something that has no result, and why. */
export interface ReplayFailure {
  readonly file: string;
  /** Null when the recording itself is at fault. */
  readonly allocator: string | null;
  readonly error: CommandError;
}

/** What came of a run. */
export interface ReplayRun {
  readonly rows: readonly ReplayRow[];
  readonly failures: readonly ReplayFailure[];
  readonly exitCode: ExitCode;
}

/** What to replay, and who wants to know at once. */
export interface ReplayPlan {
  /** Files, folders and names. */
  readonly recordings: readonly string[];
  readonly plugins: readonly PluginDescription[];
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
  const rows: ReplayRow[] = [];
  const failures: ReplayFailure[] = [];

  function fail(file: string, allocator: string | null, thrown: unknown): CommandError {
    const error = asCommandError(thrown);
    if (!error) throw thrown;
    const failure = { file, allocator, error };
    failures.push(failure);
    plan.onFailure(failure);
    return error;
  }

  async function replayRecording(recording: FoundRecording): Promise<void> {
    const own: ReplayRow[] = [];
    for (const plugin of plan.plugins) {
      try {
        own.push(await replayInto(plugin, recording, plan.settings));
      } catch (thrown) {
        const { exitCode } = fail(recording.label, plugin.name, thrown);
        // It would be as unreadable for the other allocators.
        if (exitCode === EXIT.unreadable) break;
      }
    }
    rows.push(...own);
    if (own.length > 0) plan.onRecording?.(own);
  }

  for (const argument of plan.recordings) {
    let found: FoundRecording[] = [];
    try {
      found = await findRecordings(argument);
    } catch (thrown) {
      fail(argument, null, thrown);
    }
    for (const recording of found) await replayRecording(recording);
  }

  const checks = rows.some(({ outcome }) => outcome.errors > 0) ? [EXIT.checkFailed] : [];
  return { rows, failures, exitCode: worstOf([...checks, ...failures.map(({ error }) => error.exitCode)]) };
}

async function replayInto(
  plugin: PluginDescription,
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
