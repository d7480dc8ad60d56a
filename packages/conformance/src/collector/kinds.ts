/**
 * The kinds of objects that the kit builds its graphs of: one for each way of finding references, and leaves.
 *
 * Every kind has a *mark*, by which an object is known, and *slots*, which the kit numbers from 0 for all kinds alike. A
 * slot of a list or a dict is an item of its buffer.
 *
 * ```text
 *   node    [ header | ref | ref | ref | mark ]                     prefix
 *   array   [ header | ref | ref | ref | mark as immediate ]        all
 *   bits    [ header | mark | ref | raw | ref | raw ]               bitmap, words 2 and 4
 *   custom  [ header | raw | ref | ref | mark ]                     custom, words 2 and 3
 *   list    [ header | first | count | capacity | mark ]            items: refs
 *   dict    [ header | first | count | capacity | mark ]            entries: None, ref, None, ref, ...
 *   leaf    [ header | mark | raw | raw ]                           no references
 *   blob    [ header | first | count | capacity | mark ]            a leaf that owns a buffer
 * ```
 */

import {
  IMMEDIATE,
  immediate,
  type EdgeBuffer,
  type Heap,
  type HeapImage,
  type LayoutSpec,
  type Ptr,
} from "@heapwright/core";

/** The name of a kind: also that of its layout. */
export type KindName =
  "node" | "array" | "bits" | "custom" | "list" | "dict" | "leaf" | "blob" | "mourned" | "phoenix" | "legacy";

/** What the kit knows of a kind. */
export interface Kind {
  /** Its layout. */
  readonly spec: LayoutSpec;
  /** Words of a cell after the header, for layouts that leave them to `create`. */
  readonly words?: number;
  /** Slots that an object has from birth. 0 for kinds whose slots come and go, and for leaves. */
  readonly slots: number;
  /** Its slots are items of a buffer: so many words each, the reference in the last of them. */
  readonly itemWords?: number;
  /** Slot of the cell, as `heap.get` counts them, for each of ours. */
  readonly at: (slot: number) => number;
  /** The word that holds the mark; undefined where it is an immediate in slot 3. */
  readonly markWord?: number;
}

/** Names of functions in `code`. */
export const CODE = {
  edges: "conformance.edges",
  finalizer: "conformance.finalizer",
  legacy: "conformance.legacy",
} as const;

const inOrder = (slot: number): number => slot;
const list = { slots: 0, at: inOrder, markWord: 4 };
const node = { slots: 3, at: inOrder, markWord: 4 };
const prefix = { scan: "prefix", slots: 3, words: 4 } as const;

/** All kinds, by name. */
export const KINDS: Readonly<Record<KindName, Kind>> = {
  node: { ...node, spec: { name: "node", ...prefix } },
  array: { spec: { name: "array", scan: "all" }, words: 4, slots: 3, at: inOrder },
  bits: {
    spec: { name: "bits", scan: "bitmap", words: 5, references: [2, 4] },
    slots: 2,
    at: (slot) => 1 + 2 * slot,
    markWord: 1,
  },
  custom: {
    spec: { name: "custom", scan: "custom", words: 4, edges: CODE.edges },
    slots: 2,
    at: (slot) => 1 + slot,
    markWord: 4,
  },
  list: { ...list, spec: { name: "list", scan: "items", words: 4 }, itemWords: 1 },
  dict: { ...list, spec: { name: "dict", scan: "entries", words: 4 }, itemWords: 2 },
  leaf: { spec: { name: "leaf", scan: "leaf" }, words: 3, slots: 0, at: inOrder, markWord: 1 },
  blob: { ...list, spec: { name: "blob", scan: "leaf", words: 4, buffer: true } },
  mourned: { ...node, spec: { name: "mourned", ...prefix, finalizer: CODE.finalizer } },
  phoenix: { ...node, spec: { name: "phoenix", ...prefix, finalizer: CODE.finalizer } },
  legacy: { ...node, spec: { name: "legacy", ...prefix, legacyFinalizer: CODE.legacy } },
};

/** Kinds that hold references in different ways. */
export const HOLDERS: readonly KindName[] = ["node", "array", "bits", "custom", "list", "dict"];

const CUSTOM_REFERENCES = [2, 3];

/** The references of a `custom`. */
export function customEdges({ words }: HeapImage, object: number, out: EdgeBuffer): void {
  for (const word of CUSTOM_REFERENCES) out.add(words[object + word]!);
}

/** Reads one of an object's slots. */
export function getSlot(heap: Heap, kind: KindName, object: Ptr, slot: number): Ptr {
  const { itemWords, at } = KINDS[kind];
  return itemWords === undefined
    ? heap.get(object, at(slot))
    : heap.items.get(object, (slot + 1) * itemWords - 1);
}

/** Writes one of an object's slots. */
export function setSlot(heap: Heap, kind: KindName, object: Ptr, slot: number, value: Ptr): void {
  const { itemWords, at } = KINDS[kind];
  if (itemWords === undefined) heap.set(object, at(slot), value);
  else heap.items.set(object, (slot + 1) * itemWords - 1, value);
}

/** Puts a reference into an object: into a slot of a cell, at the end of a buffer. */
export function connect(heap: Heap, kind: KindName, object: Ptr, value: Ptr, slot = 0): void {
  const { itemWords } = KINDS[kind];
  if (itemWords === undefined) {
    setSlot(heap, kind, object, slot, value);
    return;
  }
  for (let key = 1; key < itemWords; key++) heap.items.append(object, IMMEDIATE.none);
  heap.items.append(object, value);
}

/** Marks an object with a number from 0 to 65,535. */
export function setMark(heap: Heap, kind: KindName, object: Ptr, mark: number): void {
  const { markWord } = KINDS[kind];
  if (markWord === undefined) heap.set(object, 3, immediate(mark));
  else heap.words[object + markWord] = mark;
}

/** The mark of an object. */
export function markOf(heap: Heap, kind: KindName, object: Ptr): number {
  const { markWord } = KINDS[kind];
  return markWord === undefined ? -1 - heap.get(object, 3) : heap.words[object + markWord]!;
}
