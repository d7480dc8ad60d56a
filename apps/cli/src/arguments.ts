/**
 * Arguments, read with Node's own `parseArgs`: it is there already (a parser from
 * npm costs 5 ms of start-up and more), and it refuses what it does not know. Two
 * things are added: what was probably meant, and values of a fixed set.
 */

import { parseArgs, type ParseArgsConfig } from "node:util";

import { parseByteSize } from "@heapwright/core";

import { usageError } from "./command-error.js";
import { closest } from "./did-you-mean.js";

/** Options as `parseArgs` describes them. */
export type Options = NonNullable<ParseArgsConfig["options"]>;

/** What `parseArgs` makes of them. */
export type Parsed<O extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; allowPositionals: true; strict: true }>
>;

/**
 * Reads the arguments of a command.
 *
 * @throws CommandError for what is unknown, lacks its value or has one too many
 */
export function parseArguments<const O extends Options>(
  command: string,
  args: readonly string[],
  options: O,
): Parsed<O> {
  refuseUnknown(command, args, options);
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw usageError(`${firstSentence(error.message)}.`, helpHint(command));
  }
}

/** Strict parsing says only that something is unknown; this says what may have been meant. */
function refuseUnknown(command: string, args: readonly string[], options: Options): void {
  const { tokens } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const unknown = tokens.find((token) => token.kind === "option" && !Object.hasOwn(options, token.name));
  if (unknown?.kind !== "option") return;
  const guess = closest(unknown.name, Object.keys(options));
  throw usageError(
    `${command} has no option ${unknown.rawName}.${guess === undefined ? "" : ` Did you mean --${guess}?`}`,
    helpHint(command),
  );
}

/** "Option '--rounds <value>' argument missing" reads well; what follows in other messages is for programmers. */
function firstSentence(message: string): string {
  return message.split(/\.(?:\s|$)/)[0]!;
}

/** Where to read on. */
export function helpHint(command: string): string {
  return `See heapwright ${command} --help.`;
}

/**
 * Checks a value that must be one of a few.
 *
 * @param option - with its dashes
 * @throws CommandError naming what there is
 */
export function oneOf<const T extends string>(option: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw usageError(`${option} must be ${choices.join(" or ")}, not ${JSON.stringify(value)}.`);
}

/**
 * Reads a whole number.
 *
 * @throws CommandError naming the range
 */
export function wholeNumber(option: string, value: string, min: number, max: number): number {
  const number = /^\d+$/.test(value) ? Number(value) : NaN;
  if (number >= min && number <= max) return number;
  throw usageError(`${option} must be a whole number from ${min} to ${max}, not ${JSON.stringify(value)}.`);
}

/**
 * Reads `--max-bytes`.
 *
 * @returns `undefined` when it is not there
 * @throws CommandError, HeapwrightError `ERR_BAD_SIZE` or `ERR_BAD_OPTION`
 */
export function readMaxBytes(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bytes = parseByteSize(/^\d+$/.test(text) ? Number(text) : text, "--max-bytes");
  if (bytes > 0 && bytes <= 4 * 2 ** 30) return bytes;
  throw usageError(`--max-bytes must be above 0 B and at most 4GiB, not ${text}.`);
}
