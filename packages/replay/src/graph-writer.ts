/**
 * Writes graphs.
 *
 * Nodes come in the order of their numbers, and an edge may lead to a node that
 * comes later; so whether all of them exist shows at the end.
 */

import { HeapwrightError, checkSize } from "@heapwright/core";

import { MAX_NODES, parseGraphHeader, type GraphHeader, type GraphInfo } from "./graph-header.js";
import type { NodeBatch } from "./graph.js";
import { checkGiven } from "./header-fields.js";
import { createRecordBuffer, type Recording } from "./record-buffer.js";
import { toZigzag } from "./varint.js";

/** An object as the cycle collector sees it. */
export interface GraphNode {
  /** Index into the `types` that the writer was given. */
  readonly type: number;
  /** 0 (youngest), 1 or 2; never more than in the node before. Default: 2, or that of the node before. */
  readonly generation?: number;
  /** Its length in bytes, a whole number below 2^53. */
  readonly bytes: number;
  /** Its reference count. */
  readonly refcount: number;
  /** References to leaves. Default: 0. */
  readonly leafRefs?: number;
  /** Numbers of the nodes it refers to; those written later included. Default: none. */
  readonly edges?: Iterable<number>;
}

/** Records a graph. Made by {@link createGraphWriter}. */
export interface GraphWriter {
  /**
   * Records a node.
   *
   * @returns its number: 0, 1, 2, ... in order of the calls
   * @throws HeapwrightError `ERR_BAD_OPTION` for a type, generation or edge that cannot be, `ERR_BAD_SIZE` for a count
   * that is no whole number from 0 to 2^53 - 1, `ERR_DISPOSED` after {@link GraphWriter.finish}
   */
  node(node: GraphNode): number;
  /** Records the nodes of a batch of another graph, whose first node must get the number it had there. */
  append(batch: NodeBatch): void;
  /**
   * Ends the recording. Later calls throw `ERR_DISPOSED`.
   *
   * @throws HeapwrightError `ERR_BAD_OPTION` when an edge leads to a node that was not written, or a figure of the
   * caller's contradicts the nodes
   */
  finish(): Recording<GraphHeader>;
}

/**
 * Begins a recording. Its records stay in memory until it ends, because the header with the totals comes first.
 *
 * @param info - what the header says besides the totals; a {@link GraphHeader} will do
 *
 * @example
 * ```ts
 * const writer = createGraphWriter({ program: "demo", types: [{ name: "list" }] });
 * writer.node({ type: 0, bytes: 72, refcount: 1, edges: [0] });
 * const graph = await openGraph(writer.finish());
 * ```
 */
export function createGraphWriter(info: GraphInfo): GraphWriter {
  const buffer = createRecordBuffer();
  const types = info.types.map((type) => ({ finalizer: false, ...type, count: 0, bytes: 0 }));
  const generationSizes: [number, number, number] = [0, 0, 0];
  const refcounts: number[] = [];
  const inEdges: number[] = [];
  let totals = { edges: 0, leafRefs: 0, bytes: 0 };
  let generation = 2;
  let finished = false;

  function node(node: GraphNode): number {
    assertOpen();
    const { type: index, bytes, refcount, leafRefs = 0 } = node;
    const age = node.generation ?? generation;
    const type = types[index];
    if (!type) throw badNode(`a type from 0 to ${types.length - 1}`, index);
    if (!Number.isInteger(age) || age < 0 || age > generation)
      throw badNode(`a generation from 0 to ${generation}`, age);
    const edges = Array.from(node.edges ?? []);
    const bad = edges.find((target) => !Number.isInteger(target) || target < 0 || target >= MAX_NODES);
    if (bad !== undefined) throw badNode("edges to numbers of nodes", bad);

    for (const count of [bytes, refcount, leafRefs]) checkSize(count);

    const number = refcounts.length;
    buffer.number(4 * index + age);
    buffer.number(bytes);
    buffer.number(refcount);
    buffer.number(leafRefs);
    buffer.number(edges.length);
    for (const target of edges) {
      buffer.number(toZigzag(target - number));
      inEdges[target] = (inEdges[target] ?? 0) + 1;
    }
    generation = age;
    generationSizes[age as 0 | 1 | 2]++;
    refcounts.push(refcount);
    type.count++;
    type.bytes += bytes;
    totals = {
      edges: totals.edges + edges.length,
      leafRefs: totals.leafRefs + leafRefs,
      bytes: totals.bytes + bytes,
    };
    return number;
  }

  function append(batch: NodeBatch): void {
    if (batch.first !== refcounts.length)
      throw badNode(`a batch that begins with node ${refcounts.length}`, batch.first);
    for (let i = 0; i < batch.length; i++) {
      node({
        type: batch.type[i]!,
        generation: batch.generation[i]!,
        bytes: batch.bytes[i]!,
        refcount: batch.refcount[i]!,
        leafRefs: batch.leafRefs[i]!,
        edges: batch.edges.subarray(batch.edgeStart[i], batch.edgeStart[i + 1]),
      });
    }
  }

  function finish(): Recording<GraphHeader> {
    assertOpen();
    const nodes = refcounts.length;
    if (inEdges.length > nodes) throw badNode(`edges to the nodes 0 to ${nodes - 1}`, inEdges.length - 1);
    const beyond = refcounts.map((count, number) => count - (inEdges[number] ?? 0));
    const fields = {
      python: "",
      platform: "",
      ...info,
      ...totals,
      nodes,
      refcountBelowInEdges: beyond.filter((count) => count < 0).length,
      externallyReferenced: beyond.filter((count) => count > 0).length,
      generationSizes,
      types,
      format: "pymg",
    };
    const header = checkGiven(() => parseGraphHeader(fields, "graph"));
    finished = true;
    return buffer.finish("graph", header);
  }

  function assertOpen(): void {
    if (finished) throw new HeapwrightError("ERR_DISPOSED", "This graph was finished.");
  }

  return { node, append, finish };
}

function badNode(expected: string, found: number): HeapwrightError {
  return new HeapwrightError("ERR_BAD_OPTION", `A graph expects ${expected}, not ${found}.`);
}
