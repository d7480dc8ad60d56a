/**
 * From what the user wrote to recordings: a file, a folder with all that is in it,
 * `-` for standard input, or the name of a recording that comes with this package
 * or lies in the folder of shared ones.
 */

import { readdirSync, statSync, type Stats } from "node:fs";
import { basename, join } from "node:path";

import { unreadable } from "./command-error.js";
import { closest } from "./did-you-mean.js";
import { bundledRecordings, sharedRecordings } from "./paths.js";
import { readWhole } from "./read-whole.js";
import { RECORDING_KINDS, type RecordingKind } from "./recording-kind.js";
import type { RecordingSource } from "./tasks.js";

/** A recording, not opened yet. */
export interface FoundRecording {
  /** What the user calls it: a path, a name, or `standard input`. */
  readonly label: string;
  readonly source: RecordingSource;
}

/**
 * Finds what an argument stands for.
 *
 * @throws CommandError when there is nothing, or nothing that can be looked at
 */
export async function findRecordings(kind: RecordingKind, argument: string): Promise<FoundRecording[]> {
  if (argument === "-") {
    const label = "standard input";
    return [{ label, source: { bytes: await readWhole(process.stdin, label) } }];
  }
  const stats = statOf(argument);
  if (stats?.isDirectory()) return recordingsIn(kind, argument);
  if (stats?.isFile()) return [{ label: argument, source: { path: argument } }];
  // A pipe or a device can be read only once, and is needed for each plugin.
  if (stats) return [{ label: argument, source: { bytes: await readWhole(argument, argument) } }];

  const path = findByName(kind, argument);
  if (path !== undefined) return [{ label: argument, source: { path } }];
  throw unknownRecording(kind, argument);
}

/** Recordings that can be called by name, without suffixes, in order. */
export function knownRecordings(kind: RecordingKind): string[] {
  const names = namedFolders(kind).flatMap((folder) => filesIn(kind, folder).map(nameOf));
  return [...new Set(names)].sort();
}

/** The folder of shared recordings, when there are any of a kind in it. */
export function sharedFolder(kind: RecordingKind): string | undefined {
  const folder = sharedRecordings(kind);
  return folder !== undefined && filesIn(kind, folder).length > 0 ? folder : undefined;
}

/** The name of a recording in a file. */
export function nameOf(path: string): string {
  const { trace, graph } = RECORDING_KINDS;
  return basename(path).replace(trace.suffix, "").replace(graph.suffix, "");
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw unreadable(`${path}: ${message}`);
  }
}

function recordingsIn(kind: RecordingKind, folder: string): FoundRecording[] {
  const files = filesIn(kind, folder);
  if (files.length === 0)
    throw unreadable(
      `${folder}: expected recordings (${RECORDING_KINDS[kind].suffixes}) in the folder, found none.`,
    );
  return files.map((file) => ({ label: join(folder, file), source: { path: join(folder, file) } }));
}

function filesIn(kind: RecordingKind, folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => RECORDING_KINDS[kind].suffix.test(name))
      .sort();
  } catch (error) {
    throw unreadable(`${folder}: ${(error as Error).message}`);
  }
}

function findByName(kind: RecordingKind, name: string): string | undefined {
  if (name !== basename(name)) return undefined;
  for (const folder of namedFolders(kind)) {
    const file = filesIn(kind, folder).find((file) => file === name || nameOf(file) === name);
    if (file !== undefined) return join(folder, file);
  }
  return undefined;
}

function namedFolders(kind: RecordingKind): string[] {
  const shared = sharedRecordings(kind);
  return [bundledRecordings(), ...(shared === undefined ? [] : [shared])];
}

function unknownRecording(kind: RecordingKind, argument: string): Error {
  if (argument !== basename(argument) || RECORDING_KINDS[kind].suffix.test(argument)) {
    return unreadable(`${argument}: there is no such file.`);
  }
  return unreadable(
    `${argument || '""'}: there is no such file, and no recording of that name.${hintFor(kind, argument)}`,
  );
}

function hintFor(kind: RecordingKind, argument: string): string {
  const other = kind === "trace" ? "graph" : "trace";
  if (findByName(other, argument) !== undefined) {
    return ` It is the name of a ${other}, for heapwright ${RECORDING_KINDS[other].command}.`;
  }
  const known = knownRecordings(kind);
  const guess = closest(argument, known);
  return guess === undefined
    ? ` Recordings that have a name: ${known.join(", ")}.`
    : ` Did you mean ${guess}?`;
}
