/**
 * A whole graph as columns, for those who have to know every node before they make the first: what refers to a node, and
 * how many references a node of its type has at most, shows only at the end.
 *
 * Held while a graph is loaded: 33 B a node and 4 B an edge, twice that for a moment while the parts are joined.
 */

import { HeapwrightError } from "@heapwright/core";

import { recordingError } from "./container.js";
import type { Graph, NodeBatch } from "./graph.js";

/** All nodes, by number. */
export interface GraphColumns {
  /** How many there are. */
  readonly nodes: number;
  /** Index into the header's `types`. */
  readonly type: Uint32Array;
  /** 0 (youngest), 1 or 2. */
  readonly generation: Uint8Array;
  /** `sys.getsizeof`, the collector's header included. */
  readonly bytes: Float64Array;
  /** References to leaves, each occurrence. */
  readonly leafRefs: Float64Array;
  /** Where each node's edges begin; one more element than nodes. */
  readonly edgeStart: Uint32Array;
  /** Numbers of the nodes that are referred to. */
  readonly edges: Int32Array;
  /** References from outside the graph: the reference count less the edges that lead there. Above 0: a root. */
  readonly external: Float64Array;
}

/**
 * Reads all nodes.
 *
 * @param onNodes - called with the number of nodes read so far
 * @throws HeapwrightError as `graph.nodes()`; `ERR_BAD_RECORDING` for a node whose reference count is below the edges that
 * lead to it, or 0; `ERR_OUT_OF_MEMORY` when the host has no room for the columns
 */
export async function readGraphColumns(
  graph: Graph,
  onNodes?: (done: number) => void,
): Promise<GraphColumns> {
  const parts: NodeBatch[] = [];
  let nodes = 0;
  for await (const batch of graph.nodes()) {
    parts.push(copyOf(batch));
    nodes += batch.length;
    onNodes?.(nodes);
  }
  try {
    return joinParts(parts, nodes, graph.header.program);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new HeapwrightError(
      "ERR_OUT_OF_MEMORY",
      `The host has no room for the columns of ${nodes} nodes: ${cause.message}.`,
      { cause },
    );
  }
}

/** The reader fills the same arrays again. */
function copyOf(batch: NodeBatch): NodeBatch {
  const { length, first, edgeStart, edges } = batch;
  return {
    length,
    first,
    type: batch.type.slice(0, length),
    generation: batch.generation.slice(0, length),
    bytes: batch.bytes.slice(0, length),
    refcount: batch.refcount.slice(0, length),
    leafRefs: batch.leafRefs.slice(0, length),
    edgeStart: edgeStart.slice(0, length + 1),
    edges: edges.slice(0, edgeStart[length]),
  };
}

function joinParts(parts: readonly NodeBatch[], nodes: number, name: string): GraphColumns {
  const edges = joinEdges(parts);
  const refcount = new Float64Array(nodes);
  const type = new Uint32Array(nodes);
  const generation = new Uint8Array(nodes);
  const bytes = new Float64Array(nodes);
  const leafRefs = new Float64Array(nodes);
  const edgeStart = new Uint32Array(nodes + 1);
  let edgeCount = 0;
  for (const part of parts) {
    type.set(part.type, part.first);
    generation.set(part.generation, part.first);
    bytes.set(part.bytes, part.first);
    refcount.set(part.refcount, part.first);
    leafRefs.set(part.leafRefs, part.first);
    for (let i = 1; i <= part.length; i++) edgeStart[part.first + i] = edgeCount + part.edgeStart[i]!;
    edgeCount += part.edges.length;
  }
  const external = subtractEdges(refcount, edges, name);
  return { nodes, type, generation, bytes, leafRefs, edgeStart, edges, external };
}

function joinEdges(parts: readonly NodeBatch[]): Int32Array {
  const edges = new Int32Array(parts.reduce((sum, part) => sum + part.edges.length, 0));
  let at = 0;
  for (const part of parts) {
    edges.set(part.edges, at);
    at += part.edges.length;
  }
  return edges;
}

/** Turns reference counts into external shares, in place. CPython: `subtract_refs`, over all generations. */
function subtractEdges(refcount: Float64Array, edges: Int32Array, name: string): Float64Array {
  const inEdges = new Float64Array(refcount.length);
  for (const target of edges) inEdges[target]!++;
  for (let node = 0; node < refcount.length; node++) {
    const least = Math.max(1, inEdges[node]!);
    const found = refcount[node]!;
    if (found < least) {
      const why = least > 1 ? `, as ${least} edges lead to it` : "";
      const text = `node ${node}: expected a reference count of at least ${least}${why}, found ${found}`;
      throw recordingError("ERR_BAD_RECORDING", name, text);
    }
    refcount[node] = found - inEdges[node]!;
  }
  return refcount;
}
