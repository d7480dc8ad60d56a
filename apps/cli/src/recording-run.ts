/**
 * Does something with every recording and every choice of plugins, one after the other, and goes on when one of them
 * fails: what was found out is never lost.
 */

import { asCommandError, type CommandError } from "./command-error.js";
import { EXIT, type ExitCode } from "./exit-codes.js";
import { findRecordings, type FoundRecording } from "./find-recordings.js";
import type { RecordingKind } from "./recording-kind.js";

/** Something that has no result, and why. */
export interface RunFailure<Choice> {
  readonly file: string;
  /** Null when the recording itself is at fault. */
  readonly choice: Choice | null;
  readonly error: CommandError;
}

/** What came of a run. */
export interface RecordingRun<Choice, Row> {
  readonly rows: readonly Row[];
  readonly failures: readonly RunFailure<Choice>[];
}

/** What to do, and who wants to know at once. */
export interface RunPlan<Choice, Row> {
  readonly kind: RecordingKind;
  /** Files, folders and names. */
  readonly recordings: readonly string[];
  /** Plugins to try each recording with. */
  readonly choices: readonly Choice[];
  /** Does it once. */
  readonly run: (choice: Choice, recording: FoundRecording) => Promise<Row>;
  /** Called with the results of each recording, when there are any. */
  readonly onRecording?: ((rows: readonly Row[]) => void) | undefined;
  /** Called with each failure. */
  readonly onFailure: (failure: RunFailure<Choice>) => void;
}

/**
 * Carries a plan out.
 *
 * @throws only what is a bug
 */
export async function runRecordings<Choice, Row>(
  plan: RunPlan<Choice, Row>,
): Promise<RecordingRun<Choice, Row>> {
  const rows: Row[] = [];
  const failures: RunFailure<Choice>[] = [];

  function fail(file: string, choice: Choice | null, thrown: unknown): CommandError {
    const error = asCommandError(thrown);
    if (!error) throw thrown;
    const failure = { file, choice, error };
    failures.push(failure);
    plan.onFailure(failure);
    return error;
  }

  async function runRecording(recording: FoundRecording): Promise<void> {
    const own: Row[] = [];
    for (const choice of plan.choices) {
      try {
        own.push(await plan.run(choice, recording));
      } catch (thrown) {
        const { exitCode } = fail(recording.label, choice, thrown);
        // It would be as unreadable for the others.
        if (exitCode === EXIT.unreadable) break;
      }
    }
    rows.push(...own);
    if (own.length > 0) plan.onRecording?.(own);
  }

  for (const argument of plan.recordings) {
    let found: FoundRecording[] = [];
    try {
      found = await findRecordings(plan.kind, argument);
    } catch (thrown) {
      fail(argument, null, thrown);
    }
    for (const recording of found) await runRecording(recording);
  }
  return { rows, failures };
}

/** The exit codes of what failed. */
export function codesOf(failures: readonly RunFailure<unknown>[]): ExitCode[] {
  return failures.map(({ error }) => error.exitCode);
}

/** Failures apart: recordings that cannot be read, and choices that did not come to a result. */
export function sortFailures<Choice>(failures: readonly RunFailure<Choice>[]): {
  readonly unreadable: readonly RunFailure<Choice>[];
  readonly failed: readonly RunFailure<Choice>[];
} {
  const isUnreadable = ({ error }: RunFailure<Choice>): boolean => error.exitCode === EXIT.unreadable;
  return {
    unreadable: failures.filter(isUnreadable),
    failed: failures.filter((failure) => !isUnreadable(failure)),
  };
}

/** A recording that cannot be read, for JSON. */
export function asUnreadable({ file, error }: RunFailure<unknown>): object {
  return { file, code: error.code ?? "ERR_READ_FAILED", message: error.message };
}
