// Is pymalloc here as fast as the pymalloc in CPython?
//
//   npm run bench                              every recording there is
//   npm run bench -- json_documents --rounds 3 --json results.json
//
// Each recording's small-object stream is played by five programs in turn: the
// native pymalloc of the installed CPython (C, through PyObject_*), ours with its
// checks, ours without, and the loop alone in C and in JavaScript ("loop js/c").
// Figures are CPU time, the loop included. A ratio below 1 means that ours is faster. Ratios
// are taken within a round, and the median of rounds is shown.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { interleave, median } from "./interleave.mjs";
import { buildPymallocReplay } from "./native-build.mjs";
import { findTraces } from "./recordings.mjs";
import { writeStreamFile } from "./stream-file.mjs";

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    processes: { type: "string", default: "5" },
    warmups: { type: "string", default: "8" },
    json: { type: "string" },
  },
  allowPositionals: true,
});
const how = {
  rounds: Number(values.rounds),
  warmups: Number(values.warmups),
  processes: Number(values.processes),
};

const traces = findTraces();
const unknown = positionals.find((name) => !traces.has(name));
if (unknown) {
  console.error(`bench: no recording is called '${unknown}'. There are: ${[...traces.keys()].join(", ")}.`);
  process.exit(2);
}
const native = buildPymallocReplay();
const player = new URL("player.mjs", import.meta.url).pathname;

const about = {
  schema: "heapwright.bench.pymalloc/1",
  node: process.version,
  machine: `${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown"}`,
  peer: native.version ? `pymalloc of CPython ${native.version}` : null,
  ...how,
};
console.log(
  `Node ${about.node}, ${about.machine}. ${about.processes} times ${about.rounds} rounds, interleaved, CPU time, ns a call.`,
);
console.log(native.missing ? `Left out: ${native.missing}\n` : `Native peer: ${about.peer}.\n`);
console.log(row(["recording", "calls", "loop js/c", "native", "no checks", "ratio", "checks", "ratio"]));

const folder = mkdtempSync(join(tmpdir(), "heapwright-bench-"));
const results = [];
try {
  for (const name of positionals.length > 0 ? positionals : traces.keys()) {
    const result = await race(name, join(folder, "stream"));
    results.push(result);
    console.log(row(cells(result)));
  }
} finally {
  rmSync(folder, { recursive: true });
}
if (native.program) {
  const worst = (key) => Math.max(...results.map((result) => result[key]));
  const middle = (key) => median(results.map((result) => result[key]));
  const of = (key) => `median ${middle(key).toFixed(2)}, worst ${worst(key).toFixed(2)}`;
  console.log(`\nours to native, no checks: ${of("uncheckedRatio")}; with checks: ${of("ratio")}`);
}
if (values.json) writeFileSync(values.json, JSON.stringify({ ...about, results }, undefined, 2) + "\n");

async function race(recording, file) {
  const calls = await writeStreamFile(traces.get(recording), file);
  const ours = (kind) => ({ name: kind, command: process.execPath, args: [player, file, kind], line: kind });
  const c = (line) => ({ name: `c ${line}`, command: native.program, args: [file], line });
  const peers = native.program ? [c("pymalloc"), c("none")] : [];
  const answers = await interleave(
    [...peers, ours("pymalloc"), ours("pymalloc-unchecked"), ours("none")],
    how,
  );

  const ns = (name) => (answers.has(name) ? median(answers.get(name)) : null);
  const toNative = (name) =>
    native.program ? median(answers.get(name).map((value, i) => value / answers.get("c pymalloc")[i])) : null;
  return {
    recording,
    calls,
    harnessNs: { ours: ns("none"), native: ns("c none") },
    nativeNs: ns("c pymalloc"),
    oursNs: ns("pymalloc"),
    ratio: toNative("pymalloc"),
    uncheckedNs: ns("pymalloc-unchecked"),
    uncheckedRatio: toNative("pymalloc-unchecked"),
  };
}

function cells({ recording, calls, harnessNs, nativeNs, oursNs, ratio, uncheckedNs, uncheckedRatio }) {
  const digits = (value, n) => value?.toFixed(n) ?? "-";
  return [
    recording,
    calls.toLocaleString("en"),
    `${digits(harnessNs.ours, 1)}/${digits(harnessNs.native, 1)}`,
    digits(nativeNs, 2),
    digits(uncheckedNs, 2),
    digits(uncheckedRatio, 2),
    digits(oursNs, 2),
    digits(ratio, 2),
  ];
}

function row([name, ...figures]) {
  return name.padEnd(20) + figures.map((figure) => figure.padStart(11)).join("");
}
