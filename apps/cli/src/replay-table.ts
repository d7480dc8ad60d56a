/** The results of one recording for people: a column for each allocator, and one for CPython. */

import { formatBytes } from "@heapwright/core";

import { arenaNote, compareArenas } from "./compare-arenas.js";
import { nameOf } from "./find-recordings.js";
import { paint } from "./output.js";
import type { ReplayRow } from "./replay-run.js";
import { formatTable, grouped, type Cell } from "./table.js";
import type { ReplayOutcome } from "./tasks.js";

const NONE = "-";

/**
 * Lays the results of one recording out.
 *
 * @param rows - at least one, all of the same recording
 */
export function formatRecording(rows: readonly ReplayRow[]): string {
  const [{ outcome }] = rows as readonly [ReplayRow];
  const table = formatTable(
    tableRows(rows).map((row) => ["", ...row]),
    [...rows, outcome].map((_, i) => i + 2),
  );
  const notes = new Set(rows.map(arenaNote).filter((note) => note !== undefined));
  return [headline(rows), table, ...rows.map(problemsOf), ...[...notes].map((note) => `  ${note}\n`)].join(
    "",
  );
}

function headline(rows: readonly ReplayRow[]): string {
  const [{ file, outcome }] = rows as readonly [ReplayRow];
  const { trace, events, peakLiveBytes, stream, smallOps } = outcome;
  const from = nameOf(file) === trace ? "" : ` (${file})`;
  const part = stream === "small" ? `, ${grouped(smallOps)} of them small` : "";
  return `${paint("bold", trace)}${from}: ${grouped(events)} events${part}, ${formatBytes(peakLiveBytes)} live at the peak\n`;
}

function tableRows(rows: readonly ReplayRow[]): Cell[][] {
  const [{ outcome }] = rows as readonly [ReplayRow];
  const { cpython } = outcome;
  const each = (cell: (outcome: ReplayOutcome) => Cell): Cell[] => rows.map((row) => cell(row.outcome));
  const line = (label: string, cell: (outcome: ReplayOutcome) => Cell, recorded?: string): Cell[] => [
    label,
    ...each(cell),
    ...(cpython ? [recorded ?? NONE] : []),
  ];
  const some = (value: (outcome: ReplayOutcome) => unknown): boolean =>
    rows.some((row) => value(row.outcome) !== null);

  return [
    line(
      "",
      ({ allocator }) => ({ text: allocator, style: "bold" }),
      `CPython ${cpython?.python ?? ""}`.trim(),
    ),
    ...(some(({ preset }) => preset) ? [line("preset", ({ preset }) => preset ?? NONE)] : []),
    [
      ...line("arenas at the peak", ({ arenasPeak }) => count(arenasPeak), count(cpython?.arenasPeak)),
      ...verdicts(rows),
    ],
    line("arenas ever taken", ({ arenasTotal }) => count(arenasTotal), count(cpython?.arenasTotal)),
    line("fragmentation", ({ fragmentation }) => ratio(fragmentation), ratio(cpython?.fragmentation)),
    line("peak footprint", ({ peakFootprintBytes }) => formatBytes(peakFootprintBytes)),
    ...(some(({ nsPerEvent }) => nsPerEvent)
      ? [line("ns per event", ({ nsPerEvent }) => nsPerEvent?.toFixed(1) ?? NONE)]
      : []),
    line("errors", ({ errors }) =>
      errors === 0 ? { text: "none", style: "green" } : { text: grouped(errors), style: "red" },
    ),
  ];
}

/** One word when all allocators with arenas compare alike, else one for each. */
function verdicts(rows: readonly ReplayRow[]): Cell[] {
  const compared = rows
    .map((row) => ({ name: row.outcome.allocator, verdict: compareArenas(row) }))
    .filter(({ verdict }) => verdict !== null);
  const words = [...new Set(compared.map(({ verdict }) => verdict))];
  if (words.length === 0) return [];
  const style = words.includes("different") ? "yellow" : "green";
  const text =
    words.length === 1 ? words[0]! : compared.map(({ name, verdict }) => `${name} ${verdict!}`).join(", ");
  return [{ text, style }];
}

function problemsOf({ outcome }: ReplayRow): string {
  const { allocator, errors, problems } = outcome;
  if (errors === 0) return "";
  const more = errors > problems.length ? `    and ${grouped(errors - problems.length)} more\n` : "";
  return `  ${paint("red", `${allocator}:`)}\n${problems.map((text) => `    ${text}\n`).join("")}${more}`;
}

function count(number: number | null | undefined): string {
  return number === null || number === undefined ? NONE : grouped(number);
}

function ratio(number: number | null | undefined): string {
  return number?.toFixed(3) ?? NONE;
}
