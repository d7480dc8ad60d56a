import { describe, expect, it } from "vitest";

import { createGraphWriter, openGraph, type GraphNode, type GraphWriter } from "../src/index.js";

const types = [{ name: "list" }];
const sound: GraphNode = { type: 0, bytes: 56, refcount: 1 };

describe("createGraphWriter", () => {
  it.each<[string, (writer: GraphWriter) => unknown, string]>([
    ["a type that does not exist", (writer) => writer.node({ ...sound, type: 1 }), "ERR_BAD_OPTION"],
    [
      "a generation that does not exist",
      (writer) => writer.node({ ...sound, generation: 3 }),
      "ERR_BAD_OPTION",
    ],
    [
      "a generation older than the one before",
      (writer) => [writer.node({ ...sound, generation: 0 }), writer.node({ ...sound, generation: 1 })],
      "ERR_BAD_OPTION",
    ],
    ["an edge to no node", (writer) => writer.node({ ...sound, edges: [-1] }), "ERR_BAD_OPTION"],
    [
      "an edge to what can be no node",
      (writer) => writer.node({ ...sound, edges: [2 ** 40] }),
      "ERR_BAD_OPTION",
    ],
    [
      "an edge to a node that was not written",
      (writer) => [writer.node({ ...sound, edges: [1] }), writer.finish()],
      "ERR_BAD_OPTION",
    ],
    ["a size below 0", (writer) => writer.node({ ...sound, bytes: -1 }), "ERR_BAD_SIZE"],
    ["calls after the end", (writer) => [writer.finish(), writer.node(sound)], "ERR_DISPOSED"],
  ])("refuses %s", (_, misuse, code) => {
    expect(() => misuse(createGraphWriter({ program: "misuse", types }))).toThrow(
      expect.objectContaining({ code }),
    );
  });

  it("writes nothing of a node that it refuses", async () => {
    const writer = createGraphWriter({ program: "refused", types });
    expect(() => writer.node({ ...sound, leafRefs: -1 })).toThrow();
    expect(writer.node(sound)).toBe(0);
    const graph = await openGraph(writer.finish());
    expect(graph.header).toMatchObject({ nodes: 1, bytes: 56, leafRefs: 0 });
    for await (const batch of graph.nodes()) expect(batch.bytes[0]).toBe(56);
  });

  it("puts a node into the generation of the one before unless told otherwise", () => {
    const writer = createGraphWriter({ program: "ages", types });
    for (const generation of [undefined, 1, undefined, 0, undefined]) {
      writer.node({ ...sound, ...(generation !== undefined && { generation }) });
    }
    expect(writer.finish().header.generationSizes).toEqual([2, 2, 1]);
  });
});
