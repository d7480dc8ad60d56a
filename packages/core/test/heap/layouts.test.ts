import { describe, expect, it } from "vitest";

import { DIRECTORY_BYTES } from "../../src/heap/control.js";
import { LAYOUT } from "../../src/heap/heap-image.js";
import type { LayoutSpec } from "../../src/heap/layout-spec.js";
import { MAX_LAYOUTS, type HeapTables } from "../../src/heap/heap-tables.js";
import { createCode } from "../../src/heap/code.js";
import { createLayouts } from "../../src/heap/layouts.js";
import { COUNT_SHIFT, LAYOUT_MASK, UNTRACKED } from "../../src/heap/object-word.js";
import { ALL, ITEMS, OTHER } from "../../src/heap/scan.js";
import { codeOf, errorOf } from "../error-of.js";
import { LAYOUTS, openHeap } from "./support/open-heap.js";
import { openTables } from "./support/tables.js";

function rowOf({ scan, headers, cellWords, layoutFlags }: HeapTables, layout: number): object {
  return {
    scan: scan[layout],
    count: headers[layout]! >>> COUNT_SHIFT,
    untracked: (headers[layout]! & UNTRACKED) !== 0,
    number: headers[layout]! & LAYOUT_MASK,
    cellWords: cellWords[layout],
    flags: layoutFlags[layout],
  };
}

describe("the layouts of a heap", () => {
  it("are numbered from 1, the first of which is core's weak reference", () => {
    const { heap, layouts } = openHeap();
    expect(heap.layoutNamed("weakref")).toBe(1);
    expect(Object.values(layouts)).toEqual(LAYOUTS.map((_, index) => index + 2));
    expect(heap.layoutNamed("nobody")).toBeUndefined();
    for (const spec of LAYOUTS) expect(heap.specOf(heap.layoutNamed(spec.name)!)).toEqual(spec);
    for (const layout of [0, -1, 1.5, 99, undefined]) {
      expect(codeOf(() => heap.specOf(layout as never))).toBe("ERR_BAD_LAYOUT");
    }
  });

  it("are rows of numbers, that collectors switch on", () => {
    const { layouts, tables } = openHeap();
    const { leaf, weakrefable, buffer, entries, finalizer, legacyFinalizer, weakReference } = LAYOUT;
    const rows: [number, object][] = [
      [1, { scan: 1, cellWords: 6, flags: weakReference, untracked: false }],
      [layouts.leaf, { scan: 0, cellWords: 0, flags: leaf, untracked: true }],
      [layouts.short, { scan: 0, cellWords: 4, flags: leaf, untracked: true }],
      [layouts.blob, { scan: 0, cellWords: 4, flags: leaf | buffer, untracked: true }],
      [layouts.node, { scan: 4, cellWords: 6, flags: weakrefable | finalizer, untracked: false }],
      [layouts.plain, { scan: 3, cellWords: 5, flags: weakrefable, untracked: false }],
      [layouts.sparse, { scan: OTHER, cellWords: 8, flags: weakrefable, untracked: false }],
      [layouts.tuple, { scan: ALL, cellWords: 0, flags: weakrefable, untracked: false }],
      [layouts.list, { scan: ITEMS, cellWords: 4, flags: weakrefable | buffer, untracked: false }],
      [layouts.dict, { scan: ITEMS, cellWords: 4, flags: weakrefable | buffer | entries, untracked: false }],
      [layouts.custom, { scan: OTHER, cellWords: 5, flags: weakrefable, untracked: false }],
      [layouts.old, { scan: 2, cellWords: 3, flags: weakrefable | legacyFinalizer, untracked: false }],
    ];
    for (const [number, row] of rows) expect(rowOf(tables, number)).toEqual({ ...row, number, count: 1 });
    expect(rowOf(tables, 0)).toEqual({
      scan: 0,
      count: 0,
      untracked: false,
      number: 0,
      cellWords: 0,
      flags: 0,
    });
  });

  it("have a name each", () => {
    const { heap } = openHeap();
    const error = errorOf(() => heap.layout({ name: "node", scan: "all" }));
    expect(error.code).toBe("ERR_BAD_LAYOUT");
    expect(error.message).toContain('"node"');
    expect(codeOf(() => heap.layout({ name: "weakref", scan: "all" }))).toBe("ERR_BAD_LAYOUT");
    heap.layout({ name: "5 of 48 B/é", scan: "all" });
    heap.verify();
  });

  it("name only code that was given", () => {
    const { heap, tables } = openHeap();
    const directoryBytes = tables.control[DIRECTORY_BYTES];
    const specs: LayoutSpec[] = [
      { name: "a", scan: "leaf", finalizer: "nobody" },
      { name: "a", scan: "leaf", legacyFinalizer: "nobody" },
      { name: "a", scan: "custom", words: 2, edges: "nobody" },
      { name: "a", scan: "leaf", finalizer: "toString" },
      { name: "a", scan: "leaf", finalizer: 7 as never },
    ];
    for (const spec of specs) {
      const error = errorOf(() => heap.layout(spec));
      expect(error.code).toBe("ERR_MISSING_CODE");
      expect(error.message).toContain('Layout "a" names the code');
    }
    expect(heap.layoutNamed("a")).toBeUndefined();
    expect(tables.control[DIRECTORY_BYTES]).toBe(directoryBytes);
    heap.verify();
  });

  it("are 4,095 at the most", () => {
    const tables = openTables();
    const code = createCode(tables.control, {}, [], () => {});
    let changes = 0;
    const layouts = createLayouts(tables, 512, code, [], () => {
      changes++;
    });
    for (let number = 1; number < MAX_LAYOUTS; number++) {
      expect(layouts.define({ name: `layout ${number}`, scan: "all" })).toBe(number);
    }
    expect(MAX_LAYOUTS).toBe(4096);
    expect(errorOf(() => layouts.define({ name: "one more", scan: "all" })).message).toContain("4095");
    expect(layouts.specs()).toHaveLength(4095);
    expect(layouts.named("layout 4095")).toBe(4095);
    expect(layouts.named("one more")).toBeUndefined();
    expect(changes).toBe(4095);
  });

  it("are taken back when the directory has no room, with the code that only they name", () => {
    const { heap, tables } = openHeap(undefined, { code: { mine: () => {} } });
    const known = tables.control[DIRECTORY_BYTES]!;
    const hog: number[] = [];
    for (let page = heap.memory.reserve(4096, 4096, 1); page !== 0;) {
      hog.push(page);
      page = heap.memory.reserve(4096, 4096, 1);
    }
    const spec: LayoutSpec = { name: "x".repeat(5000), scan: "leaf", finalizer: "mine" };
    expect(codeOf(() => heap.layout(spec))).toBe("ERR_OUT_OF_MEMORY");
    expect(heap.layoutNamed(spec.name)).toBeUndefined();
    heap.memory.release(hog.pop()!, 4096);
    heap.memory.release(hog.pop()!, 4096);
    for (const page of hog) heap.memory.release(page, 4096);
    heap.verify();
    const layout = heap.layout({ ...spec, name: "y" });
    expect(heap.specOf(layout).finalizer).toBe("mine");
    expect(tables.control[DIRECTORY_BYTES]).toBeGreaterThan(known);
    heap.verify();
  });
});
