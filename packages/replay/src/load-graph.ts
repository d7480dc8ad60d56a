/**
 * Loads a recorded graph into a heap: the objects that CPython's collector saw, with their lengths, references, counts and
 * generations, for any collector to collect.
 *
 * ```text
 *   recorded                        in the heap
 *   node                            a tracked object, `bytes` - 16 long; see `graph-layouts.ts`
 *   edge                            a counted store, in the order of `tp_traverse`
 *   reference to a leaf             a counted store, behind the edges, of an untracked object; see `graph-leaves.ts`
 *   reference count beyond edges    `heap.retain`: a surplus of the count; a root in a heap without counts
 *   generation                      `heap.gc.place`
 * ```
 *
 * Nothing else holds the objects afterwards, so a collection finds what CPython's found. Loading never looks at
 * `header.unreachable`. What is not loaded: finalizers and weak references of the recorded program, and types, of which
 * there are only the shapes.
 *
 * Everything is made in one scope, which keeps it alive until it is linked; with an error it is taken apart again.
 */

import { HeapwrightError, formatBytes, type Heap } from "@heapwright/core";

import { createGraphBuilder } from "./graph-builder.js";
import { readGraphColumns, type GraphColumns } from "./graph-columns.js";
import { graphHeapBytes } from "./graph-heap-bytes.js";
import type { GraphHeader } from "./graph-header.js";
import { recordedBytesOf, shapesOf, wholeCell, type GraphShapes } from "./graph-layouts.js";
import { countOf, leafKindsOf, type LeafKind } from "./graph-leaves.js";
import type { Graph } from "./graph.js";

/** What {@link loadGraph} accepts. */
export interface LoadGraphOptions {
  /** Called now and then with the steps done and those to do: three for each node. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A graph in a heap. */
export interface LoadedGraph {
  /** The reference of each node, by its number: borrowed, so valid until a collection frees it. */
  readonly objects: Int32Array;
  /** Tracked objects: all nodes. */
  readonly nodes: number;
  /** Untracked objects that nodes refer to. */
  readonly leaves: number;
  /** References that were stored, to nodes and to leaves. */
  readonly references: number;
  /** Nodes with references from outside, which hold the graph. */
  readonly roots: number;
  /** What the records say, less 16 B a node. */
  readonly recordedBytes: number;
  /** Bytes of the cells and buffers of nodes as asked for, header words included. */
  readonly nodeBytes: number;
  /** Bytes of the leaves as asked for. */
  readonly leafBytes: number;
  /** Nodes that are longer than their record says, for want of room for a header word and their references. */
  readonly oversized: number;
  /**
   * Ends the references from outside. What no cycle holds dies at once in a heap that counts; the rest is garbage. Calling
   * twice is harmless.
   *
   * @throws HeapwrightError `ERR_DISPOSED`
   */
  release(): void;
}

/**
 * Loads a graph. Automatic collection waits meanwhile.
 *
 * @param graph - read once
 * @param heap - of any plan; {@link graphHeapBytes} says how large
 * @throws HeapwrightError as `graph.nodes()`; `ERR_BAD_RECORDING` for a node whose reference count is below the edges that
 * lead to it; `ERR_OUT_OF_MEMORY` when the heap is too small: what was made until then is dead, or unreachable in a heap
 * without counts
 *
 * @example
 * ```ts
 * const graph = await openGraphFile("object_web.pymg.br");
 * using heap = createHeap({ allocator, collector, counter, maxBytes: graphHeapBytes(graph.header) });
 * await loadGraph(graph, heap);
 * heap.gc.collect(); // 84688
 * ```
 */
export async function loadGraph(
  graph: Graph,
  heap: Heap,
  { onProgress }: LoadGraphOptions = {},
): Promise<LoadedGraph> {
  const { header } = graph;
  const total = 3 * header.nodes;
  const columns = await readGraphColumns(graph, (done) => onProgress?.(done, total));
  const automatic = heap.gc.isEnabled();
  heap.gc.disable();
  try {
    return build(heap, header, columns, (done) => onProgress?.(header.nodes + done, total));
  } catch (cause) {
    throw HeapwrightError.is(cause, "ERR_OUT_OF_MEMORY") ? noRoom(header, cause) : cause;
  } finally {
    if (automatic) heap.gc.enable();
  }
}

const NODES_PER_STEP = 16384;

/** Makes all objects, links them, and lets go of them but for the roots. */
function build(
  heap: Heap,
  header: GraphHeader,
  columns: GraphColumns,
  onStep: (done: number) => void,
): LoadedGraph {
  const shapes = shapesOf(header, columns);
  const leafKinds = leafKindsOf(header);
  const figures = measure(columns, shapes, leafKinds);
  const needed = figures.nodeBytes + figures.leafBytes;
  const { maxBytes } = heap.memory;
  if (needed > maxBytes) {
    const text = `They and their leaves have ${formatBytes(needed)}, and the heap ${formatBytes(maxBytes)}.`;
    throw new HeapwrightError("ERR_OUT_OF_MEMORY", text);
  }
  let steps = 0;
  function eachNode(act: (node: number) => void): void {
    for (let node = 0; node < columns.nodes; node++) {
      act(node);
      if (++steps % NODES_PER_STEP === 0) onStep(steps);
    }
  }

  return heap.scope((scope) => {
    const builder = createGraphBuilder(heap, scope, columns);
    try {
      for (const kind of leafKinds) builder.makeLeaves(kind);
      eachNode((node) => {
        builder.makeNode(shapes.of(node));
      });
      eachNode(builder.link);
      for (let node = 0; node < columns.nodes; node++) builder.place(node);
    } catch (error) {
      builder.takeApart();
      throw error;
    }
    const { objects, shares } = builder;
    const references = header.edges + header.leafRefs;
    return { objects, references, ...figures, release: shares.release };
  });
}

/** All figures but those of references. */
function measure(
  columns: GraphColumns,
  shapes: GraphShapes,
  leafKinds: readonly LeafKind[],
): Omit<LoadedGraph, "objects" | "references" | "release"> {
  const { nodes, external } = columns;
  let [recordedBytes, nodeBytes, oversized, roots] = [0, 0, 0, 0];
  for (let node = 0; node < nodes; node++) {
    const recorded = recordedBytesOf(columns, node);
    const { cellBytes, bufferBytes } = shapes.of(node);
    recordedBytes += recorded;
    nodeBytes += cellBytes + bufferBytes;
    if (cellBytes + bufferBytes > wholeCell(recorded)) oversized++;
    if (external[node]! > 0) roots++;
  }
  const leafBytes = leafKinds.reduce((sum, { count, bytes }) => sum + count * bytes, 0);
  return { nodes, leaves: countOf(leafKinds), roots, recordedBytes, nodeBytes, leafBytes, oversized };
}

function noRoom(header: GraphHeader, cause: HeapwrightError): HeapwrightError {
  const { program, nodes } = header;
  const enough = formatBytes(graphHeapBytes(header));
  return new HeapwrightError(
    "ERR_OUT_OF_MEMORY",
    `${program}: no room for the ${nodes} nodes of the graph. ${cause.message} A maxBytes of ${enough} is enough; see graphHeapBytes.`,
    { cause },
  );
}
