/**
 * Decodes the records of a graph, and believes none of them.
 *
 * ```text
 *   node   type * 4 + generation | bytes | refcount | leaf references | E | E edges
 *   edge   zigzag(target - own number)
 * ```
 *
 * All are varints. A node can have any number of edges, so it is decoded in two
 * steps, and a window need only hold one number at a time.
 */

import { recordingError } from "./container.js";
import type { NodeBatch } from "./graph.js";
import type { GraphHeader } from "./graph-header.js";
import type { RecordWindow } from "./record-window.js";
import { grown } from "./slot-table.js";
import { BAD_VARINT, MAX_VARINT_BYTES, fromZigzag, readVarint } from "./varint.js";

/** Nodes in a full batch. */
const BATCH_NODES = 16384;

const NODE_NUMBERS = 5;

/** Turns the bytes in a window into batches of nodes. */
export interface GraphDecoder {
  /** Decodes into the batch until it is full (true) or the window has no whole record left (false). */
  decode(): boolean;
  /** The batch, whose columns the next `decode` fills again. */
  batch(): NodeBatch;
}

/**
 * Makes a decoder.
 *
 * @param window - where the records arrive
 * @param header - what they must amount to
 * @param name - what the caller calls the graph
 */
export function createGraphDecoder(window: RecordWindow, header: GraphHeader, name: string): GraphDecoder {
  const capacity = Math.min(BATCH_NODES, header.nodes);
  const type = new Uint32Array(capacity);
  const generation = new Uint8Array(capacity);
  const bytes = new Float64Array(capacity);
  const refcount = new Float64Array(capacity);
  const leafRefs = new Float64Array(capacity);
  const edgeStart = new Uint32Array(capacity + 1);
  let edges = new Int32Array(1024);

  let first = 0;
  /** Nodes of the batch, the one whose edges are still being read included. */
  let length = 0;
  let edgeCount = 0;
  /** Edges that the last node still lacks. */
  let missing = 0;
  let delivered = false;
  /** Generation of the last node: they come from old to young. */
  let youngest = 2;

  const totals = { nodes: 0, edges: 0, leafRefs: 0, bytes: 0 };
  const countOf = new Float64Array(header.types.length);
  const bytesOf = new Float64Array(header.types.length);
  const nodesIn = new Float64Array(3);

  function fail(code: "ERR_BAD_RECORDING" | "ERR_TRUNCATED_RECORDING", at: number, text: string): never {
    throw recordingError(
      code,
      name,
      `byte ${window.offset + at}, node ${Math.max(0, totals.nodes - 1)}: ${text}`,
    );
  }

  function readNumber(): number {
    const start = window.at;
    const value = readVarint(window);
    if (value === BAD_VARINT)
      fail("ERR_BAD_RECORDING", start, "expected a number below 2^53, found a longer one");
    if (window.at > window.end) fail("ERR_TRUNCATED_RECORDING", start, "the data ends inside a record");
    return value;
  }

  function readNode(): void {
    const start = window.at;
    if (totals.nodes === header.nodes) {
      fail(
        "ERR_BAD_RECORDING",
        start,
        `expected the end after ${header.nodes} nodes, as the header says, found more`,
      );
    }
    const kind = readNumber();
    const index = Math.floor(kind / 4);
    const age = kind % 4;
    if (age > 2) fail("ERR_BAD_RECORDING", start, "expected a generation from 0 to 2, found 3");
    if (index >= header.types.length) {
      fail("ERR_BAD_RECORDING", start, `expected a type below ${header.types.length}, found ${index}`);
    }
    if (age > youngest)
      fail("ERR_BAD_RECORDING", start, `expected generation ${youngest} or younger, found ${age}`);
    youngest = age;
    type[length] = index;
    generation[length] = age;
    bytes[length] = readNumber();
    refcount[length] = readNumber();
    leafRefs[length] = readNumber();
    missing = readNumber();
    if (totals.edges + missing > header.edges) {
      fail(
        "ERR_BAD_RECORDING",
        start,
        `expected ${header.edges} edges in all, as the header says, found more`,
      );
    }
    countOf[index]!++;
    bytesOf[index]! += bytes[length]!;
    nodesIn[age]!++;
    totals.nodes++;
    totals.edges += missing;
    totals.leafRefs += leafRefs[length]!;
    totals.bytes += bytes[length]!;
    length++;
  }

  /** Reads the last node's edges, as far as they have arrived. */
  function readEdges(limit: number): void {
    const own = totals.nodes - 1;
    while (missing > 0 && window.at < limit) {
      const start = window.at;
      const target = own + fromZigzag(readNumber());
      if (target < 0 || target >= header.nodes) {
        fail(
          "ERR_BAD_RECORDING",
          start,
          `expected an edge to a node below ${header.nodes}, found one to ${target}`,
        );
      }
      if (edgeCount === edges.length) edges = grown(edges, new Int32Array(2 * edgeCount));
      edges[edgeCount++] = target;
      missing--;
    }
    edgeStart[length] = edgeCount;
  }

  function decode(): boolean {
    if (delivered) {
      first += length;
      length = 0;
      edgeCount = 0;
      delivered = false;
    }
    const { end, last } = window;
    // Before the limit there is room for a node, or an edge.
    const nodeLimit = last ? end : end - NODE_NUMBERS * MAX_VARINT_BYTES + 1;
    const edgeLimit = last ? end : end - MAX_VARINT_BYTES + 1;
    for (;;) {
      readEdges(edgeLimit);
      if (missing > 0) break;
      if (length === BATCH_NODES) return (delivered = true);
      if (window.at >= nodeLimit) break;
      readNode();
    }
    if (!last) return false;
    if (missing > 0)
      fail("ERR_TRUNCATED_RECORDING", end, `the data ends ${missing} edges before the end of a node`);
    checkTotals();
    return (delivered = length > 0);
  }

  /** At the end of the data: holds what was read against the header. */
  function checkTotals(): void {
    if (totals.nodes < header.nodes) {
      fail(
        "ERR_TRUNCATED_RECORDING",
        window.end,
        `expected ${header.nodes} nodes, as the header says, found ${totals.nodes} at the end of the data`,
      );
    }
    const { edges, leafRefs, bytes, generationSizes, types } = header;
    expectTotal("edges", edges, totals.edges);
    expectTotal("leafRefs", leafRefs, totals.leafRefs);
    expectTotal("bytes", bytes, totals.bytes);
    generationSizes.forEach((size, age) => expectTotal(`generationSizes[${age}]`, size, nodesIn[age]!));
    types.forEach(({ count, bytes }, index) => {
      expectTotal(`types[${index}].count`, count, countOf[index]!);
      expectTotal(`types[${index}].bytes`, bytes, bytesOf[index]!);
    });
  }

  function expectTotal(field: string, expected: number, found: number): void {
    if (expected === found) return;
    fail(
      "ERR_BAD_RECORDING",
      window.end,
      `expected ${field} to be ${expected}, as the header says, found ${found}`,
    );
  }

  return {
    decode,
    batch: () => ({ length, first, type, generation, bytes, refcount, leafRefs, edgeStart, edges }),
  };
}
