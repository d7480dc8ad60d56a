/** Tables of text: columns as wide as their widest cell, two blanks between them. */

import { paint, type Style } from "./output.js";

/** A cell; a plain string has no style. */
export type Cell = string | { readonly text: string; readonly style: Style };

/**
 * Lays rows out.
 *
 * @param rows - cells by row; a row may be shorter than others
 * @param rightAligned - the columns, counted from 0, whose cells end at the same place
 * @returns lines, each with its line break, without blanks at their ends
 */
export function formatTable(
  rows: readonly (readonly Cell[])[],
  rightAligned: readonly number[] = [],
): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...rows.map((row) => textOf(row[column] ?? "").length)),
  );

  function padded(cell: Cell, column: number): string {
    const text = textOf(cell);
    const blanks = " ".repeat(widths[column]! - text.length);
    const styled = typeof cell === "string" ? text : paint(cell.style, text);
    return rightAligned.includes(column) ? blanks + styled : styled + blanks;
  }

  return rows.map((row) => `${row.map(padded).join("  ").trimEnd()}\n`).join("");
}

function textOf(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}

/** A whole number with its thousands apart: `2,509,948`. */
export function grouped(number: number): string {
  return String(number).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}
