/** The other end of `run-task.ts`: does the task this thread was started for, and answers. */

import { parentPort, workerData } from "node:worker_threads";

import { asCommandError } from "../command-error.js";
import type { TaskMessage, TaskOrder } from "../tasks.js";

/** Does the task and answers. */
export async function serve(): Promise<void> {
  try {
    post({ kind: "done", answer: await carryOut(workerData as TaskOrder) });
  } catch (error) {
    post(describeFailure(error));
  }
}

async function carryOut(order: TaskOrder): Promise<unknown> {
  if (order.name === "list") {
    const { importPlugins } = await import("./import-plugins.js");
    const { module, kinds } = order.input;
    return (await importPlugins(module, kinds)).map(({ description }) => description);
  }
  if (order.name === "collect") {
    const { collectOne } = await import("./collect-one.js");
    return collectOne(order.input, postProgress);
  }
  const { replayOne } = await import("./replay-one.js");
  return replayOne(order.input, postProgress);
}

function postProgress(done: number, total: number): void {
  post({ kind: "progress", done, total });
}

function post(message: TaskMessage): void {
  parentPort?.postMessage(message);
}

function describeFailure(error: unknown): TaskMessage {
  const answer = asCommandError(error);
  if (answer) {
    const { message, exitCode, code, hint } = answer;
    return { kind: "failed", message, exitCode, code, hint };
  }
  if (!(error instanceof Error)) return { kind: "failed", message: String(error) };
  return { kind: "failed", message: `${error.name}: ${error.message}`, stack: error.stack };
}
