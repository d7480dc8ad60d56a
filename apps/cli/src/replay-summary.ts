import { compareArenas, isOwnSpread } from "./compare-arenas.js";
import type { ReplayRow } from "./replay-run.js";

/**
 * What several recordings have in common: a line for each allocator that has arenas to compare.
 *
 * @returns lines, or nothing for a single recording
 */
export function formatSummary(rows: readonly ReplayRow[]): string {
  const compared = rows.filter((row) => compareArenas(row) !== null);
  const names = [...new Set(compared.map(({ plugin }) => plugin.name))];
  return names
    .map((name) =>
      summaryOf(
        name,
        compared.filter(({ plugin }) => plugin.name === name),
      ),
    )
    .join("");
}

function summaryOf(name: string, rows: readonly ReplayRow[]): string {
  if (rows.length < 2) return "";
  const equal = rows.filter((row) => compareArenas(row) === "equal").length;
  const spread = rows.filter(isOwnSpread).length;
  const rest = spread > 0 ? `, and one more or less in ${spread}` : "";
  return `${name} reached as many arenas as CPython in ${equal} of ${rows.length} programs${rest}.\n`;
}
