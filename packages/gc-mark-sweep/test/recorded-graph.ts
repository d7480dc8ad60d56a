/**
 * Object graphs recorded from real CPython processes, and what nothing leads to in them.
 */

import { existsSync, readdirSync } from "node:fs";

import { pymalloc } from "@heapwright/allocator";
import { createHeap, type Ptr } from "@heapwright/core";
import { graphHeapBytes, loadGraph } from "@heapwright/replay";
import { openGraphFile } from "@heapwright/replay/node";
import { expect } from "vitest";

import { markSweep } from "../src/index.js";

/** The graphs in a folder; none when there is no such folder. */
export function graphsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.includes(".pymg"));
  return names.map((name) => `${folder}/${name}`);
}

/** The nodes, by number, that nothing held from outside leads to: a walk over the recording. */
async function unreachableIn(file: string): Promise<Set<number>> {
  const graph = await openGraphFile(file);
  const edges: Int32Array[] = [];
  const external: number[] = [];
  for await (const batch of graph.nodes()) {
    for (let i = 0; i < batch.length; i++) {
      edges.push(batch.edges.slice(batch.edgeStart[i], batch.edgeStart[i + 1]));
      external.push(batch.refcount[i]!);
    }
  }
  for (const targets of edges) for (const target of targets) external[target]!--;
  const reached = new Set([...external.keys()].filter((node) => external[node]! > 0));
  for (const node of reached) for (const target of edges[node]!) reached.add(target);
  return new Set([...edges.keys()].filter((node) => !reached.has(node)));
}

/** A full collection frees the nodes that CPython's collector found unreachable, and no others. */
export async function expectSameUnreachable(file: string): Promise<void> {
  const unreachable = await unreachableIn(file);
  const graph = await openGraphFile(file);
  const recorded = graph.header.unreachable![2];
  const heap = createHeap({
    allocator: pymalloc(),
    collector: markSweep(),
    maxBytes: graphHeapBytes(graph.header),
  });
  const { objects } = await loadGraph(graph, heap);
  expect(heap.gc.collect()).toBe(recorded);
  expect(unreachable.size).toBe(recorded);
  const wrong = [...objects.keys()].filter(
    (node) => heap.isObject(objects[node] as Ptr) === unreachable.has(node),
  );
  expect(wrong).toEqual([]);
  heap.verify();
  expect(heap.gc.collect()).toBe(0);
  heap.dispose();
}
