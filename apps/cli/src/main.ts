/**
 * The command line of Heapwright: finds the command, runs it, and turns whatever
 * comes of it into an exit code.
 *
 * A command is a module that is loaded when it is asked for, so that `--version`
 * costs little more than Node itself. Code of others (plugins, and the replays and
 * collections that call them) runs in a thread of its own, see `run-task.ts`.
 */

import { HELP_HINT, usageError } from "./command-error.js";
import { closest } from "./did-you-mean.js";
import { EXIT, type ExitCode } from "./exit-codes.js";
import { print, printError, quietOnClosedPipe, reportError } from "./output.js";
import { packageVersion } from "./paths.js";

/** A command, as its module exports it. */
export interface Command {
  /** What `heapwright <command> --help` prints. */
  readonly help: string;
  /** Does the work; the arguments are those behind the command's name. */
  run(args: readonly string[]): Promise<ExitCode>;
}

const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  replay: () => import("./commands/replay.js"),
  collect: () => import("./commands/collect.js"),
  plugins: () => import("./commands/plugins.js"),
  demo: () => import("./commands/demo.js"),
};

/**
 * Runs one command line to its end and sets the exit code. Nothing is thrown.
 *
 * @param args - without Node and the script
 */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  quietOnClosedPipe();
  process.on("SIGINT", () => process.exit(EXIT.interrupted));
  try {
    process.exitCode = await dispatch(args);
  } catch (error) {
    process.exitCode = reportError(error);
  }
}

/** Runs the task that this thread was started for; see `run-task.ts`. */
export async function serveTask(): Promise<void> {
  const { serve } = await import("./worker/serve.js");
  await serve();
}

async function dispatch(args: readonly string[]): Promise<ExitCode> {
  const [first, ...rest] = args;
  if (first === "--version" || first === "-v") {
    print(`${packageVersion()}\n`);
    return EXIT.ok;
  }
  if (first === "--help" || first === "-h" || first === "help") return help(rest[0]);
  if (first === undefined) {
    printError((await import("./help.js")).HELP);
    return EXIT.usage;
  }

  const command = await findCommand(first);
  if (rest.some((argument) => argument === "--help" || argument === "-h")) return help(first);
  return command.run(rest);
}

async function help(name: string | undefined): Promise<ExitCode> {
  print(name === undefined ? (await import("./help.js")).HELP : (await findCommand(name)).help);
  return EXIT.ok;
}

async function findCommand(name: string): Promise<Command> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load) return load();
  if (name.startsWith("-")) {
    throw usageError(`Unknown option ${name}. Options of a command follow its name.`, HELP_HINT);
  }
  const guess = closest(name, Object.keys(COMMANDS));
  throw usageError(
    `Unknown command ${JSON.stringify(name)}.${guess === undefined ? "" : ` Did you mean ${guess}?`}`,
    HELP_HINT,
  );
}
