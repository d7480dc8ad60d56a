import { reportAnswer } from "./output.js";
import type { RunFailure } from "./recording-run.js";

/**
 * Says on standard error what has no result; the messages name the recording, not always the plugins.
 *
 * @param pluginsOf - names the plugins of a choice
 */
export function createFailureReport<Choice>(
  pluginsOf: (choice: Choice) => string,
): (failure: RunFailure<Choice>) => void {
  return ({ file, choice, error }) => {
    const { message, hint } = error;
    const names = message.includes(file) || choice === null;
    reportAnswer({ message: names ? message : `${file} with ${pluginsOf(choice)}: ${message}`, hint });
  };
}
