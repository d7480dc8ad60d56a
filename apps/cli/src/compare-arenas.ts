/** How an allocator's arenas compare with those that CPython took for the same program. */

import { formatBytes } from "@heapwright/core";

import type { ReplayRow } from "./replay-run.js";

/** `null` where there is nothing to compare: no arenas, arenas of another length, or no figures of CPython's. */
export type ArenaVerdict = "equal" | "different" | null;

/** Compares the peaks. */
export function compareArenas(row: ReplayRow): ArenaVerdict {
  const difference = differenceOf(row);
  if (difference === null) return null;
  return difference === 0 ? "equal" : "different";
}

/**
 * Whether a difference may be CPython's own: its number moves by one from run to run, because an arena that the system
 * places off a pool's boundary has one pool less.
 */
export function isOwnSpread(row: ReplayRow): boolean {
  return "builtIn" in row.plugin.reference && Math.abs(differenceOf(row) ?? 0) === 1;
}

/** What to know about a comparison, in a sentence. */
export function arenaNote(row: ReplayRow): string | undefined {
  const { arenasPeak, arenaBytes, cpython } = row.outcome;
  if (arenasPeak === null || !cpython) return undefined;
  if (arenaBytes !== cpython.arenaBytes) {
    return `CPython's arenas have ${formatBytes(cpython.arenaBytes)}: compare the fragmentation, not the number.`;
  }
  return isOwnSpread(row)
    ? "One more or less is CPython's own spread: from run to run, its arenas have 63 or 64 pools."
    : undefined;
}

/** Arenas more than CPython's. */
function differenceOf({ outcome }: ReplayRow): number | null {
  const { arenasPeak, arenaBytes, cpython } = outcome;
  if (arenasPeak === null || cpython?.arenaBytes !== arenaBytes) return null;
  return arenasPeak - cpython.arenasPeak;
}
