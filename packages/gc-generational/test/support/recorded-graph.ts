/**
 * Object graphs recorded from real CPython processes, and what a collection of a generation has to find in them.
 */

import { existsSync, readdirSync } from "node:fs";

import { pymalloc } from "@heapwright/allocator";
import { createHeap, type Ptr } from "@heapwright/core";
import { refcount } from "@heapwright/refcount";
import { graphHeapBytes, loadGraph } from "@heapwright/replay";
import { openGraphFile } from "@heapwright/replay/node";
import { expect } from "vitest";

import { generational } from "../../src/index.js";

/** The graphs in a folder; none when there is no such folder. */
export function graphsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.includes(".pymg"));
  return names.map((name) => `${folder}/${name}`);
}

/** The nodes, by number, that a collection of a generation has to find: a naive walk over the recording. */
async function unreachableIn(file: string, generation: number): Promise<Set<number>> {
  const graph = await openGraphFile(file);
  const edges: Int32Array[] = [];
  const outside: number[] = [];
  const members = new Set<number>();
  for await (const batch of graph.nodes()) {
    for (let i = 0; i < batch.length; i++) {
      if (batch.generation[i]! <= generation) members.add(edges.length);
      edges.push(batch.edges.slice(batch.edgeStart[i], batch.edgeStart[i + 1]));
      outside.push(batch.refcount[i]!);
    }
  }
  for (const node of members) for (const target of edges[node]!) outside[target]!--;
  const reached = new Set([...members].filter((node) => outside[node]! > 0));
  for (const node of reached) {
    for (const target of edges[node]!) if (members.has(target)) reached.add(target);
  }
  return new Set([...members].filter((node) => !reached.has(node)));
}

/** A collection frees the nodes that CPython's found unreachable and no others, and moves the survivors on. */
export async function expectSameUnreachable(file: string, generation: 0 | 1 | 2): Promise<void> {
  const graph = await openGraphFile(file);
  const heap = createHeap({
    allocator: pymalloc(),
    counter: refcount(),
    collector: generational(),
    maxBytes: graphHeapBytes(graph.header),
  });
  const { objects } = await loadGraph(graph, heap);
  const generations = Array.from(objects, (object) => heap.gc.generationOf(object as Ptr)!);

  const recorded = graph.header.unreachable![generation];
  const unreachable = await unreachableIn(file, generation);
  expect(unreachable.size).toBe(recorded);
  expect(heap.gc.collect(generation)).toBe(recorded);

  const wrong = [...objects.keys()].filter(
    (node) => heap.isObject(objects[node] as Ptr) === unreachable.has(node),
  );
  expect(wrong).toEqual([]);
  const misplaced = [...objects.keys()].filter((node) => {
    if (unreachable.has(node)) return false;
    const before = generations[node]!;
    const expected = before <= generation ? Math.min(generation + 1, 2) : before;
    return heap.gc.generationOf(objects[node] as Ptr) !== expected;
  });
  expect(misplaced).toEqual([]);
  heap.verify();
  expect(heap.gc.collect(generation)).toBe(0);
  heap.dispose();
}
