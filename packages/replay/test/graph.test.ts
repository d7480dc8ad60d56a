import { gzipSync } from "node:zlib";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  createGraphWriter,
  openGraph,
  type ByteSource,
  type GraphHeader,
  type GraphNode,
} from "../src/index.js";
import { bytesOf, chunkings, fixtureBytes, splitContainer } from "./recordings.js";

type FullNode = Required<GraphNode> & { edges: number[] };

async function readGraph(source: ByteSource): Promise<{ header: GraphHeader; nodes: FullNode[] }> {
  const graph = await openGraph(source);
  const nodes: FullNode[] = [];
  for await (const batch of graph.nodes()) {
    expect(batch.first).toBe(nodes.length);
    for (let i = 0; i < batch.length; i++) {
      nodes.push({
        type: batch.type[i]!,
        generation: batch.generation[i]!,
        bytes: batch.bytes[i]!,
        refcount: batch.refcount[i]!,
        leafRefs: batch.leafRefs[i]!,
        edges: [...batch.edges.subarray(batch.edgeStart[i], batch.edgeStart[i + 1])],
      });
    }
  }
  return { header: graph.header, nodes };
}

/** Nodes from old to young, with edges among them. */
const graphs: fc.Arbitrary<FullNode[]> = fc.integer({ min: 0, max: 40 }).chain((count) =>
  fc
    .array(
      fc.record({
        type: fc.nat(2),
        generation: fc.nat(2),
        bytes: fc.oneof(
          fc.nat(1000),
          fc.maxSafeNat().map((bytes) => Math.floor(bytes / 64)),
        ),
        refcount: fc.nat(500),
        leafRefs: fc.nat(500),
        edges: fc.array(fc.nat(Math.max(0, count - 1)), { maxLength: 300 }),
      }),
      { minLength: count, maxLength: count },
    )
    .map((nodes) => nodes.sort((a, b) => b.generation - a.generation)),
);

const types = [{ name: "list" }, { name: "dict", finalizer: false }, { name: "Resource", finalizer: true }];

describe("openGraph", () => {
  it("reads what was written, and the totals with it", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, async (written) => {
        const writer = createGraphWriter({ program: "random", types });
        written.forEach((node, number) => expect(writer.node(node)).toBe(number));
        const { header, nodes } = await readGraph(writer.finish());
        expect(nodes).toEqual(written);

        const sum = (of: (node: FullNode) => number, among = written): number =>
          among.reduce((total, node) => total + of(node), 0);
        const inEdges = written.map((_, number) =>
          sum(({ edges }) => edges.filter((edge) => edge === number).length),
        );
        expect(header).toMatchObject({
          format: "pymg",
          nodes: written.length,
          edges: sum(({ edges }) => edges.length),
          leafRefs: sum(({ leafRefs }) => leafRefs),
          bytes: sum(({ bytes }) => bytes),
          generationSizes: [0, 1, 2].map(
            (age) => written.filter(({ generation }) => generation === age).length,
          ),
          externallyReferenced: written.filter(({ refcount }, number) => refcount > inEdges[number]!).length,
          refcountBelowInEdges: written.filter(({ refcount }, number) => refcount < inEdges[number]!).length,
        });
        expect(header.types).toEqual(
          types.map(({ name, finalizer = false }, type) => {
            const own = written.filter((node) => node.type === type);
            return { name, finalizer, count: own.length, bytes: sum(({ bytes }) => bytes, own) };
          }),
        );
      }),
    );
  });

  it("reads the same from chunks of any lengths, and from gzip", async () => {
    const writer = createGraphWriter({ program: "chunks", types });
    for (let i = 0; i < 30; i++) {
      writer.node({ type: i % 3, bytes: 72 * i * i * i, refcount: 2, edges: [0, 29, (i * 7) % 30] });
    }
    const bytes = bytesOf(writer.finish());
    const whole = await readGraph(bytes);
    expect(await readGraph(new Uint8Array(gzipSync(bytes)))).toEqual(whole);
    await fc.assert(
      fc.asyncProperty(chunkings(bytes), async (chunks) => {
        expect(await readGraph(chunks)).toEqual(whole);
      }),
    );
  });

  it("reads a node with more edges than fit into a window", async () => {
    const count = 100_000;
    const writer = createGraphWriter({ program: "star", types });
    for (let i = 0; i < count; i++) writer.node({ type: 0, bytes: 56, refcount: 1 });
    writer.node({
      type: 0,
      bytes: 56 + 8 * count,
      refcount: 1,
      edges: Array.from({ length: count }, (_, i) => i),
    });
    const { header, nodes } = await readGraph(writer.finish());
    expect(header).toMatchObject({ nodes: count + 1, edges: count, externallyReferenced: 1 });
    expect(nodes[count]!.edges).toEqual(Array.from({ length: count }, (_, i) => i));
  });

  it("reads a recorded graph, and writes it again byte for byte", async () => {
    const bytes = fixtureBytes("stdlib_modules.pymg.br");
    const graph = await openGraph(bytes);
    expect(graph.header).toMatchObject({
      program: "stdlib_modules",
      nodes: 59_618,
      edges: 125_275,
      unreachable: [0, 0, 0],
    });
    const writer = createGraphWriter(graph.header);
    for await (const batch of graph.nodes()) writer.append(batch);
    const copy = bytesOf(writer.finish());
    expect(splitContainer(copy).header).toEqual(splitContainer(bytes).header);
    expect(Buffer.compare(splitContainer(copy).records, splitContainer(bytes).records)).toBe(0);
  });

  it("reads a graph without nodes", async () => {
    const { nodes } = await readGraph(createGraphWriter({ program: "nothing", types: [] }).finish());
    expect(nodes).toEqual([]);
  });
});
