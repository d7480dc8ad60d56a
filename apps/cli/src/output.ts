/**
 * Where words go: results to standard output, everything else to standard error.
 * A reader that has seen enough (`| head -1`) is no error.
 */

import { styleText } from "node:util";

import { asCommandError, type CommandError } from "./command-error.js";
import { EXIT, type ExitCode } from "./exit-codes.js";

/** A style of {@link paint}: one, because Node 20 colours whatever the stream when it is given a list. */
export type Style = Exclude<Parameters<typeof styleText>[0], readonly unknown[]>;

/** Writes a part of the result. */
export function print(text: string): void {
  process.stdout.write(text);
}

/** Writes something that is not part of the result. */
export function printError(text: string): void {
  process.stderr.write(text);
}

/**
 * Colours text for a stream: only on a terminal, unless `FORCE_COLOR` says otherwise, and never with `NO_COLOR`.
 *
 * @param stream - where it will be written. Default: standard output
 */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream, validateStream: true });
}

/** Ends the program when its results cannot be written: without a word when the reader of a pipe has gone. */
export function quietOnClosedPipe(): void {
  process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
    if (code === "EPIPE") process.exit();
    printLine(`The results cannot be written: ${message}`);
    process.exit(EXIT.failure);
  });
  // Where words about trouble cannot be written, there is nobody to tell.
  process.stderr.on("error", () => undefined);
}

/**
 * Tells the user what went wrong, in a line or two. A bug shows where it is with `HEAPWRIGHT_DEBUG=1`.
 *
 * @returns the exit code
 */
export function reportError(error: unknown): ExitCode {
  const answer = asCommandError(error);
  if (answer) {
    reportAnswer(answer);
    return answer.exitCode;
  }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  if (process.env["HEAPWRIGHT_DEBUG"] === "1" && error instanceof Error)
    printError(`${error.stack ?? text}\n`);
  else printLine(`This is a bug: ${text} (HEAPWRIGHT_DEBUG=1 shows where)`);
  return EXIT.failure;
}

/** Tells the user what cannot be done, and what to do. */
export function reportAnswer({ message, hint }: Pick<CommandError, "message" | "hint">): void {
  printLine(message);
  if (hint !== undefined) printError(`${hint}\n`);
}

function printLine(text: string): void {
  printError(`${paint("red", "heapwright:", process.stderr)} ${oneLine(text)}\n`);
}

/** Messages of modules that could not be imported can have many lines. */
function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, " ");
}
