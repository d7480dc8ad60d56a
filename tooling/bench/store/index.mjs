// What does a counted store through `heap.set` cost, against the same store written out in the loop with no barrier?
//
//   npm run bench:store
//   npm run bench:store -- --processes 3 --json results.json
//
// In one process a loop stores references into 20,000 objects of 32 bytes: once through `heap.set`, once by hand. Both
// are timed in turn. "alone" is a process in which this is the only heap; "crowded" is one in which the same loop has
// stored into heaps of every collector in the repository before, so that nothing about its calls can be taken for granted.
// Figures are CPU time, medians of rounds, and of several processes. A ratio of 1 means that the path is free.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { median } from "../interleave.mjs";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    processes: { type: "string", default: "5" },
    json: { type: "string" },
  },
});
const player = fileURLToPath(new URL("player.mjs", import.meta.url));
const about = {
  schema: "heapwright.bench.store/1",
  node: process.version,
  machine: `${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown"}`,
  rounds: Number(values.rounds),
  processes: Number(values.processes),
};
console.log(
  `Node ${about.node}, ${about.machine}. ${about.processes} processes of ${about.rounds} rounds, CPU time.\n`,
);
console.log(row(["", "heap.set, ns", "by hand, ns", "ratio", "least..most"]));

const results = [];
const kinds = ["alone", "crowded"];
const runs = new Map(kinds.map((kind) => [kind, []]));
for (let process = 0; process < about.processes; process++) {
  for (const kind of kinds) runs.get(kind).push(play(kind));
}
for (const [kind, answers] of runs) {
  const of = (key) => median(answers.map((answer) => answer[key]));
  const ratios = answers.map(({ ratio }) => ratio);
  const result = {
    kind,
    publicNs: of("publicNs"),
    byHandNs: of("byHandNs"),
    ratio: of("ratio"),
    least: Math.min(...ratios),
    most: Math.max(...ratios),
  };
  results.push(result);
  const range = `${result.least.toFixed(2)}..${result.most.toFixed(2)}`;
  console.log(
    row([kind, result.publicNs.toFixed(2), result.byHandNs.toFixed(2), result.ratio.toFixed(2), range]),
  );
}
const [alone, crowded] = results;
const more = crowded.publicNs / crowded.byHandNs / (alone.publicNs / alone.byHandNs) - 1;
console.log(`\nwith every collector loaded: ${more >= 0 ? "+" : ""}${(100 * more).toFixed(0)} %`);
if (values.json) writeFileSync(values.json, JSON.stringify({ ...about, results }, undefined, 2) + "\n");

function play(kind) {
  return JSON.parse(execFileSync(process.execPath, [player, kind, values.rounds], { encoding: "utf8" }));
}

function row([first, ...rest]) {
  return first.padEnd(10) + rest.map((cell) => cell.padStart(15)).join("");
}
