/** What lies where in this package. This file and `dist/` are at the same depth, so one rule serves both. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { RECORDING_KINDS, type RecordingKind } from "./recording-kind.js";

const ROOT = new URL("../", import.meta.url);

/** The recordings that come with the package. */
export function bundledRecordings(): string {
  return fileURLToPath(new URL("recordings/", ROOT));
}

/**
 * Where more recordings are: in `HEAPWRIGHT_TRACES`, or in the folder `shared/traces` beside the repository. That folder
 * has traces and graphs in folders of their own; a folder of recordings alone will do as well.
 *
 * @returns `undefined` when there is none
 */
export function sharedRecordings(kind: RecordingKind): string | undefined {
  const named = process.env["HEAPWRIGHT_TRACES"] ?? "";
  const folder = named === "" ? besideRepository() : named;
  if (folder === undefined) return undefined;
  return [join(folder, RECORDING_KINDS[kind].folder), folder].find((path) => existsSync(path));
}

/** An installed package is in no repository, and looks nowhere. */
function besideRepository(): string | undefined {
  const inRepository = existsSync(new URL("../../pnpm-workspace.yaml", ROOT));
  return inRepository ? fileURLToPath(new URL("../../../shared/traces/", ROOT)) : undefined;
}

/** What threads begin with. */
export function workerFile(): URL {
  return new URL("bin/worker.mjs", ROOT);
}

/** This package's version. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("package.json", ROOT), "utf8")) as { version: string };
  return manifest.version;
}
