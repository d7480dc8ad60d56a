/** Deep and wide structures in a real heap, for tests of both tiers. */
import { expect } from "vitest";

import type { Heap, Ptr } from "@heapwright/core";

import { openHeap, type OpenHeap } from "./open-heap.js";

/** Bytes that suffice for so many objects of these tests. */
const memoryFor = (objects: number): number => 16 * 1024 * 1024 + 64 * objects;

function letGo({ heap }: OpenHeap, root: Ptr, expected: number): void {
  expect(heap.stats().objects).toBe(expected);
  heap.release(root);
  expect(heap.stats().objects).toBe(0);
  heap.verify();
  heap.dispose();
}

/** Puts one object in front of another, which is handed over. */
type Link = (heap: Heap, layouts: OpenHeap["layouts"], behind: Ptr) => Ptr;

export const LINKS: Readonly<Record<string, Link>> = {
  slots: (heap, layouts, behind) =>
    heap.scope((scope) => {
      const object = scope.create(layouts.plain);
      heap.set(object, 0, behind);
      heap.retain(object);
      return object;
    }),
  "items in buffers": (heap, layouts, behind) =>
    heap.scope((scope) => {
      const object = scope.create(layouts.list);
      heap.items.append(object, behind);
      heap.retain(object);
      return object;
    }),
  "a custom layout": (heap, layouts, behind) =>
    heap.scope((scope) => {
      const object = scope.create(layouts.custom);
      heap.set(object, 2, behind);
      heap.retain(object);
      return object;
    }),
  "objects with finalizers": (heap, layouts, behind) =>
    heap.scope((scope) => {
      const object = scope.create(layouts.node);
      heap.set(object, 3, behind);
      heap.retain(object);
      return object;
    }),
};

export function dropChain(link: Link, length: number): void {
  let finalized = 0;
  const opened = openHeap(() => finalized++, { maxBytes: memoryFor(2 * length) });
  const { heap, layouts } = opened;
  let head = heap.scope((scope): Ptr => {
    const object = scope.create(layouts.plain);
    heap.retain(object);
    return object;
  });
  for (let index = 1; index < length; index++) {
    const next = link(heap, layouts, head);
    heap.release(head);
    head = next;
  }
  letGo(opened, head, length);
  expect([0, length - 1]).toContain(finalized);
}

/** A list of so many objects, each of which holds a leaf. */
export function dropWide(count: number): void {
  const opened = openHeap(undefined, { maxBytes: memoryFor(3 * count) });
  const { heap, layouts } = opened;
  const root = heap.scope((scope) => {
    const list = scope.create(layouts.list);
    for (let index = 0; index < count; index++) {
      heap.scope((inner) => {
        const object = inner.create(layouts.plain);
        heap.set(object, 0, inner.create(layouts.leaf));
        heap.items.append(list, object);
      });
    }
    heap.retain(list);
    return list;
  });
  letGo(opened, root, 2 * count + 1);
}

/** Layers of two objects, each of which refers to both of the next layer: 2^layers ways down. */
export function dropDiamonds(layers: number): void {
  const opened = openHeap(undefined, { maxBytes: memoryFor(2 * layers) });
  const { heap, layouts } = opened;
  const root = heap.scope((scope) => {
    let below: readonly Ptr[] = [];
    const anchor = scope.create(layouts.list);
    for (let layer = 0; layer < layers; layer++) {
      below = heap.scope((inner) => {
        const pair = [inner.create(layouts.plain), inner.create(layouts.plain)];
        for (const object of pair) below.forEach((target, slot) => heap.set(object, slot, target));
        heap.items.truncate(anchor, 0);
        for (const object of pair) heap.items.append(anchor, object);
        return pair;
      });
    }
    heap.retain(anchor);
    return anchor;
  });
  letGo(opened, root, 2 * layers + 1);
}
