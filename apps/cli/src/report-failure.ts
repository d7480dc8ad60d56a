import { reportAnswer } from "./output.js";
import type { ReplayFailure } from "./replay-run.js";

/** Says on standard error what has no result; the messages name the recording, not always the allocator. */
export function reportFailure({ file, allocator, error }: ReplayFailure): void {
  const { message, hint } = error;
  const names = message.includes(file) || allocator === null;
  reportAnswer({ message: names ? message : `${file} with ${allocator}: ${message}`, hint });
}
