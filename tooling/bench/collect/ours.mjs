// The peer that is raced: a heap with pymalloc, exact counts and the generational collector.
import { fileURLToPath } from "node:url";

import { createLinePeer } from "./line-peer.mjs";

const player = fileURLToPath(new URL("ours-player.mjs", import.meta.url));

/**
 * Our own peer; nothing is missing, since the workspace is built.
 *
 * @returns {{ play: (contest: import("./contests.mjs").Contest) => import("./line-peer.mjs").Peer }}
 */
export function ours() {
  return {
    play({ graph, shape, old, young }) {
      const what = graph ? ["graph", graph] : ["shape", shape, String(old), String(young)];
      // One thread for V8's own collector: its helpers would be charged to the process.
      const args = ["--single-threaded-gc", "--expose-gc", player, ...what];
      return createLinePeer({ name: "ours", command: process.execPath, args });
    },
  };
}
