// The peer that sets the mark: `gc.collect()` of an installed CPython.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { createLinePeer } from "./line-peer.mjs";

const scripts = fileURLToPath(new URL("python/", import.meta.url));

/**
 * Looks for CPython.
 *
 * @param {string} python its command
 * @returns {{ missing: string } | { play: (contest: import("./contests.mjs").Contest) => import("./line-peer.mjs").Peer | undefined }}
 *   `play` gives the peer for a contest, or nothing when the program that builds its graph is not here
 */
export function cpython(python) {
  const script = "import platform as p; print(p.python_implementation())";
  try {
    const found = execFileSync(python, ["-c", script], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    if (found.trim() !== "CPython") return { missing: `${python} is ${found.trim()}, not CPython` };
  } catch {
    return { missing: `CPython (no ${python} on the PATH)` };
  }
  return {
    play(contest) {
      const args = argumentsFor(contest);
      return args && createLinePeer({ name: "cpython", command: python, args, env: ENVIRONMENT });
    },
  };
}

// As the graphs were recorded; and no compiled scripts are left behind in the source tree.
const ENVIRONMENT = { PYTHONPATH: scripts, PYTHONHASHSEED: "0", PYTHONDONTWRITEBYTECODE: "1" };

function argumentsFor({ kind, program, shape, old, young }) {
  if (kind !== "graph") return [`${scripts}shapes.py`, shape, String(old), String(young)];
  return existsSync(program) ? [program] : undefined;
}
