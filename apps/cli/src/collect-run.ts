/** Collects every graph with every pair of a collector and an allocator. */

import { EXIT, worstOf, type ExitCode } from "./exit-codes.js";
import { nameOf, type FoundRecording } from "./find-recordings.js";
import { createProgress } from "./progress.js";
import { codesOf, runRecordings, type RecordingRun, type RunFailure } from "./recording-run.js";
import { runTask } from "./run-task.js";
import type { AllocatorDescription, CollectOutcome, CollectSettings, CollectorDescription } from "./tasks.js";

/** Plugins of a heap. */
export interface HeapChoice {
  readonly collector: CollectorDescription;
  readonly allocator: AllocatorDescription;
}

/** One collection that came to its end. */
export interface CollectRow extends HeapChoice {
  /** What the user called the recording. */
  readonly file: string;
  readonly outcome: CollectOutcome;
}

/** A recording or a pair of plugins without a result. */
export type CollectFailure = RunFailure<HeapChoice>;

/** What came of a run. */
export interface CollectRun extends RecordingRun<HeapChoice, CollectRow> {
  readonly exitCode: ExitCode;
}

/** What to collect, and who wants to know at once. */
export interface CollectPlan {
  /** Files, folders and names. */
  readonly recordings: readonly string[];
  readonly collectors: readonly CollectorDescription[];
  readonly allocators: readonly AllocatorDescription[];
  readonly settings: CollectSettings;
  /** Called with the results of each recording, when there are any. */
  readonly onRecording?: (rows: readonly CollectRow[]) => void;
}

/**
 * Carries a plan out.
 *
 * @param onFailure - called with each failure
 * @throws only what is a bug
 */
export async function runCollections(
  { recordings, collectors, allocators, settings, onRecording }: CollectPlan,
  onFailure: (failure: CollectFailure) => void,
): Promise<CollectRun> {
  const { rows, failures } = await runRecordings<HeapChoice, CollectRow>({
    kind: "graph",
    recordings,
    choices: allocators.flatMap((allocator) => collectors.map((collector) => ({ collector, allocator }))),
    run: (choice, recording) => collectWith(choice, recording, settings),
    onRecording,
    onFailure,
  });
  const checks = rows.some(failsItsCheck) ? [EXIT.checkFailed] : [];
  return { rows, failures, exitCode: worstOf([...checks, ...codesOf(failures)]) };
}

/** How a choice is called in messages. */
export function nameOfChoice({ collector, allocator }: HeapChoice): string {
  return `${collector.name} and ${allocator.name}`;
}

/** A collector that claims to find what CPython finds (trait `exact`) and does not, or a heap that is not in order. */
function failsItsCheck({ collector, outcome }: CollectRow): boolean {
  return outcome.problems.length > 0 || (collector.traits.exact && outcome.verdict === "different");
}

async function collectWith(
  { collector, allocator }: HeapChoice,
  { label, source }: FoundRecording,
  settings: CollectSettings,
): Promise<CollectRow> {
  const progress = createProgress(`${nameOf(label)}, ${collector.name}`);
  try {
    const plugins = { collector: collector.reference, allocator: allocator.reference };
    const task = { recording: source, label, ...plugins, settings };
    return { file: label, collector, allocator, outcome: await runTask("collect", task, progress.update) };
  } finally {
    progress.end();
  }
}
