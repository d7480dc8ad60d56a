// Is a collection here cheaper than one of CPython?
//
//   npm run bench:collect                              everything, some minutes
//   npm run bench:collect -- --only young --rounds 3 --json results.json
//   npm run bench:collect -- --objects 1000000,100000  shapes of both sizes
//
// Each peer is a process that builds the same objects and then collects them when
// asked, in turn: one collection of one peer, then one of the next. Where a process
// places its objects stays the same for its life, so each is started several times.
// Figures are CPU time (of the thread, where the clock can tell), medians of rounds, with
// the least and the most in brackets. "times cheaper" is CPython's time by ours, taken
// within a round: above 1 means that ours is cheaper.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";

import { median } from "../interleave.mjs";
import { findContests } from "./contests.mjs";
import { cpython } from "./cpython.mjs";
import { ours } from "./ours.mjs";

/** Every peer by its name: given the options, it says what is missing or how to `play` a contest. */
const PEERS = { cpython: ({ python }) => cpython(python), ours: () => ours() };

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    warmups: { type: "string", default: "8" },
    processes: { type: "string", default: "3" },
    objects: { type: "string", default: "1000000" },
    only: { type: "string", multiple: true },
    peers: { type: "string", default: Object.keys(PEERS).join(",") },
    python: { type: "string", default: "python3" },
    json: { type: "string" },
  },
});
const how = {
  rounds: Number(values.rounds),
  warmups: Number(values.warmups),
  processes: Number(values.processes),
};

const all = findContests(values.objects.split(",").map(Number));
const contests = values.only
  ? all.filter(({ name }) => values.only.some((part) => name.includes(part)))
  : all;
if (contests.length === 0) {
  fail(`nothing is called '${values.only.join("' or '")}'. There are: ${all.map((c) => c.name).join(", ")}.`);
}
const names = values.peers.split(",");
const stranger = names.find((name) => !Object.hasOwn(PEERS, name));
if (stranger !== undefined) {
  fail(`no peer is called '${stranger}'. There are: ${Object.keys(PEERS).join(", ")}.`);
}
const found = names.map((name) => PEERS[name](values));
const players = found.filter(({ play }) => play);

const about = {
  schema: "heapwright.bench.collect/1",
  node: process.version,
  machine: `${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown"}`,
  ...how,
};
console.log(
  `Node ${about.node}, ${about.machine}. ${about.processes} times ${about.rounds} rounds, interleaved, CPU time.`,
);
for (const { missing } of found) if (missing) console.log(`Left out: ${missing}.`);
if (players.length === 0) fail("no peer is left.");

const results = [];
const versions = {};
for (const [kind, title] of [
  ["graph", "recorded graph, full, ns/object"],
  ["shape", "shape, full, ns/object"],
  ["young", "young collection, µs"],
]) {
  const ofKind = contests.filter((contest) => contest.kind === kind);
  if (ofKind.length === 0) continue;
  console.log("\n" + row([title, "objects", "cpython", "ours", "times cheaper"]));
  for (const contest of ofKind) {
    const result = await race(contest);
    results.push(result);
    console.log(row(cells(result)));
  }
}

const cheaper = results.flatMap((result) => result.timesCheaper?.median ?? []);
if (cheaper.length > 0) {
  const of = `median ${median(cheaper).toFixed(2)}, worst ${Math.min(...cheaper).toFixed(2)}`;
  console.log(`\ntimes cheaper than ${versions.cpython}: ${of}`);
} else {
  console.log(`\nPlayed by ${Object.values(versions).join(" and ")}.`);
}
if (values.json) {
  writeFileSync(values.json, JSON.stringify({ ...about, versions, results }, undefined, 2) + "\n");
}

async function race(contest) {
  const rounds = new Map();
  for (let process = 0; process < how.processes; process++) await playProcesses(contest, rounds);

  const { name, kind, command } = contest;
  const peers = {};
  for (const [peer, answers] of rounds) {
    const each = answers.map(({ ns }) => ns);
    const perObject = answers.map(({ ns, objects }) => ns / objects);
    peers[peer] = { objects: answers[0].objects, ns: spread(each), nsPerObject: spread(perObject) };
  }
  return { name, kind, command, peers, timesCheaper: ratioOf(rounds.get("cpython"), rounds.get("ours")) };
}

/** Plays all rounds with one process of each peer; adds the answers to `rounds`, by the peer's name. */
async function playProcesses(contest, rounds) {
  const peers = players.flatMap(({ play }) => play(contest) ?? []);
  try {
    for (const peer of peers) versions[peer.name] = await peer.start();
    for (let round = -how.warmups; round < how.rounds; round++) {
      for (const peer of peers) {
        const answer = await peer.round(contest.command);
        if (round < 0) continue;
        if (!rounds.has(peer.name)) rounds.set(peer.name, []);
        rounds.get(peer.name).push(answer);
      }
    }
  } finally {
    for (const peer of peers) await peer.stop();
  }
}

// By the object: the process that builds a graph anew tracks some objects more or less than the recorded one did.
function ratioOf(theirs, ours) {
  if (!theirs || !ours) return null;
  const perObject = ({ ns, objects }) => ns / objects;
  return spread(theirs.map((answer, i) => perObject(answer) / perObject(ours[i])));
}

function spread(numbers) {
  return { median: median(numbers), min: Math.min(...numbers), max: Math.max(...numbers) };
}

function cells({ name, kind, peers, timesCheaper }) {
  const objects = (peers.ours ?? peers.cpython)?.objects.toLocaleString("en") ?? "-";
  const figure = (peer) =>
    kind === "young" ? inBrackets(peer?.ns, 1000, 1) : inBrackets(peer?.nsPerObject, 1, 1);
  return [name, objects, figure(peers.cpython), figure(peers.ours), inBrackets(timesCheaper, 1, 2)];
}

function inBrackets(figure, unit, digits) {
  if (!figure) return "-";
  const [middle, least, most] = [figure.median, figure.min, figure.max].map((value) =>
    (value / unit).toFixed(digits),
  );
  return `${middle} (${least}..${most})`;
}

function row([name, objects, ...figures]) {
  return name.padEnd(34) + objects.padStart(10) + figures.map((figure) => figure.padStart(24)).join("");
}

function fail(message) {
  console.error(`bench:collect: ${message}`);
  process.exit(2);
}
