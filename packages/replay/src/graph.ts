/**
 * Opens graphs (`.pymg`): the objects that a cycle collector sees, and how they
 * refer to each other.
 */

import type { OpenOptions } from "./container.js";
import { createGraphDecoder } from "./graph-decoder.js";
import { parseGraphHeader, type GraphHeader } from "./graph-header.js";
import { createRecordWindow, decodeChunks } from "./record-window.js";
import { openRecording } from "./recording.js";
import type { ByteSource } from "./source.js";

/**
 * Consecutive nodes, as columns. Only the first {@link NodeBatch.length} elements of a column count. The columns are
 * valid until the next batch is asked for, which fills the same arrays: take a `slice` of what is to be kept.
 */
export interface NodeBatch {
  /** Nodes in this batch, 1 or more. */
  readonly length: number;
  /** Number of its first node; nodes are numbered 0, 1, 2, ... in the order of the file. */
  readonly first: number;
  /** Index into the header's `types`. */
  readonly type: Uint32Array;
  /** 0 (youngest), 1 or 2. */
  readonly generation: Uint8Array;
  /** `sys.getsizeof`: bytes of the object, blocks it owns and the collector's header included. Below 2^53. */
  readonly bytes: Float64Array;
  /** Exact reference count. Below 2^53. */
  readonly refcount: Float64Array;
  /** References to leaves, each occurrence. Below 2^53. */
  readonly leafRefs: Float64Array;
  /** Where each node's edges begin in {@link NodeBatch.edges}; one more element than nodes, the last is their end. */
  readonly edgeStart: Uint32Array;
  /** Numbers of the nodes that are referred to, in `tp_traverse` order; an object referred to twice is there twice. */
  readonly edges: Int32Array;
}

/** A graph: a header that was read, and nodes that can be. */
export interface Graph {
  /** Its header, checked in itself; the nodes are held against it while they are read. */
  readonly header: GraphHeader;
  /** Whether {@link Graph.nodes} can be called more than once. */
  readonly rereadable: boolean;
  /**
   * Reads the nodes: generation 2 first, then 1, then 0. In-edges are not counted: whether a reference count covers
   * them is for those to see who hold the whole graph.
   *
   * @returns batches of at most 16384 nodes. Leaving the loop early closes the source
   * @throws HeapwrightError as {@link Trace.batches}
   */
  nodes(): AsyncIterable<NodeBatch>;
}

/**
 * Opens a graph: reads and checks its header and nothing more. Plain and gzip are told by content.
 *
 * @param source - where its bytes come from
 * @throws HeapwrightError as {@link openTrace}; `ERR_WRONG_RECORDING` for a trace
 *
 * @example
 * ```ts
 * const graph = await openGraph(bytes);
 * for await (const batch of graph.nodes()) console.log(batch.first, batch.length);
 * ```
 */
export async function openGraph(source: ByteSource, options: OpenOptions = {}): Promise<Graph> {
  const { header, name, rereadable, readBody } = await openRecording(
    "graph",
    source,
    options,
    parseGraphHeader,
  );

  async function* nodes(): AsyncGenerator<NodeBatch, void, undefined> {
    const { body, bodyOffset } = await readBody();
    const window = createRecordWindow(bodyOffset);
    const decoder = createGraphDecoder(window, header, name);
    yield* decodeChunks(window, body, decoder.decode, decoder.batch);
  }

  return { header, rereadable, nodes };
}
