/**
 * Runs a task in a thread of its own, made for it and ended after it.
 *
 * V8 specialises the replay loop for the allocators it has met, so figures can
 * only be compared when each replay has an engine to itself. The thread also keeps
 * the main one free, for the progress bar and for Ctrl-C while foreign code runs,
 * and keeps what foreign code prints out of the results.
 */

import { Worker } from "node:worker_threads";

import { CommandError } from "./command-error.js";
import { EXIT, type ExitCode } from "./exit-codes.js";
import { workerFile } from "./paths.js";
import type { TaskMessage, TaskOrder, Tasks } from "./tasks.js";

/** Called with how much of how much is done. */
export type OnProgress = (done: number, total: number) => void;

/**
 * Runs a task.
 *
 * @throws CommandError when the task has an answer but no result, or its thread ended early; what looks like a bug is a
 * plain Error
 */
export async function runTask<Name extends keyof Tasks>(
  name: Name,
  input: Tasks[Name]["input"],
  onProgress?: OnProgress,
): Promise<Tasks[Name]["answer"]> {
  const worker = new Worker(workerFile(), {
    workerData: { name, input } as TaskOrder,
    // So that `import.meta.resolve` can look from the user's folder.
    execArgv: ["--experimental-import-meta-resolve"],
    stdout: true,
    stderr: true,
  });
  worker.stdout.pipe(process.stderr, { end: false });
  worker.stderr.pipe(process.stderr, { end: false });
  try {
    return (await answerOf(worker, onProgress)) as Tasks[Name]["answer"];
  } finally {
    await worker.terminate();
  }
}

function answerOf(worker: Worker, onProgress: OnProgress | undefined): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.on("message", (message: TaskMessage) => {
      if (message.kind === "progress") onProgress?.(message.done, message.total);
      else if (message.kind === "done") resolve(message.answer);
      else reject(revive(message));
    });
    worker.on("error", (error: NodeJS.ErrnoException) => {
      const what =
        error.code === "ERR_WORKER_OUT_OF_MEMORY" ? "ran out of memory" : `broke: ${error.message}`;
      reject(new CommandError(EXIT.failure, `The thread ${what}.`));
    });
    worker.on("exit", (code) => {
      reject(
        new CommandError(EXIT.failure, `The thread ended by itself, with code ${code}, before it was done.`),
      );
    });
  });
}

/** Errors lose their class between threads. */
function revive(failed: TaskMessage & { kind: "failed" }): Error {
  const { message, exitCode, code, hint, stack } = failed;
  if (exitCode === undefined) {
    const error = new Error(message);
    if (stack !== undefined) error.stack = stack;
    return error;
  }
  return new CommandError(exitCode as ExitCode, message, {
    ...(code !== undefined && { code }),
    ...(hint !== undefined && { hint }),
  });
}
