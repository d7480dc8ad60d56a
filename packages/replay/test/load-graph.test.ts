import { HeapwrightError, type Heap, type Ptr } from "@heapwright/core";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";

import {
  createGraphWriter,
  graphHeapBytes,
  loadGraph,
  openGraph,
  type Graph,
  type GraphHeader,
  type GraphNode,
  type GraphTypeInfo,
  type LoadedGraph,
  type Recording,
} from "../src/index.js";
import { countedHeap, uncountedHeap } from "./naive-heap.js";
import { bytesOf as allBytesOf, errorOf, fixtureBytes } from "./recordings.js";

/** A node whose reference count is said as what comes from outside. */
type Node = Omit<GraphNode, "refcount" | "edges"> & {
  readonly external?: number;
  readonly edges?: readonly number[];
};

const TYPES: readonly GraphTypeInfo[] = [{ name: "list" }, { name: "cell" }, { name: "__main__.Node" }];

const heaps: Heap[] = [];
afterEach(() => {
  for (const heap of heaps.splice(0)) heap.dispose();
});

function counted(maxBytes?: number): Heap {
  const heap = countedHeap(maxBytes);
  heaps.push(heap);
  return heap;
}

function record(nodes: readonly Node[], types = TYPES, distinctLeaves?: number): Recording<GraphHeader> {
  const writer = createGraphWriter({
    program: "sample",
    types,
    ...(distinctLeaves !== undefined && { distinctLeaves }),
  });
  const inEdges = nodes.map(() => 0);
  for (const { edges = [] } of nodes) for (const target of edges) inEdges[target]!++;
  nodes.forEach(({ external = 0, ...node }, number) => {
    writer.node({ ...node, refcount: inEdges[number]! + external });
  });
  return writer.finish();
}

async function load(heap: Heap, nodes: readonly Node[], types = TYPES): Promise<LoadedGraph> {
  return loadGraph(await openGraph(record(nodes, types)), heap);
}

function objectIn({ objects }: LoadedGraph, node: number): Ptr {
  return objects[node]! as Ptr;
}

/** What a collection of a generation finds, worked out on the recording. */
function unreachableIn(nodes: readonly Required<Node>[], generation: number): number {
  const isIn = (node: number): boolean => nodes[node]!.generation <= generation;
  const numbers = nodes.map((_, node) => node);
  const held = numbers.filter((node) => {
    const fromOlder = nodes.some(({ edges }, other) => !isIn(other) && edges.includes(node));
    return isIn(node) && (nodes[node]!.external > 0 || fromOlder);
  });
  const living = new Set(held);
  for (const node of living) for (const target of nodes[node]!.edges) if (isIn(target)) living.add(target);
  return numbers.filter((node) => isIn(node) && !living.has(node)).length;
}

/** Graphs in which every node has a reference from somewhere. */
const graphs: fc.Arbitrary<Required<Node>[]> = fc.integer({ min: 0, max: 30 }).chain((count) =>
  fc
    .array(
      fc.record({
        type: fc.nat(2),
        generation: fc.nat(2),
        bytes: fc.oneof(fc.integer({ min: 0, max: 700 }), fc.constant(56)),
        external: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(3), fc.nat(20_000)),
        leafRefs: fc.nat(20),
        edges: fc.array(fc.nat(Math.max(0, count - 1)), { maxLength: 12 }),
      }),
      { minLength: count, maxLength: count },
    )
    .map((nodes) => {
      const sorted = nodes.sort((a, b) => b.generation - a.generation);
      return sorted.map((node, number) => {
        const isReferred = sorted.some(({ edges }) => edges.includes(number));
        return isReferred ? node : { ...node, external: Math.max(1, node.external) };
      });
    }),
);

describe("loadGraph", () => {
  it("gives every node its references in order, its count, its generation and its length", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, async (nodes) => {
        const heap = counted();
        const loaded = await load(heap, nodes);
        heap.verify();
        const nodeOf = new Map(Array.from(loaded.objects, (object, node) => [object, node]));
        const leaves = new Set<number>();
        nodes.forEach(({ edges, external, generation, leafRefs, bytes }, number) => {
          const object = objectIn(loaded, number);
          const inEdges = nodes.flatMap((node) => node.edges).filter((target) => target === number);
          const referents = heap.referentsOf(object);
          expect(referents.slice(0, edges.length).map((each) => nodeOf.get(each))).toEqual(edges);
          expect(referents.length).toBe(edges.length + leafRefs);
          for (const leaf of referents.slice(edges.length)) leaves.add(leaf);
          expect(heap.count(object)).toBe(inEdges.length + external);
          expect(heap.gc.generationOf(object)).toBe(generation);
          expect(bytesOf(heap, object)).toBeGreaterThanOrEqual(bytes - 16);
        });
        for (const leaf of leaves) expect(heap.isTracked(leaf as Ptr)).toBe(false);
        expect(heap.stats()).toMatchObject({ tracked: nodes.length, handles: 0, pins: 0 });
        expect(heap.stats().objects).toBe(nodes.length + leaves.size);
        expect(loaded).toMatchObject({ nodes: nodes.length, leaves: leaves.size });
        heap.dispose();
      }),
    );
  });

  it("makes a heap in which each collection finds what it would have found in CPython", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, fc.nat(2), async (nodes, generation) => {
        const heap = counted();
        await load(heap, nodes);
        expect(heap.gc.collect(generation)).toBe(unreachableIn(nodes, generation));
        heap.verify();
        heap.dispose();
      }),
    );
  });

  it("lets everything go when the references from outside end", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, async (nodes) => {
        const heap = counted();
        const loaded = await load(heap, nodes);
        loaded.release();
        loaded.release();
        heap.gc.collect();
        expect(heap.stats()).toMatchObject({ objects: 0, buffers: 0 });
        heap.verify();
        heap.dispose();
      }),
    );
  });

  it("makes the nodes with references from outside the roots of a heap without counts", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, async (nodes) => {
        const roots: number[] = [];
        const heap = uncountedHeap(roots);
        const loaded = await load(heap, nodes);
        heap.gc.collect();
        const held = nodes.flatMap(({ external }, node) => (external > 0 ? [objectIn(loaded, node)] : []));
        expect([...roots].sort((a, b) => a - b)).toEqual([...held].sort((a, b) => a - b));
        expect(loaded.roots).toBe(held.length);
        loaded.release();
        heap.gc.collect();
        expect(roots).toEqual([]);
        heap.verify();
        heap.dispose();
      }),
    );
  });

  it("loads several graphs into one heap, with layouts in common", async () => {
    const heap = counted();
    const nodes = [
      { type: 0, bytes: 88, external: 1, edges: [1] },
      { type: 2, bytes: 56 },
    ];
    const first = await load(heap, nodes);
    const second = await load(heap, nodes);
    expect(heap.stats()).toMatchObject({ tracked: 4 });
    expect([0, 1].map((node) => heap.layoutOf(objectIn(first, node)))).toEqual(
      [0, 1].map((node) => heap.layoutOf(objectIn(second, node))),
    );
    first.release();
    expect(heap.stats()).toMatchObject({ tracked: 2 });
  });

  it("keeps automatic collection off meanwhile, and leaves it as it was", async () => {
    const heap = counted();
    const graph = await openGraph(
      record(Array.from({ length: 40_000 }, () => ({ type: 1, bytes: 40, external: 1 }))),
    );
    const seen = new Set<boolean>();
    const steps: [number, number][] = [];
    await loadGraph(graph, heap, {
      onProgress(done, total) {
        if (done > 40_000) seen.add(heap.gc.isEnabled());
        steps.push([done, total]);
      },
    });
    expect([...seen]).toEqual([false]);
    expect(heap.gc.isEnabled()).toBe(true);
    expect(steps.every(([done, total], i) => total === 120_000 && done > (steps[i - 1]?.[0] ?? 0))).toBe(
      true,
    );

    heap.gc.disable();
    await load(heap, [{ type: 1, bytes: 40, external: 1 }]);
    expect(heap.gc.isEnabled()).toBe(false);
  });

  it("loads a graph without nodes", async () => {
    const heap = counted();
    expect(await load(heap, [])).toMatchObject({ nodes: 0, leaves: 0, roots: 0, references: 0 });
  });

  it("never asks what CPython found", async () => {
    const graph = await openGraph(record([{ type: 0, bytes: 72, external: 1 }]));
    const header = new Proxy(graph.header, {
      get(target, field) {
        if (field === "unreachable") throw new Error("Looked.");
        return Reflect.get(target, field) as unknown;
      },
    });
    const blind: Graph = { ...graph, header };
    await expect(loadGraph(blind, counted(graphHeapBytes(header)))).resolves.toMatchObject({ nodes: 1 });
  });
});

/** Bytes of an object as asked for. */
function bytesOf(heap: Heap, object: Ptr): number {
  const spec = heap.specOf(heap.layoutOf(object));
  const cell = 4 * (1 + (spec.words ?? 0));
  return spec.scan === "items" ? cell + 4 * heap.items.capacity(object) : cell;
}

describe("lengths", () => {
  it.each<[string, Node, readonly GraphTypeInfo[], { cell: number; buffer: number; scan: string }]>([
    ["an empty list", { type: 0, bytes: 56 }, TYPES, { cell: 32, buffer: 8, scan: "items" }],
    ["a list", { type: 0, bytes: 88, leafRefs: 4 }, TYPES, { cell: 32, buffer: 40, scan: "items" }],
    [
      "a tuple of one",
      { type: 0, bytes: 48, leafRefs: 1 },
      [{ name: "tuple" }],
      { cell: 32, buffer: 4, scan: "items" },
    ],
    ["an instance", { type: 2, bytes: 56, leafRefs: 3 }, TYPES, { cell: 48, buffer: 0, scan: "prefix" }],
    ["a small object", { type: 1, bytes: 40 }, TYPES, { cell: 32, buffer: 0, scan: "prefix" }],
    ["an object of no length", { type: 1, bytes: 0 }, TYPES, { cell: 32, buffer: 0, scan: "prefix" }],
    [
      "attributes that lie elsewhere",
      { type: 2, bytes: 56, leafRefs: 20 },
      TYPES,
      { cell: 96, buffer: 0, scan: "prefix" },
    ],
    [
      "the longest cell",
      { type: 2, bytes: 512, leafRefs: 2 },
      TYPES,
      { cell: 496, buffer: 0, scan: "prefix" },
    ],
    ["a class", { type: 2, bytes: 1080, leafRefs: 2 }, TYPES, { cell: 32, buffer: 1032, scan: "items" }],
    [
      "more attributes than a cell has",
      { type: 2, bytes: 56, leafRefs: 200 },
      TYPES,
      { cell: 32, buffer: 800, scan: "items" },
    ],
  ])("of %s", async (_what, node, types, expected) => {
    const heap = counted();
    const loaded = await load(heap, [{ ...node, external: 1 }], types);
    const object = objectIn(loaded, 0);
    const { scan, words } = heap.specOf(heap.layoutOf(object));
    const buffer = scan === "items" ? 4 * heap.items.capacity(object) : 0;
    expect({ cell: 4 * (1 + words!), buffer, scan }).toEqual(expected);
    expect(loaded.nodeBytes).toBe(expected.cell + expected.buffer);
    expect(loaded.recordedBytes).toBe(Math.max(0, node.bytes - 16));
  });

  it("are in buffers for types of which objects differ in length", async () => {
    const heap = counted();
    const loaded = await load(heap, [
      { type: 1, bytes: 40, external: 1 },
      { type: 1, bytes: 48, external: 1 },
    ]);
    const scans = Array.from(loaded.objects, (object) => heap.specOf(heap.layoutOf(object as Ptr)).scan);
    expect(scans).toEqual(["items", "items"]);
  });

  it("have the slots that any object of the type uses, for each of them", async () => {
    const heap = counted();
    const loaded = await load(heap, [
      { type: 2, bytes: 56, external: 1, leafRefs: 1 },
      { type: 2, bytes: 56, external: 1, leafRefs: 5 },
      { type: 2, bytes: 56, external: 1, leafRefs: 40 },
    ]);
    const slots = Array.from(loaded.objects, (object) => heap.specOf(heap.layoutOf(object as Ptr)).slots);
    expect(slots).toEqual([11, 11, 40]);
    expect(loaded.oversized).toBe(1);
  });
});

describe("leaves", () => {
  it("are as many and as long as the header says, and referred to in turn", async () => {
    const heap = counted();
    const types = [
      { name: "list" },
      { name: "str", leaves: 2, leafBytes: 200 },
      { name: "int", leaves: 1, leafBytes: 28 },
    ];
    const graph = await openGraph(record([{ type: 0, bytes: 88, external: 1, leafRefs: 7 }], types, 3));
    const loaded = await loadGraph(graph, heap);
    const [a, b, c, ...rest] = heap.referentsOf(objectIn(loaded, 0));
    expect(rest).toEqual([a, b, c, a]);
    expect([a!, b!, c!].map((leaf) => heap.count(leaf))).toEqual([3, 2, 2]);
    expect([a!, b!].map((leaf) => heap.items.capacity(leaf))).toEqual([21, 21]);
    expect(loaded).toMatchObject({ leaves: 3, leafBytes: 228 });
  });

  it.each<[string, number | undefined, number]>([
    ["one for each reference when nothing is known", undefined, 5],
    ["one at least", 0, 1],
    ["no more than there are references", 2 ** 40, 5],
  ])("are %s", async (_what, distinctLeaves, leaves) => {
    const heap = counted();
    const graph = await openGraph(
      record([{ type: 0, bytes: 88, external: 1, leafRefs: 5 }], TYPES, distinctLeaves),
    );
    expect(await loadGraph(graph, heap)).toMatchObject({ leaves });
  });

  it("can be referred to more often than a header counts", async () => {
    const heap = counted();
    const graph = await openGraph(
      record([{ type: 0, bytes: 88, external: 9000, leafRefs: 20_000 }], TYPES, 1),
    );
    const loaded = await loadGraph(graph, heap);
    const [leaf] = heap.referentsOf(objectIn(loaded, 0));
    expect([heap.count(leaf!), heap.count(objectIn(loaded, 0))]).toEqual([20_000, 9000]);
    heap.verify();
  });
});

describe("a graph that cannot be loaded", () => {
  async function refuse(nodes: readonly GraphNode[], heap: Heap): Promise<HeapwrightError> {
    const writer = createGraphWriter({ program: "sample", types: TYPES });
    for (const node of nodes) writer.node(node);
    return errorOf(loadGraph(await openGraph(writer.finish()), heap));
  }

  it.each<[string, GraphNode[], RegExp]>([
    [
      "counts fewer references than lead to a node",
      [
        { type: 0, bytes: 72, refcount: 1, edges: [1, 1] },
        { type: 0, bytes: 72, refcount: 1 },
      ],
      /sample: node 1: expected a reference count of at least 2, as 2 edges lead to it, found 1\./,
    ],
    [
      "has an object that nothing refers to",
      [{ type: 0, bytes: 72, refcount: 0 }],
      /node 0: expected a reference count of at least 1, found 0/,
    ],
  ])("is refused when it %s", async (_what, nodes, message) => {
    const heap = counted();
    const error = await refuse(nodes, heap);
    expect(error.code).toBe("ERR_BAD_RECORDING");
    expect(error.message).toMatch(message);
    expect(heap.stats().objects).toBe(0);
  });

  it.each<[string, GraphNode]>([
    ["an object as long as no memory", { type: 0, bytes: Number.MAX_SAFE_INTEGER, refcount: 1 }],
    ["more references than any memory has", { type: 0, bytes: 72, refcount: 1, leafRefs: 2 ** 50 }],
  ])("is refused when it has %s", async (_what, node) => {
    const heap = counted();
    const error = await refuse([node], heap);
    expect(error.code).toBe("ERR_OUT_OF_MEMORY");
    expect(error.message).toMatch(
      /sample: no room for the 1 nodes of the graph.*the heap 8 MiB\. .*maxBytes of/,
    );
    heap.verify();
  });

  it("is refused, or loaded as it says, whichever bit of a recording flips", async () => {
    const bytes = allBytesOf(
      record([
        { type: 0, bytes: 88, external: 1, leafRefs: 3, edges: [1, 2] },
        { type: 2, bytes: 56, leafRefs: 1, edges: [0] },
        { type: 1, bytes: 40, external: 5 },
      ]),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(8 * bytes.length - 1), async (bit) => {
        const damaged = bytes.slice();
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        const heap = countedHeap();
        try {
          await loadGraph(await openGraph(damaged), heap);
        } catch (error) {
          if (!HeapwrightError.is(error)) throw error;
          expect(heap.stats().objects).toBe(0);
        }
        heap.verify();
        heap.dispose();
      }),
    );
  });

  it("leaves the heap as it was, wherever the memory ends", async () => {
    const nodes = Array.from({ length: 3000 }, (_, i) => ({
      type: i % 3,
      bytes: i % 3 === 0 ? 100 + (i % 300) : 64,
      external: i % 5 === 0 ? 10_000 : 0,
      leafRefs: i % 4,
      edges: [(i * 7) % 3000, i],
    }));
    const recording = record(nodes);
    let refused = 0;
    for (let kib = 384; kib < 2500; kib += 67) {
      const heap = countedHeap(kib * 1024);
      const before = heap.scope((scope) => {
        const layout = heap.layout({ name: "mine", scan: "items" });
        const mine = scope.create(layout);
        heap.retain(mine);
        return heap.stats();
      });
      try {
        await loadGraph(await openGraph(recording), heap);
      } catch (error) {
        if (!HeapwrightError.is(error, "ERR_OUT_OF_MEMORY")) throw error;
        refused++;
        expect(error.message).toMatch(/A maxBytes of/);
        const { objects, buffers, handles } = heap.stats();
        expect({ objects, buffers, handles }).toEqual({ objects: before.objects, buffers: 0, handles: 0 });
      }
      heap.verify();
      heap.dispose();
    }
    expect(refused).toBeGreaterThan(5);
    expect(refused).toBeLessThan(31);
  });
});

describe("graphHeapBytes", () => {
  it("is enough for any graph", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, async (nodes) => {
        const graph = await openGraph(record(nodes));
        const maxBytes = graphHeapBytes(graph.header);
        expect(maxBytes % 2 ** 20).toBe(0);
        const heap = countedHeap(maxBytes);
        await expect(loadGraph(graph, heap)).resolves.toMatchObject({ nodes: nodes.length });
        heap.dispose();
      }),
      { numRuns: 20 },
    );
  });

  it("is enough for a recorded graph, and no more than three times what it takes", async () => {
    const graph = await openGraph(fixtureBytes("stdlib_modules.pymg.br"));
    const maxBytes = graphHeapBytes(graph.header);
    const heap = counted(maxBytes);
    const loaded = await loadGraph(graph, heap);
    expect(loaded).toMatchObject({ nodes: 59_618, leaves: 71_415, roots: 1255, references: 299_126 });
    expect(loaded.nodeBytes / loaded.recordedBytes).toBeLessThan(1.03);
    expect(maxBytes).toBeLessThan(3 * heap.stats().takenBytes);
    expect(heap.gc.collect(2)).toBe(0);
    heap.verify();
  });
});
