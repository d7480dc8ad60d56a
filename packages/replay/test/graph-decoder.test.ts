import { HeapwrightError } from "@heapwright/core";
import { describe, expect, it } from "vitest";

import { createGraphWriter, openGraph, type ByteSource } from "../src/index.js";
import { bytesOf, container, errorOf, splitContainer } from "./recordings.js";

async function countNodes(source: ByteSource): Promise<number> {
  let count = 0;
  for await (const batch of (await openGraph(source)).nodes()) count += batch.length;
  return count;
}

const writer = createGraphWriter({ program: "pair", types: [{ name: "list" }, { name: "dict" }] });
writer.node({ type: 0, generation: 2, bytes: 200, refcount: 1, leafRefs: 3, edges: [1, 1] });
writer.node({ type: 1, generation: 1, bytes: 72, refcount: 2, edges: [0] });
const plain = bytesOf(writer.finish());
const { header, records } = splitContainer(plain);
const list = [2, 200, 1, 1, 3, 2, 2, 2];

describe("records", () => {
  it.each<[string, number[], string, RegExp]>([
    ["a type that does not exist", [10, 1, 1, 0, 0], "ERR_BAD_RECORDING", /expected a type below 2, found 2/],
    [
      "a generation that does not exist",
      [3, 1, 1, 0, 0],
      "ERR_BAD_RECORDING",
      /expected a generation from 0 to 2/,
    ],
    [
      "a generation older than the one before",
      [1, 1, 1, 0, 0, 2, 1, 1, 0, 0],
      "ERR_BAD_RECORDING",
      /expected generation 1 or younger, found 2/,
    ],
    [
      "an edge before the first node",
      [2, 1, 1, 0, 1, 1],
      "ERR_BAD_RECORDING",
      /expected an edge to a node below 2, found one to -1/,
    ],
    ["an edge behind the last node", [2, 1, 1, 0, 1, 4], "ERR_BAD_RECORDING", /found one to 2/],
    [
      "more edges than the header says",
      [2, 1, 1, 0, 4, 0, 0, 0, 0],
      "ERR_BAD_RECORDING",
      /expected 3 edges in all/,
    ],
    [
      "a count of edges longer than memory",
      [2, 1, 1, 0, 255, 255, 255, 255, 255, 255, 255, 15],
      "ERR_BAD_RECORDING",
      /expected 3 edges in all/,
    ],
    [
      "a number of 2^53",
      [2, 128, 128, 128, 128, 128, 128, 128, 16],
      "ERR_BAD_RECORDING",
      /expected a number below 2\^53/,
    ],
    ["a node that is cut off", [...list, 5, 72], "ERR_TRUNCATED_RECORDING", /the data ends inside a record/],
    [
      "edges that are cut off",
      list.slice(0, 7),
      "ERR_TRUNCATED_RECORDING",
      /ends 1 edges before the end of a node/,
    ],
    [
      "fewer nodes than the header says",
      list,
      "ERR_TRUNCATED_RECORDING",
      /expected 2 nodes, as the header says, found 1/,
    ],
    [
      "more nodes than the header says",
      [...records, ...list],
      "ERR_BAD_RECORDING",
      /expected the end after 2 nodes/,
    ],
    [
      "other bytes than the header says",
      [2, 201, 1, ...records.slice(3)],
      "ERR_BAD_RECORDING",
      /expected bytes to be 272, .*, found 273/,
    ],
    [
      "other leaves than the header says",
      [2, 200, 1, 1, 4, ...records.slice(5)],
      "ERR_BAD_RECORDING",
      /expected leafRefs to be 3/,
    ],
    [
      "other generations than the header says",
      [...records.slice(0, 8), 4, ...records.slice(9)],
      "ERR_BAD_RECORDING",
      /expected generationSizes\[0\]/,
    ],
    [
      "other types than the header says",
      [...records.slice(0, 8), 1, ...records.slice(9)],
      "ERR_BAD_RECORDING",
      /expected types\[0\]\.count/,
    ],
  ])("are refused for %s", async (_, bytes, code, message) => {
    const error = await errorOf(countNodes(container("PYMG", header, bytes)));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/byte \d+, node \d+/);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ format: "pymt" }, 'expected "pymg"'],
    [{ nodes: 3 }, "expected the sum of count over the types, found 3"],
    [{ bytes: 3 }, "expected the sum of bytes over the types, found 3"],
    [{ generationSizes: [1, 1, 1] }, "expected three numbers with the sum nodes"],
    [{ generationSizes: [1, 1] }, "expected three numbers, each a whole number"],
    [{ externallyReferenced: 3 }, "expected at most nodes, found 3"],
    [{ unreachable: [0, 0, 3] }, "expected at most nodes each"],
    [{ types: [{ name: "list" }] }, "types[0].count: expected a whole number"],
    [{ types: 3 }, "expected a list of objects"],
    [
      { nodes: 2 ** 40, types: [{ name: "a", count: 2 ** 40, bytes: 272, finalizer: false }] },
      "expected at most 2147483647",
    ],
  ])("are not read when the header says %j", async (change, message) => {
    const error = await errorOf(openGraph(container("PYMG", { ...header, ...change }, records)));
    expect(error.code).toBe("ERR_BAD_RECORDING");
    expect(error.message).toContain(message);
  });

  it("cost memory by what is there, not by what the header claims", async () => {
    const nodes = 2 ** 31 - 1;
    const types = [{ name: "list", count: nodes, bytes: 272, finalizer: false }];
    const claims = {
      ...header,
      nodes,
      types,
      generationSizes: [0, 0, nodes],
      edges: Number.MAX_SAFE_INTEGER,
    };
    const before = process.memoryUsage().arrayBuffers;
    const error = await errorOf(
      countNodes(container("PYMG", claims, [...list, 2, 1, 1, 0, 128, 128, 128, 128, 4])),
    );
    expect(error.code).toBe("ERR_TRUNCATED_RECORDING");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10e6);
  });
});

describe("a damaged graph", () => {
  it("is called truncated wherever it ends", async () => {
    for (let end = 0; end < plain.length; end++) {
      const error = await errorOf(countNodes(plain.subarray(0, end)));
      expect(`${end}: ${error.code}`).toBe(`${end}: ERR_TRUNCATED_RECORDING`);
    }
  });

  it("gives an error of ours, or as many nodes, whichever bit flips", async () => {
    for (let bit = 0; bit < 8 * plain.length; bit++) {
      const damaged = plain.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      try {
        expect(await countNodes(damaged)).toBe(2);
      } catch (error) {
        if (!HeapwrightError.is(error)) throw error;
      }
    }
  });
});
