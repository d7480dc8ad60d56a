/** The kinds of objects in random programs: every way to say where references are. */
import type { EdgesOf, LayoutSpec } from "@heapwright/core";

export interface Kind {
  readonly spec: LayoutSpec;
  /** Slots that hold references, as `heap.set` counts them. Empty: none, or as many as words were asked for. */
  readonly slots: readonly number[];
  /** The object chooses its length, up to this. */
  readonly upTo?: number;
  /** It has items. */
  readonly items?: boolean;
  /** A word of the program's own, as word of the cell; 0 = none. */
  readonly raw: number;
}

const kind = (spec: LayoutSpec, slots: readonly number[], more: Partial<Kind> = {}): Kind => ({
  spec,
  slots,
  raw: 0,
  ...more,
});

export const KINDS: readonly Kind[] = [
  kind({ name: "small leaf", scan: "leaf", words: 3 }, [], { raw: 2 }),
  kind({ name: "leaf", scan: "leaf" }, [], { upTo: 40 }),
  kind({ name: "bytes", scan: "leaf", buffer: true }, []),
  kind(
    { name: "leaf with last words", scan: "leaf", words: 1, finalizer: "finalize", weakrefable: true },
    [],
    {
      raw: 1,
    },
  ),
  kind({ name: "tuple", scan: "all" }, [], { upTo: 9 }),
  kind({ name: "pair", scan: "prefix", slots: 2 }, [0, 1]),
  kind({ name: "couple", scan: "prefix", slots: 2, words: 3, finalizer: "finalize" }, [0, 1], { raw: 3 }),
  kind({ name: "node", scan: "prefix", slots: 3, words: 4, finalizer: "finalize" }, [0, 1, 2], { raw: 4 }),
  kind({ name: "old node", scan: "prefix", slots: 2, words: 3, legacyFinalizer: "legacy" }, [0, 1], {
    raw: 3,
  }),
  kind({ name: "sparse", scan: "bitmap", words: 9, references: [2, 5, 9] }, [1, 4, 8], { raw: 3 }),
  kind({ name: "large", scan: "prefix", slots: 2, words: 120 }, [0, 1], { raw: 120 }),
  kind({ name: "list", scan: "items" }, [], { items: true }),
  kind({ name: "list with last words", scan: "items", words: 6, finalizer: "finalize" }, [], {
    items: true,
    raw: 6,
  }),
  kind({ name: "dict", scan: "entries" }, [], { items: true }),
  kind({ name: "custom", scan: "custom", words: 4, edges: "edges" }, [0, 2], { raw: 2 }),
];

/** Words 1 and 3 of a custom object. */
export const edges: EdgesOf = ({ words }, object, out) => {
  out.add(words[object + 1]!);
  out.add(words[object + 3]!);
};
