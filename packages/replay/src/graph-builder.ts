/**
 * Makes the objects of a recorded graph in a heap, links them, and takes them apart again when there is no room for all.
 *
 * All stores are counted ones through the heap's public API, so any heap will do, and its invariants hold at every step.
 */

import { NULL, type Heap, type Layout, type LayoutSpec, type Ptr, type Scope } from "@heapwright/core";

import { createExternalShares, type ExternalShares } from "./external-shares.js";
import type { GraphColumns } from "./graph-columns.js";
import { ITEMS_CELL_BYTES, REFERENCE_BYTES, type NodeShape } from "./graph-layouts.js";
import { LONGEST_LEAF_CELL_BYTES, LONG_LEAF_CELL_BYTES, type LeafKind } from "./graph-leaves.js";

/** Builds one graph. */
export interface GraphBuilder {
  /** The references of the nodes, by number; 0 where a node was not made yet. */
  readonly objects: Int32Array;
  /** Makes leaves. */
  makeLeaves(kind: LeafKind): void;
  /** Makes the next node. */
  makeNode(shape: NodeShape): void;
  /** Stores all references of a node. Every node and every leaf is made by then. */
  link(node: number): void;
  /** Gives the next node its generation and its external share. */
  place(node: number): void;
  /** What holds nodes from outside. */
  readonly shares: ExternalShares;
  /** Takes back all links and shares, so that nothing but the scope holds what was made. */
  takeApart(): void;
}

const ITEMS_LAYOUT: LayoutSpec = {
  name: "recorded items",
  scan: "items",
  words: ITEMS_CELL_BYTES / REFERENCE_BYTES - 1,
};
const LEAF_LAYOUT: LayoutSpec = { name: "recorded leaf", scan: "leaf" };
const LONG_LEAF_LAYOUT: LayoutSpec = {
  name: "recorded long leaf",
  scan: "leaf",
  words: LONG_LEAF_CELL_BYTES / REFERENCE_BYTES - 1,
  buffer: true,
};

/**
 * Makes a builder.
 *
 * @param scope - holds every object until the graph is linked
 */
export function createGraphBuilder(heap: Heap, scope: Scope, columns: GraphColumns): GraphBuilder {
  const { edgeStart, edges, leafRefs, external, generation } = columns;
  const { items, gc } = heap;
  const objects = new Int32Array(columns.nodes);
  const objectOf = (node: number): Ptr => objects[node]! as Ptr;
  /** References in the cell itself; 0 when they are in a buffer. */
  const slotsOf = new Uint8Array(columns.nodes);
  const leaves: Ptr[] = [];
  const shares = createExternalShares(heap, objects, external);
  const layouts = new Map<number, Layout>();
  const itemsLayout = layoutFor(heap, ITEMS_LAYOUT);
  let made = 0;
  let nextLeaf = 0;

  function layoutOf({ slots, cellBytes }: NodeShape): Layout {
    if (slots < 0) return itemsLayout;
    const key = cellBytes * 256 + slots;
    const known = layouts.get(key);
    if (known !== undefined) return known;
    const words = cellBytes / REFERENCE_BYTES - 1;
    const name = `recorded ${slots} of ${words}`;
    const layout = layoutFor(heap, { name, scan: "prefix", slots, words });
    layouts.set(key, layout);
    return layout;
  }

  return {
    objects,
    shares,

    makeLeaves({ count, bytes }) {
      const isLong = bytes > LONGEST_LEAF_CELL_BYTES;
      const layout = layoutFor(heap, isLong ? LONG_LEAF_LAYOUT : LEAF_LAYOUT);
      const words = isLong ? undefined : Math.ceil(bytes / REFERENCE_BYTES) - 1;
      for (let i = 0; i < count; i++) {
        const leaf = scope.create(layout, words);
        if (isLong) items.reserveBytes(leaf, bytes - LONG_LEAF_CELL_BYTES);
        leaves.push(leaf);
      }
    },

    makeNode(shape) {
      const object = scope.create(layoutOf(shape));
      objects[made] = object;
      slotsOf[made] = Math.max(0, shape.slots);
      made++;
      if (shape.bufferBytes > 0) items.reserveBytes(object, shape.bufferBytes);
    },

    link(node) {
      const object = objectOf(node);
      const isBuffered = slotsOf[node] === 0;
      let slot = 0;
      for (let edge = edgeStart[node]!; edge < edgeStart[node + 1]!; edge++) {
        const target = objectOf(edges[edge]!);
        if (isBuffered) items.append(object, target);
        else heap.set(object, slot++, target);
      }
      for (let left = leafRefs[node]!; left > 0; left--) {
        const leaf = leaves[nextLeaf++]!;
        if (nextLeaf === leaves.length) nextLeaf = 0;
        if (isBuffered) items.append(object, leaf);
        else heap.set(object, slot++, leaf);
      }
    },

    place(node) {
      shares.hold(node);
      gc.place(objectOf(node), generation[node]!);
    },

    takeApart() {
      for (let node = 0; node < made; node++) {
        const object = objectOf(node);
        if (slotsOf[node] === 0) items.truncate(object, 0);
        for (let slot = 0; slot < slotsOf[node]!; slot++) heap.set(object, slot, NULL);
      }
      shares.release();
    },
  };
}

/** Another graph in the same heap may have brought it along. */
function layoutFor(heap: Heap, spec: LayoutSpec): Layout {
  return heap.layoutNamed(spec.name) ?? heap.layout(spec);
}
