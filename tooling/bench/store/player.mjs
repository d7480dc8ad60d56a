// One process of the store benchmark: player.mjs alone|crowded ROUNDS. Prints one line of JSON.
import { createHeap, generational, markSweep, none } from "heapwright";

import { median } from "../interleave.mjs";

const OBJECTS = 20_000;
const STORES = 1 << 20;
const WARMUPS = 6;
/** One reference in an object's header, as core's object-word.ts says. */
const ONE_COUNT = 1 << 18;

const [kind, rounds] = process.argv.slice(2);
if (kind === "crowded") {
  for (const collector of [markSweep(), none(), generational(), markSweep()]) {
    const other = prepare(collector);
    for (let round = 0; round < WARMUPS; round++) throughHeap(other.heap, other.sources, other.targets);
  }
}
const { heap, sources, targets } = prepare(generational());
const times = [];
for (let round = -WARMUPS; round < Number(rounds); round++) {
  const start = cpuTime();
  throughHeap(heap, sources, targets);
  const middle = cpuTime();
  byHand(heap.words, sources, targets);
  const end = cpuTime();
  if (round >= 0) times.push([(middle - start) / STORES, (end - middle) / STORES]);
}
heap.verify();
const publicNs = median(times.map(([through]) => through));
const byHandNs = median(times.map(([, hand]) => hand));
const ratio = median(times.map(([through, hand]) => through / hand));
console.log(JSON.stringify({ publicNs, byHandNs, ratio }));

function throughHeap(heap, sources, targets) {
  for (let i = 0; i < STORES; i++) heap.set(sources[i], i & 1, targets[i]);
}

/** What `heap.set` does, without barrier and without a call. */
function byHand(words, sources, targets) {
  for (let i = 0; i < STORES; i++) {
    const target = targets[i];
    const word = sources[i] + 1 + (i & 1);
    const before = words[word];
    if (target > 0) {
      const header = (words[target] + ONE_COUNT) | 0;
      words[target] = header;
      if (header < 0) throw new Error("overflow");
    }
    words[word] = target;
    if (before > 0) {
      const header = (words[before] - ONE_COUNT) | 0;
      words[before] = header;
      if (header < ONE_COUNT) throw new Error("underflow");
    }
  }
}

/** A heap with objects of two slots, and what to store where: each object is source and target equally often. */
function prepare(collector) {
  const heap = createHeap({ collector, maxBytes: "64MiB" });
  heap.gc.disable();
  const Node = heap.layout({ name: "Node", scan: "prefix", slots: 2 });
  const scope = heap.enter();
  const objects = Array.from({ length: OBJECTS }, () => scope.create(Node));
  for (const [i, object] of objects.entries()) {
    heap.set(object, 0, objects[(i + 1) % OBJECTS]);
    heap.set(object, 1, objects[(i + 2) % OBJECTS]);
  }
  return { heap, sources: shuffled(objects, 1), targets: shuffled(objects, 2) };
}

function shuffled(objects, seed) {
  const order = Int32Array.from({ length: STORES }, (_, i) => objects[i % OBJECTS]);
  let state = seed;
  for (let i = STORES - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = state % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

function cpuTime() {
  const { user, system } = (process.threadCpuUsage ?? process.cpuUsage).call(process);
  return (user + system) * 1000;
}
