// Times `heap.gc.collect()` on the objects of one contest.
//
//   ours-player.mjs graph FILE
//   ours-player.mjs shape SHAPE OLD YOUNG
//
// Speaks the protocol of python/serve.py, and builds what python/shapes.py builds: lists with a buffer of items each.
// An empty item of Python's is None, which is an immediate here.
import { createInterface } from "node:readline";

import { createHeap, IMMEDIATE } from "heapwright";
import { graphHeapBytes, loadGraph } from "@heapwright/replay";
import { openGraphFile } from "@heapwright/replay/node";

const RING = 10;
const [kind, ...what] = process.argv.slice(2);

/** Bytes for each list of a shape: cell, buffer, handles while it is built. */
const LIST_BYTES = 160;

const rounds =
  kind === "graph" ? await playGraph(what[0]) : playShape(what[0], Number(what[1]), Number(what[2]));
globalThis.gc();
say({ ready: `heapwright on Node ${process.version}` });
for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...numbers] = line.split(" ");
  say(rounds[name](...numbers.map(Number)));
}

function say(answer) {
  process.stdout.write(JSON.stringify(answer) + "\n");
}

/** CPU time in ns of this thread, where the host can tell, else of the process. */
function cpuTime() {
  const { user, system } = (process.threadCpuUsage ?? process.cpuUsage).call(process);
  return (user + system) * 1000;
}

function timedCollect(heap, generation, expected) {
  const before = cpuTime();
  const found = heap.gc.collect(generation);
  const ns = cpuTime() - before;
  if (found !== expected)
    throw new Error(`A collection found ${found} unreachable objects, not ${expected}.`);
  return ns;
}

async function playGraph(file) {
  const graph = await openGraphFile(file);
  const heap = createHeap({ maxBytes: graphHeapBytes(graph.header) });
  heap.gc.disable();
  await loadGraph(graph, heap);
  heap.gc.collect(); // the recorded garbage
  const { tracked: objects } = heap.stats();
  return { collect: (generation) => ({ ns: timedCollect(heap, generation, 0), objects }) };
}

function playShape(shapeAndOrder, old, young) {
  const [shape, order] = shapeAndOrder.split("/");
  const heap = createHeap({ maxBytes: 64 * 1024 * 1024 + (old + young) * LIST_BYTES });
  heap.gc.disable();
  const List = heap.layout({ name: "list", scan: "items" });
  const lists = { rings, tree, random4 }[shape];

  /** Makes the lists; `heads` holds those that keep the others alive. */
  function build(count, heads) {
    heap.scope((scope) => {
      const nodes = new Int32Array(count);
      for (let i = 0; i < count; i++) nodes[i] = scope.create(List);
      lists(heap, nodes, heads);
    });
  }

  /** A list that nothing in the heap refers to. */
  function createHolder() {
    return heap.scope((scope) => heap.pin(scope.create(List)));
  }

  const early = heap.deref(createHolder());
  build(old, early);
  if (order !== "heads first") {
    const late = heap.deref(createHolder());
    for (let i = 0; i < heap.items.count(early); i++) heap.items.append(late, heap.items.get(early, i));
    heap.items.truncate(early, 0);
  }
  const youngHeads = heap.deref(createHolder());
  heap.gc.collect();
  const objects = heap.stats().tracked;

  return {
    collect: (generation) => ({ ns: timedCollect(heap, generation, 0), objects }),

    "young-live"(times) {
      let ns = 0;
      for (let time = 0; time < times; time++) {
        build(young, youngHeads);
        ns += timedCollect(heap, 0, 0);
        heap.items.truncate(youngHeads, 0);
        if (heap.gc.collect(1) !== young) throw new Error("The young lists did not go.");
      }
      return { ns: ns / times, objects: young };
    },

    "young-garbage"(times) {
      let ns = 0;
      for (let time = 0; time < times; time++) {
        build(young, youngHeads);
        heap.items.truncate(youngHeads, 0);
        ns += timedCollect(heap, 0, young);
      }
      return { ns: ns / times, objects: young };
    },
  };
}

/** Rings of ten one-item lists. The head of each is held. */
function rings(heap, nodes, heads) {
  for (let i = 0; i < nodes.length; i++) {
    const isLast = (i + 1) % RING === 0 || i + 1 === nodes.length;
    heap.items.append(nodes[i], nodes[isLast ? i - (i % RING) : i + 1]);
  }
  for (let i = 0; i < nodes.length; i += RING) heap.items.append(heads, nodes[i]);
}

/** A binary tree of two-item lists, breadth first; the last one leads back to the root, which is held. */
function tree(heap, nodes, heads) {
  for (let i = 0; i < nodes.length; i++) {
    for (const child of [2 * i + 1, 2 * i + 2]) {
      heap.items.append(nodes[i], child < nodes.length ? nodes[child] : IMMEDIATE.none);
    }
  }
  heap.items.set(nodes[nodes.length - 1], 0, nodes[0]);
  heap.items.append(heads, nodes[0]);
}

/** Four-item lists: the next one, then three at random. The first is held. */
function random4(heap, nodes, heads) {
  let seed = 42;
  for (let i = 0; i < nodes.length; i++) {
    heap.items.append(nodes[i], nodes[(i + 1) % nodes.length]);
    for (let item = 1; item < 4; item++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      heap.items.append(nodes[i], nodes[Math.floor((seed * nodes.length) / 2 ** 32)]);
    }
  }
  heap.items.append(heads, nodes[0]);
}
