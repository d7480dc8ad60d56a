/**
 * Errors that are an answer: one line for the user, and the exit code that goes
 * with it. Anything else that is thrown is a bug of this program.
 *
 * Errors of the libraries have codes; which exit code each of them means is
 * decided here and nowhere else. No library is loaded for it: errors are told by
 * name and code, as `HeapwrightError.is` does.
 */

import { EXIT, type ExitCode } from "./exit-codes.js";

/** What the user is told, and with which exit code. */
export class CommandError extends Error {
  /** The command's exit code, unless something worse happens. */
  readonly exitCode: ExitCode;
  /** A code of the catalogue in core, when there is one. */
  readonly code: string | undefined;
  /** A second line: what to do. */
  readonly hint: string | undefined;

  /**
   * Makes an answer.
   *
   * @param exitCode - see {@link EXIT}
   * @param message - what was asked, what was found
   */
  constructor(
    exitCode: ExitCode,
    message: string,
    more: { readonly code?: string; readonly hint?: string } = {},
  ) {
    super(message);
    this.name = "CommandError";
    this.exitCode = exitCode;
    this.code = more.code;
    this.hint = more.hint;
  }
}

/** Where to read on when a command is not known. */
export const HELP_HINT = "See heapwright --help.";

/** The command line cannot be followed. */
export function usageError(message: string, hint?: string): CommandError {
  return new CommandError(EXIT.usage, message, hint === undefined ? {} : { hint });
}

/** A recording cannot be read. `code` is one of the catalogue. */
export function unreadable(message: string, code = "ERR_READ_FAILED"): CommandError {
  return new CommandError(EXIT.unreadable, message, { code });
}

const EXIT_BY_CODE: Readonly<Record<string, ExitCode>> = {
  ERR_READ_FAILED: EXIT.unreadable,
  ERR_BAD_RECORDING: EXIT.unreadable,
  ERR_TRUNCATED_RECORDING: EXIT.unreadable,
  ERR_WRONG_RECORDING: EXIT.unreadable,
  ERR_RECORDING_VERSION: EXIT.unreadable,
  ERR_COMPRESSION_UNSUPPORTED: EXIT.unreadable,
  ERR_BAD_PLUGIN: EXIT.usage,
  ERR_BAD_OPTION: EXIT.usage,
  ERR_BUFFER_TOO_SMALL: EXIT.usage,
  ERR_PLUGIN_MISMATCH: EXIT.usage,
  ERR_BAD_LAYOUT: EXIT.usage,
};

/** The answer that a thrown value amounts to; `undefined` for a bug. */
export function asCommandError(error: unknown): CommandError | undefined {
  if (error instanceof CommandError) return error;
  if (!(error instanceof Error) || error.name !== "HeapwrightError" || !("code" in error)) return undefined;
  const code = String(error.code);
  return new CommandError(EXIT_BY_CODE[code] ?? EXIT.failure, error.message, { code });
}
