/** `heapwright demo`: what `npm start` shows. Two traces and a graph, CPython beside them, and what to try next. */

import { relative } from "node:path";

import { helpHint, parseArguments } from "../arguments.js";
import { DEFAULT_PRESET, describeAllocators, describeCollectors } from "../built-in-plugins.js";
import { nameOfChoice, runCollections, type CollectRow } from "../collect-run.js";
import { formatGraph } from "../collect-table.js";
import { usageError } from "../command-error.js";
import { compareArenas } from "../compare-arenas.js";
import { worstOf, type ExitCode } from "../exit-codes.js";
import { sharedFolder } from "../find-recordings.js";
import { howToCall } from "../how-to-call.js";
import { paint, print } from "../output.js";
import { runReplays, type ReplayRow } from "../replay-run.js";
import { formatRecording } from "../replay-table.js";
import { createFailureReport } from "../report-failure.js";
import { grouped } from "../table.js";

/** See `main.ts`. */
export const help = `Replays two traces and collects one graph of those that come with this package, and says
what to try next.

Usage: heapwright demo
`;

const TRACES = ["json_documents", "unittest_run"];
const GRAPH = "object_web";

/** See `main.ts`. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  const { positionals } = parseArguments("demo", args, {});
  if (positionals.length > 0) {
    throw usageError(`demo takes no arguments, not ${JSON.stringify(positionals[0])}.`, helpHint("demo"));
  }
  const codes = [await replayTraces(), await collectGraph()];
  print(`\n${nextSteps()}`);
  return worstOf(codes);
}

async function replayTraces(): Promise<ExitCode> {
  print(
    "Two Python programs, recorded while CPython ran them: every call of its allocators,\n" +
      "replayed here through pymalloc in JavaScript, in one ArrayBuffer.\n",
  );
  const { rows, exitCode } = await runReplays({
    recordings: TRACES,
    plugins: describeAllocators().filter(({ name }) => name === "pymalloc"),
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
    onFailure: createFailureReport(({ name }) => name),
  });
  print(conclusionOnTraces(rows));
  return exitCode;
}

function conclusionOnTraces(rows: readonly ReplayRow[]): string {
  const equal = rows.length > 0 && rows.every((row) => compareArenas(row) === "equal");
  if (!equal) return "";
  return (
    "\nBoth took as many arenas at the peak as CPython did, and every block was filled when it was\n" +
    "allocated and found intact when it was freed.\n"
  );
}

async function collectGraph(): Promise<ExitCode> {
  print(
    "\nThe objects of a Python program, a web of lists, observers and generators of which a part is garbage,\n" +
      "recorded as CPython's cycle collector saw them; loaded here into heaps and collected by two collectors.\n",
  );
  const { rows, exitCode } = await runCollections(
    {
      recordings: [GRAPH],
      collectors: describeCollectors().filter(({ traits }) => traits.cycles),
      allocators: describeAllocators().filter(({ name }) => name === "pymalloc"),
      settings: { generation: 2, rounds: 3, maxBytes: undefined },
      onRecording: (own) => {
        print(`\n${formatGraph(own)}`);
      },
    },
    createFailureReport(nameOfChoice),
  );
  print(conclusionOnGraph(rows));
  return exitCode;
}

function conclusionOnGraph(rows: readonly CollectRow[]): string {
  const equal = rows.length > 0 && rows.every(({ outcome }) => outcome.verdict === "equal");
  if (!equal) return "";
  const found = rows[0]!.outcome.unreachable;
  return `\nBoth found exactly the ${grouped(found)} objects that CPython found.\n`;
}

function nextSteps(): string {
  const call = howToCall();
  const traces = sharedFolder("trace");
  const graphs = sharedFolder("graph");
  const shown = (folder: string): string => relative(process.cwd(), folder) || ".";
  const steps = [
    ["two allocators side by side:", "replay decimal_pi --allocator pymalloc,bump"],
    ["as CPython 3.9 would have done:", "replay json_documents --preset cpython-3.9"],
    ["a heap that keeps no counts:", "collect stdlib_modules --collector gc-mark-sweep"],
    ["which plugins there are:", "plugins"],
    ...(traces === undefined ? [] : [["all the traces:", `replay ${shown(traces)}`]]),
    ...(graphs === undefined ? [] : [["all the graphs:", `collect ${shown(graphs)}`]]),
    ["your own plugins, and more:", "replay --help"],
  ];
  const lines = steps.map(
    ([what, command]) => `  ${what!.padEnd(33)}${paint("cyan", `${call} ${command!}`)}\n`,
  );
  return `Try next:\n${lines.join("")}`;
}
