/**
 * Layouts as collectors read them: rows of tables in the memory, by number.
 */

import { HeapwrightError } from "../errors.js";
import { showValue } from "../show-value.js";
import type { Code, EdgesOf, Finalizer } from "./code.js";
import { FINALIZER_LAYOUTS, LAYOUTS } from "./control.js";
import { LAYOUT } from "./heap-image.js";
import { MAX_LAYOUTS, type HeapTables } from "./heap-tables.js";
import { resolveLayout, type LayoutSpec, type ResolvedLayout } from "./layout-spec.js";
import { LAYOUT_MASK, ONE_COUNT, UNTRACKED } from "./object-word.js";
import { ALL, ITEMS, OTHER } from "./scan.js";

declare const layout: unique symbol;

/** The number of a layout in its heap. */
export type Layout = number & { readonly [layout]: "layout" };

/** What is known of a layout beside its row. */
export interface LayoutEntry {
  /** As it was defined. */
  readonly spec: LayoutSpec;
  /** Words that are references, for bitmaps. */
  readonly references: readonly number[];
  /** Finds the references, for custom layouts. */
  readonly edges: EdgesOf | undefined;
  /** Runs before an object dies. */
  readonly finalizer: Finalizer | undefined;
  /** Objects are kept in pools of leaves. */
  readonly isPlainLeaf: boolean;
}

/** The layouts of a heap. */
export interface Layouts {
  /** By number; 0 is empty. */
  readonly entries: readonly (LayoutEntry | undefined)[];
  /**
   * Adds a layout.
   *
   * @throws HeapwrightError `ERR_BAD_LAYOUT`, `ERR_MISSING_CODE`, `ERR_OUT_OF_MEMORY`
   */
  define(spec: LayoutSpec): Layout;
  /** What is known of a layout. @throws HeapwrightError `ERR_BAD_LAYOUT` when there is none of this number */
  entryOf(layout: Layout): LayoutEntry;
  /** The layout of a name. */
  named(name: string): Layout | undefined;
  /** The specs, the one with number 1 first. */
  specs(): readonly LayoutSpec[];
  /** Sentences on every row that is not as its layout was defined. */
  problems(): string[];
}

/**
 * Makes the layouts of a heap.
 *
 * @param known - specs that are in the heap already, the one with number 1 first
 * @param changed - writes the directory; when it throws, the new layout is taken back
 */
export function createLayouts(
  tables: HeapTables,
  maxWords: number,
  code: Code,
  known: readonly LayoutSpec[],
  changed: () => void,
): Layouts {
  const { control } = tables;
  const entries: (LayoutEntry | undefined)[] = [undefined];
  const numbers = new Map<string, Layout>();

  function entryFor({ spec, isPlainLeaf }: ResolvedLayout): LayoutEntry {
    const what = `Layout "${spec.name}"`;
    const named = (name: string | undefined): unknown =>
      name === undefined ? undefined : code.get(code.numberOf(name, what));
    return {
      spec,
      references: spec.references ?? [],
      edges: named(spec.edges) as EdgesOf | undefined,
      finalizer: named(spec.finalizer ?? spec.legacyFinalizer) as Finalizer | undefined,
      isPlainLeaf,
    };
  }

  function remember(number: number, entry: LayoutEntry): void {
    entries[number] = entry;
    numbers.set(entry.spec.name, number as Layout);
  }

  for (const [index, spec] of known.entries()) remember(index + 1, entryFor(resolveLayout(spec, maxWords)));

  return {
    entries,

    define(spec) {
      const resolved = resolveLayout(spec, maxWords);
      const { name } = resolved.spec;
      if (numbers.has(name)) {
        throw new HeapwrightError(
          "ERR_BAD_LAYOUT",
          `There is a layout ${showValue(name)} in this heap already.`,
        );
      }
      const number = control[LAYOUTS]! + 1;
      if (number >= MAX_LAYOUTS) {
        throw new HeapwrightError("ERR_BAD_LAYOUT", `A heap has at most ${MAX_LAYOUTS - 1} layouts.`);
      }
      remember(number, entryFor(resolved));
      try {
        changed();
      } catch (error) {
        entries.pop();
        numbers.delete(name);
        throw error;
      }
      writeRow(tables, number, resolved);
      control[LAYOUTS] = number;
      return number as Layout;
    },

    entryOf(layout) {
      const entry = entries[layout];
      if (entry) return entry;
      throw new HeapwrightError("ERR_BAD_LAYOUT", `This heap has no layout ${showValue(layout)}.`);
    },

    named: (name) => numbers.get(name),
    specs: () => entries.slice(1).map((entry) => entry!.spec),

    problems() {
      const found: string[] = [];
      let finalizers = 0;
      for (const [number, entry] of entries.entries()) {
        if (!entry) continue;
        const row = rowFor(number, resolveLayout(entry.spec, maxWords));
        if (!ROW_FIELDS.every((field) => tables[field][number] === row[field])) {
          found.push(`The row of layout "${entry.spec.name}" is not as it was defined.`);
        }
        if ((row.layoutFlags & DIES) !== 0) finalizers++;
      }
      if (control[LAYOUTS] !== entries.length - 1) {
        found.push(`There are ${entries.length - 1} layouts, ${control[LAYOUTS]!} are counted.`);
      }
      if (control[FINALIZER_LAYOUTS] !== finalizers) {
        found.push(
          `There are ${finalizers} layouts with finalizers, ${control[FINALIZER_LAYOUTS]!} are counted.`,
        );
      }
      return found;
    },
  };
}

const ROW_FIELDS = ["scan", "cellWords", "headers", "layoutFlags"] as const;

const DIES = LAYOUT.finalizer | LAYOUT.legacyFinalizer;

function rowFor(number: number, resolved: ResolvedLayout): Record<(typeof ROW_FIELDS)[number], number> {
  const { spec, cellWords, hasBuffer, weakrefable } = resolved;
  const isLeaf = spec.scan === "leaf";
  return {
    scan: scanCode(spec),
    cellWords,
    headers: ONE_COUNT | (isLeaf ? UNTRACKED : 0) | (number & LAYOUT_MASK),
    layoutFlags:
      (isLeaf ? LAYOUT.leaf : 0) |
      (spec.finalizer === undefined ? 0 : LAYOUT.finalizer) |
      (spec.legacyFinalizer === undefined ? 0 : LAYOUT.legacyFinalizer) |
      (hasBuffer ? LAYOUT.buffer : 0) |
      (number === WEAK_REFERENCE ? LAYOUT.weakReference : 0) |
      (weakrefable ? LAYOUT.weakrefable : 0) |
      (spec.scan === "entries" ? LAYOUT.entries : 0),
  };
}

function writeRow(tables: HeapTables, number: number, resolved: ResolvedLayout): void {
  const row = rowFor(number, resolved);
  for (const field of ROW_FIELDS) tables[field][number] = row[field];
  if ((row.layoutFlags & DIES) !== 0) tables.control[FINALIZER_LAYOUTS]!++;
}

function scanCode({ scan, slots }: LayoutSpec): number {
  if (scan === "leaf") return 0;
  if (scan === "prefix") return slots!;
  if (scan === "all") return ALL;
  return scan === "items" || scan === "entries" ? ITEMS : OTHER;
}

/** Number of the layout of weak references: the first that a heap defines, for itself. */
export const WEAK_REFERENCE = 1 as Layout;
