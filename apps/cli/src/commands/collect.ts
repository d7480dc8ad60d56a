/** `heapwright collect`: reads the options, runs the collections, prints what came of them. */

import { helpHint, oneOf, parseArguments, readMaxBytes, wholeNumber, type Parsed } from "../arguments.js";
import { choosePlugins, namesIn } from "../choose-plugins.js";
import { formatCollectJson } from "../collect-json.js";
import { nameOfChoice, runCollections } from "../collect-run.js";
import { formatGraph } from "../collect-table.js";
import { usageError } from "../command-error.js";
import type { ExitCode } from "../exit-codes.js";
import { knownRecordings } from "../find-recordings.js";
import { print } from "../output.js";
import { createFailureReport } from "../report-failure.js";
import type { CollectSettings } from "../tasks.js";

/** See `main.ts`. */
export const help = `Loads object graphs into heaps and collects them, and prints what was found beside what
CPython's own collector found.

Usage: heapwright collect <graph...> [options]

A graph is a file (.pymg, .pymg.gz, .pymg.br), a folder of them, - for standard input,
or the name of a recording: stdlib_modules and object_web come with this package,
more are looked for in the folder HEAPWRIGHT_TRACES.

Options:
  --collector <name,...>   gc-generational, gc-mark-sweep, none, a path
                           (./my-collector.mjs) or a package (@me/gc) that exports
                           collectors. Default: gc-generational
  --allocator <name,...>   pymalloc, bump, a path or a package. Default: pymalloc
  --generation <0|1|2>     the oldest generation to collect; 2 is all. Default: 2
  --rounds <n>             how often the graph is loaded and collected, 1 to 100; the
                           first rounds wait for V8 to compile, so the shortest pause
                           counts. Default: 3
  --max-bytes <size>       most memory a heap gets, such as 512MiB; at most 4GiB.
                           Default: what the graph needs
  --json                   one line of JSON instead of tables
  -h, --help               this text

Objects are as long as they were recorded, without CPython's 16 bytes for the collector,
in their recorded generations; references from outside the graph hold what they held.
A collector without generations (gc-mark-sweep) collects all objects whatever is asked.

unreachable     objects that the collection found; none looks for none
blocks freed    cells and buffers that it gave back, those of leaves included
pause           CPU time of the collection in milliseconds, finalizers included
ns per object   the pause by the objects in the generations that were collected
bytes           all cells (in multiples of 16 bytes, with their header words) and
                buffers of the graph, leaves included; not the heap's other tables

Each collector has a heap and a thread of its own, so that figures can be compared. The
heap is verified afterwards. Exit code 3: a collector that claims to find what CPython
finds (trait exact) found something else, or the heap was not in order.
`;

const OPTIONS = {
  collector: { type: "string", multiple: true },
  allocator: { type: "string", multiple: true },
  generation: { type: "string", default: "2" },
  rounds: { type: "string", default: "3" },
  "max-bytes": { type: "string" },
  json: { type: "boolean", default: false },
} as const;

/** See `main.ts`. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = parseArguments("collect", args, OPTIONS);
  const settings = readSettings(values);
  if (positionals.length === 0) {
    throw usageError(
      `collect needs a graph: a file, a folder, - or one of ${knownRecordings("graph").join(", ")}.`,
      helpHint("collect"),
    );
  }
  const collectors = await choosePlugins("collector", namesIn(values.collector ?? ["gc-generational"]));
  const allocators = await choosePlugins("allocator", namesIn(values.allocator ?? ["pymalloc"]));

  let printed = false;
  const plan = { recordings: positionals, collectors, allocators, settings };
  const onRecording: Parameters<typeof runCollections>[0]["onRecording"] = (rows) => {
    if (values.json) return;
    print(`${printed ? "\n" : ""}${formatGraph(rows)}`);
    printed = true;
  };
  const collected = await runCollections({ ...plan, onRecording }, createFailureReport(nameOfChoice));
  if (values.json) print(formatCollectJson(collected));
  return collected.exitCode;
}

function readSettings(values: Parsed<typeof OPTIONS>["values"]): CollectSettings {
  return {
    generation: Number(oneOf("--generation", values.generation, ["0", "1", "2"])) as 0 | 1 | 2,
    rounds: wholeNumber("--rounds", values.rounds, 1, 100),
    maxBytes: readMaxBytes(values["max-bytes"]),
  };
}
