/** `heapwright replay`: reads the options, runs the replays, prints what came of them. */

import { PRESETS } from "@heapwright/allocator";

import { helpHint, oneOf, parseArguments, readMaxBytes, wholeNumber, type Parsed } from "../arguments.js";
import { DEFAULT_PRESET } from "../built-in-plugins.js";
import { choosePlugins, namesIn } from "../choose-plugins.js";
import { usageError } from "../command-error.js";
import type { ExitCode } from "../exit-codes.js";
import { knownRecordings } from "../find-recordings.js";
import { print } from "../output.js";
import { formatJson } from "../replay-json.js";
import { runReplays } from "../replay-run.js";
import { createFailureReport } from "../report-failure.js";
import { formatSummary } from "../replay-summary.js";
import { formatRecording } from "../replay-table.js";
import type { AllocatorDescription, ReplaySettings } from "../tasks.js";

/** See `main.ts`. */
export const help = `Replays recordings call by call, and prints what that took beside what CPython took.

Usage: heapwright replay <trace...> [options]

A trace is a file (.pymt, .pymt.gz, .pymt.br), a folder of them, - for standard
input, or the name of a recording: json_documents, decimal_pi and unittest_run come
with this package, more are looked for in the folder HEAPWRIGHT_TRACES.

Options:
  --allocator <name,...>   pymalloc, bump, a path (./my-allocator.mjs) or a package
                           (@me/alloc) that exports allocators. Default: pymalloc
  --preset <name>          lengths of arenas and pools: cpython-3.11 or cpython-3.9.
                           Default: cpython-3.11; your allocators get it as "preset"
  --stream <all|small>     every call, or those that CPython's pools serve. Default: all
  --rounds <n>             timed rounds after a checked one, 0 to 1000. Default: 5
  --arena-alignment <page|pool>
                           where arenas of pymalloc begin. Default: page
  --max-bytes <size>       most memory an allocator gets, such as 512MiB; at most 4GiB.
                           Default: 256 MiB, or more where the recording needs it
  --checks <on|off>        look for double frees and interior addresses. Default: on
  --json                   one line of JSON instead of tables
  -h, --help               this text

Linux places CPython's arenas at page boundaries, where nearly all of them lose one of
their 64 pools to alignment; with --arena-alignment page, pymalloc does the same, and
takes as many arenas as were recorded. CPython's own number can vary by one from run to
run (asyncio_echo: 15 or 16): such a difference is shown, and is no error.

The first round is not timed: it fills every block and checks it when it is freed.
Each replay runs in a thread of its own, so that figures can be compared. Nanoseconds
are CPU time; fragmentation is arena bytes at the peak by live small bytes.
`;

const OPTIONS = {
  allocator: { type: "string", multiple: true },
  preset: { type: "string" },
  stream: { type: "string", default: "all" },
  rounds: { type: "string", default: "5" },
  "arena-alignment": { type: "string", default: "page" },
  "max-bytes": { type: "string" },
  checks: { type: "string", default: "on" },
  json: { type: "boolean", default: false },
} as const;

/** See `main.ts`. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = parseArguments("replay", args, OPTIONS);
  const settings = readSettings(values);
  if (positionals.length === 0) {
    throw usageError(
      `replay needs a trace: a file, a folder, - or one of ${knownRecordings("trace").join(", ")}.`,
      helpHint("replay"),
    );
  }
  const plugins = await choosePlugins("allocator", namesIn(values.allocator ?? ["pymalloc"]));
  checkPreset(settings.preset, plugins);

  let printed = false;
  const replayed = await runReplays({
    recordings: positionals,
    plugins,
    settings,
    onFailure: createFailureReport(({ name }) => name),
    onRecording(rows) {
      if (values.json) return;
      print(`${printed ? "\n" : ""}${formatRecording(rows)}`);
      printed = true;
    },
  });
  if (values.json) print(formatJson(replayed));
  else printSummary(formatSummary(replayed.rows));
  return replayed.exitCode;
}

function printSummary(text: string): void {
  if (text !== "") print(`\n${text}`);
}

function readSettings(values: Parsed<typeof OPTIONS>["values"]): ReplaySettings {
  const { preset } = values;
  return {
    preset,
    stream: oneOf("--stream", values.stream, ["all", "small"]),
    rounds: wholeNumber("--rounds", values.rounds, 0, 1000),
    arenaAlignment: oneOf("--arena-alignment", values["arena-alignment"], ["page", "pool"]),
    maxBytes: readMaxBytes(values["max-bytes"]),
    checks: oneOf("--checks", values.checks, ["on", "off"]) === "on",
  };
}

/** Presets of the built-in allocators are known; those of the user's allocators are theirs. */
function checkPreset(preset: string | undefined, plugins: readonly AllocatorDescription[]): void {
  const strict = plugins.some(({ name }) => name === "pymalloc") || plugins.every(isBuiltIn);
  if (strict) oneOf("--preset", preset ?? DEFAULT_PRESET, Object.keys(PRESETS));
}

function isBuiltIn({ reference }: AllocatorDescription): boolean {
  return "builtIn" in reference;
}
