// Plays a stream file into one of our allocators, a round at a time: the
// counterpart of native/pymalloc_replay.c, with the same protocol.
//
//   node player.mjs FILE pymalloc|pymalloc-unchecked|none
import { createInterface } from "node:readline";

import { createPymalloc } from "@heapwright/allocator";

import { readStreamFile } from "./stream-file.mjs";

const MALLOC = 0;
const CALLOC = 1;
const FREE = 3;
const SLICE = 4096;

const [file, kind] = process.argv.slice(2);
const stream = readStreamFile(file);
const addresses = new Int32Array(stream.slots + 1);
const none = { malloc: () => 16, calloc: () => 16, realloc: () => 16, free: () => undefined };
const allocator =
  kind === "none"
    ? none
    : createPymalloc({ maxBytes: "1GiB", checks: kind === "pymalloc", preset: "cpython-3.11" });
const play = makeLoop(stream, allocator, addresses);

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "") continue;
  const before = process.cpuUsage();
  play();
  const { user, system } = process.cpuUsage(before);
  for (const address of addresses) if (address !== 0) allocator.free(address); // what the program left alive: not timed
  addresses.fill(0);
  console.log((((user + system) * 1000) / stream.op.length).toFixed(4));
}

/**
 * The loop as a closure over constants, called for a slice of the stream at a time: so that V8 compiles it as a function
 * that is called often, as a program's own functions are, and not in the middle of its one long run. What is rare has a
 * function of its own, because V8 inlines callees only up to a budget for each function.
 */
function makeLoop({ op, slot, size }, allocator, addresses) {
  const calls = op.length;

  const playRare = (i) => {
    const at = slot[i];
    if (op[i] === CALLOC) addresses[at] = allocator.calloc(1, size[i]);
    else addresses[at] = allocator.realloc(addresses[at], size[i]);
  };

  const playSlice = (from, to) => {
    for (let i = from; i < to; i++) {
      const at = slot[i];
      switch (op[i]) {
        case MALLOC:
          addresses[at] = allocator.malloc(size[i]);
          break;
        case FREE:
          allocator.free(addresses[at]);
          addresses[at] = 0;
          break;
        default:
          playRare(i);
      }
    }
  };

  return () => {
    for (let from = 0; from < calls; from += SLICE) playSlice(from, Math.min(from + SLICE, calls));
  };
}
