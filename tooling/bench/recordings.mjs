// Which recordings a benchmark runs on: the full set where it is there, else the
// ones that come with the command line.
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Paths of all traces, by the program's name. */
export function findTraces() {
  const full = process.env.HEAPWRIGHT_TRACES ?? join(root, "../shared/traces");
  const folder = [join(full, "traces"), full, join(root, "apps/cli/recordings")].find(holdsTraces);
  const traces = readdirSync(folder).filter((name) => name.includes(".pymt"));
  return new Map(traces.map((name) => [basename(name).replace(/\.pymt.*$/, ""), join(folder, name)]));
}

function holdsTraces(folder) {
  return existsSync(folder) && readdirSync(folder).some((name) => name.includes(".pymt"));
}
