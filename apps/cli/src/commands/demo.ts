/** `heapwright demo`: what `npm start` shows. Two recordings, CPython beside them, and what to try next. */

import { relative } from "node:path";

import { helpHint, parseArguments } from "../arguments.js";
import { DEFAULT_PRESET, describeBuiltIns } from "../built-in-plugins.js";
import { usageError } from "../command-error.js";
import { compareArenas } from "../compare-arenas.js";
import type { ExitCode } from "../exit-codes.js";
import { howToCall } from "../how-to-call.js";
import { paint, print } from "../output.js";
import { sharedRecordings } from "../paths.js";
import { runReplays, type ReplayRow } from "../replay-run.js";
import { formatRecording } from "../replay-table.js";
import { reportFailure } from "../report-failure.js";

/** See `main.ts`. */
export const help = `Replays two of the recordings that come with this package, and says what to try next.

Usage: heapwright demo
`;

const RECORDINGS = ["json_documents", "unittest_run"];

/** See `main.ts`. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  const { positionals } = parseArguments("demo", args, {});
  if (positionals.length > 0) {
    throw usageError(`demo takes no arguments, not ${JSON.stringify(positionals[0])}.`, helpHint("demo"));
  }
  print(
    "Two Python programs, recorded while CPython ran them: every call of its allocators,\n" +
      "replayed here through pymalloc in JavaScript, in one ArrayBuffer.\n",
  );
  const { rows, exitCode } = await runReplays({
    recordings: RECORDINGS,
    plugins: describeBuiltIns().filter(({ name }) => name === "pymalloc"),
    settings: {
      preset: DEFAULT_PRESET,
      arenaAlignment: "page",
      stream: "all",
      rounds: 3,
      maxBytes: undefined,
      checks: true,
    },
    onRecording: (own) => {
      print(`\n${formatRecording(own)}`);
    },
    onFailure: reportFailure,
  });
  print(`\n${conclusion(rows)}${nextSteps()}`);
  return exitCode;
}

function conclusion(rows: readonly ReplayRow[]): string {
  const equal = rows.length > 0 && rows.every((row) => compareArenas(row) === "equal");
  if (!equal) return "";
  return (
    "Both took as many arenas at the peak as CPython did, and every block was filled when it was\n" +
    "allocated and found intact when it was freed.\n\n"
  );
}

function nextSteps(): string {
  const call = howToCall();
  const shared = sharedRecordings();
  const steps = [
    ["two allocators side by side:", "replay decimal_pi --allocator pymalloc,bump"],
    ["as CPython 3.9 would have done:", "replay json_documents --preset cpython-3.9"],
    ["which allocators there are:", "plugins"],
    ...(shared === undefined
      ? []
      : [["all the recordings:", `replay ${relative(process.cwd(), shared) || "."}`]]),
    ["your own allocator, and more:", "replay --help"],
  ];
  const lines = steps.map(
    ([what, command]) => `  ${what!.padEnd(33)}${paint("cyan", `${call} ${command!}`)}\n`,
  );
  return `Try next:\n${lines.join("")}`;
}
