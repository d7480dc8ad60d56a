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
import type { RecordingSource } from "./tasks.js";

/** A recording, not opened yet. */
export interface FoundRecording {
  /** What the user calls it: a path, a name, or `standard input`. */
  readonly label: string;
  readonly source: RecordingSource;
}

const SUFFIX = /\.pymt(\.br|\.gz)?$/;

/**
 * Finds what an argument stands for.
 *
 * @throws CommandError when there is nothing, or nothing that can be looked at
 */
export async function findRecordings(argument: string): Promise<FoundRecording[]> {
  if (argument === "-") {
    const label = "standard input";
    return [{ label, source: { bytes: await readWhole(process.stdin, label) } }];
  }
  const stats = statOf(argument);
  if (stats?.isDirectory()) return recordingsIn(argument);
  if (stats?.isFile()) return [{ label: argument, source: { path: argument } }];
  // A pipe or a device can be read only once, and is needed for each allocator.
  if (stats) return [{ label: argument, source: { bytes: await readWhole(argument, argument) } }];

  const path = findByName(argument);
  if (path !== undefined) return [{ label: argument, source: { path } }];
  throw unknownRecording(argument);
}

/** Recordings that can be called by name, without suffixes, in order. */
export function knownRecordings(): string[] {
  const names = namedFolders().flatMap((folder) => filesIn(folder).map(nameOf));
  return [...new Set(names)].sort();
}

/** The name of a recording in a file. */
export function nameOf(path: string): string {
  return basename(path).replace(SUFFIX, "");
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

function recordingsIn(folder: string): FoundRecording[] {
  const files = filesIn(folder);
  if (files.length === 0)
    throw unreadable(`${folder}: expected recordings (.pymt, .pymt.gz, .pymt.br) in the folder, found none.`);
  return files.map((file) => ({ label: join(folder, file), source: { path: join(folder, file) } }));
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => SUFFIX.test(name))
      .sort();
  } catch (error) {
    throw unreadable(`${folder}: ${(error as Error).message}`);
  }
}

function findByName(name: string): string | undefined {
  if (name !== basename(name)) return undefined;
  for (const folder of namedFolders()) {
    const file = filesIn(folder).find((file) => file === name || nameOf(file) === name);
    if (file !== undefined) return join(folder, file);
  }
  return undefined;
}

function namedFolders(): string[] {
  const shared = sharedRecordings();
  return [bundledRecordings(), ...(shared === undefined ? [] : [shared])];
}

function unknownRecording(argument: string): Error {
  if (argument !== basename(argument) || SUFFIX.test(argument)) {
    return unreadable(`${argument}: there is no such file.`);
  }
  const known = knownRecordings();
  const guess = closest(argument, known);
  const hint =
    guess === undefined ? ` Recordings that have a name: ${known.join(", ")}.` : ` Did you mean ${guess}?`;
  return unreadable(`${argument || '""'}: there is no such file, and no recording of that name.${hint}`);
}
