/** The collections of one graph for people: a column for each collector, and one for CPython. */

import { formatBytes } from "@heapwright/core";

import type { CollectRow } from "./collect-run.js";
import { nameOf } from "./find-recordings.js";
import { paint } from "./output.js";
import { formatTable, grouped, type Cell } from "./table.js";

const NONE = "-";

/**
 * Lays the results of one graph out.
 *
 * @param rows - at least one, all of the same graph
 */
export function formatGraph(rows: readonly CollectRow[]): string {
  const table = formatTable(
    tableRows(rows).map((row) => ["", ...row]),
    [...rows, null].map((_, i) => i + 2),
  );
  return [headline(rows), table, ...rows.map(problemsOf), ...notesOn(rows).map((note) => `  ${note}\n`)].join(
    "",
  );
}

function headline(rows: readonly CollectRow[]): string {
  const [{ file, outcome }] = rows as readonly [CollectRow];
  const { graph, tracked, leaves, edges, leafRefs } = outcome;
  const from = nameOf(file) === graph ? "" : ` (${file})`;
  return `${paint("bold", graph)}${from}: ${grouped(tracked)} tracked objects and ${grouped(leaves)} leaves, ${grouped(edges + leafRefs)} references\n`;
}

function tableRows(rows: readonly CollectRow[]): Cell[][] {
  const recorded = rows.find(({ outcome }) => outcome.cpython !== null)?.outcome.cpython;
  const several = new Set(rows.map(({ allocator }) => allocator.name)).size > 1;
  const line = (label: string, cell: (row: CollectRow) => Cell, cpython = NONE): Cell[] => [
    label,
    ...rows.map(cell),
    ...(recorded ? [cpython] : []),
  ];
  return [
    line(
      "",
      ({ collector }) => ({ text: collector.name, style: "bold" }),
      `CPython ${recorded?.python ?? ""}`.trim(),
    ),
    ...(several ? [line("allocator", ({ allocator }) => allocator.name)] : []),
    line("objects considered", (row) => (looksForCycles(row) ? grouped(row.outcome.considered) : NONE)),
    [
      ...line("unreachable", ({ outcome }) => grouped(outcome.unreachable), recordedBy(rows)),
      ...verdicts(rows),
    ],
    line("blocks freed", ({ outcome }) => grouped(outcome.freed)),
    line("pause, ms", ({ outcome }) => outcome.pauseMs.toFixed(2)),
    line("ns per object", (row) =>
      looksForCycles(row) ? (row.outcome.nsPerObject?.toFixed(1) ?? NONE) : NONE,
    ),
    line("bytes", ({ outcome }) => formatBytes(outcome.bytes)),
    line("problems", ({ outcome }) =>
      outcome.problems.length === 0 ? { text: "none", style: "green" } : { text: "found", style: "red" },
    ),
  ];
}

function looksForCycles({ collector }: CollectRow): boolean {
  return collector.traits.cycles;
}

/** What CPython found: two figures where a full collection stands beside one of the young. */
function recordedBy(rows: readonly CollectRow[]): string {
  const figures = new Set(rows.flatMap(({ outcome }) => outcome.cpython?.unreachable ?? []));
  return [...figures].map(grouped).join(" / ") || NONE;
}

/** One word when all collectors compare alike, else one for each. */
function verdicts(rows: readonly CollectRow[]): Cell[] {
  const compared = rows.filter(({ outcome }) => outcome.verdict !== null);
  const words = [...new Set(compared.map(({ outcome }) => outcome.verdict!))];
  if (words.length === 0) return [];
  const text =
    words.length === 1
      ? words[0]!
      : compared.map(({ outcome }) => `${outcome.collector} ${outcome.verdict!}`).join(", ");
  return [{ text, style: words.includes("different") ? "yellow" : "green" }];
}

function problemsOf({ outcome }: CollectRow): string {
  const { collector, problems } = outcome;
  if (problems.length === 0) return "";
  return `  ${paint("red", `${collector}:`)}\n${problems.map((text) => `    ${text}\n`).join("")}`;
}

/** What to know about collectors that do less, or more, than was asked for. */
function notesOn(rows: readonly CollectRow[]): string[] {
  const { generation } = rows[0]!.outcome;
  const named = (which: (row: CollectRow) => boolean): string =>
    [...new Set(rows.filter(which).map(({ collector }) => collector.name))].join(" and ");
  const full = named(({ collector: { traits } }) => traits.cycles && traits.generations === 1);
  const idle = named((row) => !looksForCycles(row));
  return [
    ...(generation < 2 && full !== ""
      ? [`${full}: no generations, so all objects were collected, and CPython's full collection is compared.`]
      : []),
    ...(idle === "" ? [] : [`${idle}: looks for no cycles, and is compared with nothing.`]),
  ];
}
