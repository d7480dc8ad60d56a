/** A heap with one layout of every kind, on a plan of the test's choosing. */

import type { CodeTable, EdgesOf, Finalizer } from "../../../src/heap/code.js";
import type { CollectorPlugin } from "../../../src/heap/collector.js";
import type { CounterPlugin } from "../../../src/heap/counter.js";
import { createHeap, type HeapOptions } from "../../../src/heap/create-heap.js";
import type { Heap } from "../../../src/heap/heap.js";
import { openHeapTables, type HeapTables } from "../../../src/heap/heap-tables.js";
import type { Layout } from "../../../src/heap/layouts.js";
import type { LayoutSpec } from "../../../src/heap/layout-spec.js";
import { naiveDerived, naiveScan, type NaiveOptions } from "./naive-collector.js";
import { naiveCounter } from "./naive-counter.js";
import { pages } from "./pages-allocator.js";

/** Names of the layouts. */
export type LayoutName =
  "leaf" | "short" | "blob" | "node" | "plain" | "sparse" | "tuple" | "list" | "dict" | "custom" | "old";

export const LAYOUTS: readonly (LayoutSpec & { readonly name: LayoutName })[] = [
  { name: "leaf", scan: "leaf" },
  { name: "short", scan: "leaf", words: 3 },
  { name: "blob", scan: "leaf", buffer: true },
  // Word 5 is a number of the test's own.
  { name: "node", scan: "prefix", slots: 4, words: 5, finalizer: "finalize" },
  { name: "plain", scan: "prefix", slots: 3, words: 4 },
  { name: "sparse", scan: "bitmap", words: 7, references: [2, 5] },
  { name: "tuple", scan: "all" },
  { name: "list", scan: "items" },
  { name: "dict", scan: "entries" },
  { name: "custom", scan: "custom", words: 4, edges: "edges" },
  { name: "old", scan: "prefix", slots: 2, legacyFinalizer: "oldFinalize" },
];

/** A way to find the dead: with counts, or without. */
export interface Plan {
  readonly name: string;
  readonly counted: boolean;
  collector(options?: NaiveOptions): CollectorPlugin;
  counter(): CounterPlugin | undefined;
}

export const COUNTED: Plan = {
  name: "with counts",
  counted: true,
  collector: naiveDerived,
  counter: () => naiveCounter(),
};
export const SCANNED: Plan = {
  name: "without counts",
  counted: false,
  collector: naiveScan,
  counter: () => undefined,
};
export const PLANS: readonly Plan[] = [COUNTED, SCANNED];

/** What {@link openHeap} accepts beside the options of a heap. */
export interface OpenOptions extends Partial<HeapOptions> {
  readonly finalize?: Finalizer;
  readonly oldFinalize?: Finalizer;
  readonly naive?: NaiveOptions;
}

export interface OpenHeap {
  readonly heap: Heap;
  readonly layouts: Readonly<Record<LayoutName, Layout>>;
  /** The heap's own tables, to look behind it. */
  readonly tables: HeapTables;
  /** What went to the unraisable hook. */
  readonly unraisable: { readonly error: unknown; readonly where: string }[];
}

/** The references of a custom object: its words 2 and 4. */
const edges: EdgesOf = ({ words }, object, out) => {
  out.add(words[object + 2]!);
  out.add(words[object + 4]!);
};

/** Code that the layouts need, beside finalizers. */
export const CODE: CodeTable = { edges };

export function pluginsOf(
  plan: Plan,
  naive?: NaiveOptions,
): Pick<HeapOptions, "allocator" | "collector" | "counter"> {
  return { allocator: pages(), collector: plan.collector(naive), counter: plan.counter() };
}

export function openHeap(plan: Plan = COUNTED, options: OpenOptions = {}): OpenHeap {
  const { finalize = () => {}, oldFinalize = () => {}, naive, ...rest } = options;
  const unraisable: { error: unknown; where: string }[] = [];
  const heap = createHeap({
    ...pluginsOf(plan, naive),
    memory: "buffer",
    maxBytes: "4MiB",
    layouts: LAYOUTS,
    unraisable: (error, where) => unraisable.push({ error, where }),
    ...rest,
    code: { finalize, oldFinalize, ...CODE, ...rest.code },
  });
  return { heap, layouts: layoutsOf(heap), tables: openHeapTables(heap.memory), unraisable };
}

export function layoutsOf(heap: Heap): OpenHeap["layouts"] {
  const numbers = LAYOUTS.map(({ name }) => [name, heap.layoutNamed(name)!]);
  return Object.fromEntries(numbers) as OpenHeap["layouts"];
}
