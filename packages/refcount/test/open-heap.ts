/** A real heap with counts and no collector, and the layouts that the tests build with. */
import { pymalloc } from "@heapwright/allocator";
import {
  createHeap,
  type Finalizer,
  type Heap,
  type HeapOptions,
  type Layout,
  type LayoutSpec,
} from "@heapwright/core";

import { none, refcount } from "../src/index.js";

type Name = "leaf" | "node" | "plain" | "sparse" | "tuple" | "list" | "dict" | "custom";

const LAYOUTS: readonly (LayoutSpec & { readonly name: Name })[] = [
  { name: "leaf", scan: "leaf", words: 3 },
  // Word 5 is a number of the test's own.
  { name: "node", scan: "prefix", slots: 4, words: 5, finalizer: "finalize" },
  { name: "plain", scan: "prefix", slots: 4 },
  { name: "sparse", scan: "bitmap", words: 7, references: [2, 5] },
  { name: "tuple", scan: "all" },
  { name: "list", scan: "items" },
  { name: "dict", scan: "entries" },
  { name: "custom", scan: "custom", words: 3, edges: "edges" },
];

export interface OpenHeap {
  readonly heap: Heap;
  readonly layouts: Readonly<Record<Name, Layout>>;
}

export function openHeap(finalize: Finalizer = () => {}, options: Partial<HeapOptions> = {}): OpenHeap {
  const heap = createHeap({
    allocator: pymalloc(),
    collector: none(),
    counter: refcount(),
    maxBytes: "8MiB",
    layouts: LAYOUTS,
    ...options,
    code: {
      finalize,
      // Words 1 and 3, as the odd type of a test would have it.
      edges: ({ words }, object, out) => {
        out.add(words[object + 1]!);
        out.add(words[object + 3]!);
      },
      ...options.code,
    },
  });
  const layouts = Object.fromEntries(LAYOUTS.map(({ name }) => [name, heap.layoutNamed(name)!]));
  return { heap, layouts: layouts as OpenHeap["layouts"] };
}
