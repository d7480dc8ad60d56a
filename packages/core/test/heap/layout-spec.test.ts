import { describe, expect, it } from "vitest";

import { resolveLayout, roundedWords, type LayoutSpec } from "../../src/heap/layout-spec.js";
import { codeOf, errorOf } from "../error-of.js";
import { openHeap } from "./support/open-heap.js";

const MAX_WORDS = 512;

/** Specs that contradict themselves, and a part of what is said about them. */
const CONTRADICTIONS: readonly (readonly [spec: unknown, message: string])[] = [
  [undefined, "not undefined"],
  [null, "not null"],
  ["leaf", "an object with name and scan"],
  [{}, "name must be a text"],
  [{ name: "", scan: "leaf" }, "name must be a text"],
  [{ name: 5, scan: "leaf" }, "name must be a text"],
  [{ name: "a" }, "scan must be one of"],
  [{ name: "a", scan: "everything" }, "scan must be one of"],
  [{ name: "a", scan: "all", slots: 2 }, 'slots is for scan "prefix", not "all"'],
  [{ name: "a", scan: "prefix", slots: 2, references: [1] }, 'references is for scan "bitmap"'],
  [{ name: "a", scan: "leaf", edges: "e" }, 'edges is for scan "custom"'],
  [{ name: "a", scan: "items", buffer: true }, 'buffer is for scan "leaf"'],
  [{ name: "a", scan: "leaf", buffer: "yes" }, "buffer must be true or false"],
  [{ name: "a", scan: "prefix" }, "slots must be a whole number"],
  [{ name: "a", scan: "prefix", slots: -1 }, "words must be"],
  [{ name: "a", scan: "prefix", slots: 1.5, words: 3 }, "slots must be"],
  [{ name: "a", scan: "prefix", slots: 4, words: 3 }, "slots must be a whole number from 0 to its 3 words"],
  [{ name: "a", scan: "prefix", slots: 512 }, "from 0 to 511, not 512"],
  [{ name: "a", scan: "bitmap", references: [1] }, "words is missing"],
  [{ name: "a", scan: "bitmap", words: 3 }, "references must be"],
  [{ name: "a", scan: "bitmap", words: 3, references: "1" }, "references must be"],
  [
    { name: "a", scan: "bitmap", words: 3, references: [0] },
    "references must be rising word numbers from 1 to 3",
  ],
  [{ name: "a", scan: "bitmap", words: 3, references: [4] }, "references must be"],
  [{ name: "a", scan: "bitmap", words: 3, references: [2, 1] }, "references must be"],
  [{ name: "a", scan: "bitmap", words: 3, references: [2, 2] }, "references must be"],
  [{ name: "a", scan: "bitmap", words: 3, references: [1.5] }, "references must be"],
  [{ name: "a", scan: "bitmap", words: 3, references: Array(2) }, "references must be"],
  [{ name: "a", scan: "custom", words: 3 }, "edges must name the code"],
  [{ name: "a", scan: "custom", edges: "e" }, "words is missing"],
  [{ name: "a", scan: "custom", words: 3, edges: () => {} }, "edges must name the code"],
  [{ name: "a", scan: "leaf", words: -1 }, "words must be a whole number from 0 to 511"],
  [{ name: "a", scan: "leaf", words: 1.5 }, "words must be"],
  [{ name: "a", scan: "leaf", words: 512 }, "Longer data goes into a buffer"],
  [{ name: "a", scan: "leaf", words: "3" }, "words must be"],
  [{ name: "a", scan: "items", words: 2 }, "words 1 to 3 describe its buffer"],
  [{ name: "a", scan: "entries", words: 0 }, "words 1 to 3 describe its buffer"],
  [{ name: "a", scan: "leaf", buffer: true, words: 1 }, "words 1 to 3 describe its buffer"],
  [
    { name: "a", scan: "leaf", finalizer: "e", legacyFinalizer: "e" },
    "it has a finalizer and a legacyFinalizer",
  ],
  [{ name: "a", scan: "leaf", weakrefable: 1 }, "weakrefable must be true or false"],
];

describe("a layout that contradicts itself", () => {
  it.each(CONTRADICTIONS)("%j is refused", (spec, message) => {
    const error = errorOf(() => resolveLayout(spec as LayoutSpec, MAX_WORDS));
    expect(error.code).toBe("ERR_BAD_LAYOUT");
    expect(error.message).toContain(message);
  });

  it("leaves the heap as it was", () => {
    const { heap } = openHeap();
    const bytesBefore = heap.memory.usage();
    for (const [spec] of CONTRADICTIONS) {
      expect(codeOf(() => heap.layout(spec as LayoutSpec))).toBe("ERR_BAD_LAYOUT");
      expect(heap.layoutNamed("a")).toBeUndefined();
      heap.verify();
    }
    expect(heap.memory.usage()).toEqual(bytesBefore);
    heap.scope((s) => s.create(heap.layout({ name: "a", scan: "leaf", words: 1 })));
  });
});

describe("a layout", () => {
  const resolved = (spec: Omit<LayoutSpec, "name">) => resolveLayout({ name: "a", ...spec }, MAX_WORDS);

  it("has as many words as slots, or three for a buffer, unless it says otherwise", () => {
    expect(resolved({ scan: "prefix", slots: 4 }).cellWords).toBe(5);
    expect(resolved({ scan: "prefix", slots: 4, words: 6 }).cellWords).toBe(7);
    expect(resolved({ scan: "prefix", slots: 0 }).cellWords).toBe(1);
    for (const scan of ["items", "entries"] as const) {
      expect(resolved({ scan })).toMatchObject({ cellWords: 4, hasBuffer: true });
      expect(resolved({ scan, words: 5 }).cellWords).toBe(6);
    }
    expect(resolved({ scan: "leaf", buffer: true })).toMatchObject({ cellWords: 4, hasBuffer: true });
    expect(resolved({ scan: "leaf", buffer: false })).toMatchObject({ cellWords: 0, hasBuffer: false });
    expect(resolved({ scan: "leaf", words: 511 }).cellWords).toBe(512);
  });

  it("leaves the words to each object when it is a leaf or all references, and says nothing", () => {
    for (const scan of ["leaf", "all"] as const) expect(resolved({ scan }).cellWords).toBe(0);
  });

  it("can be referred to weakly, unless it is a leaf that does not ask for it", () => {
    expect(resolved({ scan: "all" }).weakrefable).toBe(true);
    expect(resolved({ scan: "all", weakrefable: false }).weakrefable).toBe(false);
    expect(resolved({ scan: "leaf" }).weakrefable).toBe(false);
    expect(resolved({ scan: "leaf", weakrefable: true }).weakrefable).toBe(true);
  });

  it("is a plain leaf when nothing happens at its end", () => {
    expect(resolved({ scan: "leaf" }).isPlainLeaf).toBe(true);
    expect(resolved({ scan: "leaf", buffer: true }).isPlainLeaf).toBe(true);
    expect(resolved({ scan: "leaf", weakrefable: true }).isPlainLeaf).toBe(false);
    expect(resolved({ scan: "leaf", finalizer: "f" }).isPlainLeaf).toBe(false);
    expect(resolved({ scan: "leaf", legacyFinalizer: "f" }).isPlainLeaf).toBe(false);
    expect(resolved({ scan: "prefix", slots: 0 }).isPlainLeaf).toBe(false);
  });

  it("is kept as it was given, whatever becomes of what was given", () => {
    const references = [1, 2];
    const given = { name: "a", scan: "bitmap" as const, words: 3, references };
    const { spec } = resolveLayout(given, MAX_WORDS);
    references.push(99);
    given.words = 7;
    expect(spec).toEqual({ name: "a", scan: "bitmap", words: 3, references: [1, 2] });
  });

  it("is kept without what has no meaning", () => {
    const odd = { name: "a", scan: "leaf", colour: "red", words: undefined } as unknown as LayoutSpec;
    expect(Object.keys(resolveLayout(odd, MAX_WORDS).spec)).toEqual(["name", "scan"]);
  });
});

describe("the length of a cell", () => {
  it.each([
    [1, 4],
    [4, 4],
    [5, 8],
    [512, 512],
  ])("of %i words is %i", (words, rounded) => {
    expect(roundedWords(words)).toBe(rounded);
  });
});
