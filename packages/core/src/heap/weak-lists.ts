/**
 * Weak references: objects that know another one without keeping it alive.
 *
 * ```text
 *   weak reference   [ header | bound | target | next | previous | callback | 0 | 0 ]
 *
 *   target ──(table)──► shared ◄──► newest ◄──► oldest          the header of the target has HAS_WEAKREFS
 * ```
 *
 * `bound` is an ordinary reference, which the callback may use; `target` is none. When the target dies all its weak
 * references are cleared before the first callback is called, newest first. One without callback and bound object is shared,
 * and the first in the list.
 *
 * Follows `Objects/weakrefobject.c`, CPython 3.11.
 */

import { HeapwrightError } from "../errors.js";
import type { Memory } from "../memory.js";
import { WEAK_REFERENCES } from "./control.js";
import type { Cells } from "./cells.js";
import type { RefTable } from "./counter.js";
import { LAYOUT } from "./heap-image.js";
import type { HeapTables } from "./heap-tables.js";
import type { LayoutSpec } from "./layout-spec.js";
import { WEAK_REFERENCE } from "./layouts.js";
import { HAS_WEAKREFS, LAYOUT_MASK } from "./object-word.js";
import { openRefTable, tableProblems } from "./ref-table.js";
import { RUN } from "./run.js";

/** Words of a weak reference. */
const BOUND = 1;
const TARGET = 2;
const NEXT = 3;
const PREVIOUS = 4;
const CALLBACK = 5;

/** The layout of weak references, which every heap has. */
export const WEAK_REFERENCE_SPEC: LayoutSpec = {
  name: "weakref",
  scan: "prefix",
  slots: BOUND,
  words: CALLBACK,
  // CPython: there is no weak reference to a weak reference.
  weakrefable: false,
};

/** The lists of weak references. */
export interface WeakLists {
  /** @throws HeapwrightError `ERR_BAD_REFERENCE` when there cannot be weak references to an object */
  assertWeakrefable(target: number): void;
  /**
   * Links a new weak reference to its target.
   *
   * @throws HeapwrightError `ERR_OUT_OF_MEMORY`; nothing changes then
   */
  link(weak: number, target: number, callback: number): void;
  /** A weak reference to `target` without callback and bound object, or 0. */
  shared(target: number): number;
  /** What it refers to; 0 = it has died. */
  target(weak: number): number;
  /** Number of its callback; 0 = none. */
  callback(weak: number): number;
  /** All weak references to an object: the shared one, and the others, newest first. */
  of(target: number): number[];
  /** Clears all weak references to an object. Adds those with a callback to `called`, newest first. Returns how many. */
  clear(target: number, called: number[]): number;
  /** A weak reference dies itself. */
  unlink(weak: number): void;
  /** Sentences on everything that is wrong. */
  problems(cells: Pick<Cells, "isObject" | "objects">): string[];
  /** From targets to the first of their weak references. */
  readonly heads: RefTable;
}

/** Makes the lists of a heap. */
export function createWeakLists(memory: Memory, { words, control, layoutFlags }: HeapTables): WeakLists {
  const heads = openRefTable(memory, control, RUN.weakHeads);

  function of(target: number): number[] {
    const found: number[] = [];
    if ((words[target]! & HAS_WEAKREFS) === 0) return found;
    for (let weak = heads.get(target); weak !== 0; weak = words[weak + NEXT]!) found.push(weak);
    return found;
  }

  const isShared = (weak: number): boolean => words[weak + CALLBACK] === 0 && words[weak + BOUND] === 0;

  function detach(weak: number): void {
    words[weak + TARGET] = 0;
    words[weak + NEXT] = 0;
    words[weak + PREVIOUS] = 0;
    control[WEAK_REFERENCES]!--;
  }

  return {
    heads,
    of,

    assertWeakrefable(target) {
      if ((layoutFlags[words[target]! & LAYOUT_MASK]! & LAYOUT.weakrefable) === 0) {
        throw new HeapwrightError(
          "ERR_BAD_REFERENCE",
          `Objects of the layout of ${target} cannot be referred to weakly.`,
        );
      }
    },

    link(weak, target, callback) {
      const first = heads.get(target);
      const previous = first !== 0 && isShared(first) ? first : 0;
      const next = previous === 0 ? first : words[previous + NEXT]!;
      if (previous === 0) heads.set(target, weak);
      else words[previous + NEXT] = weak;
      words[target]! |= HAS_WEAKREFS;
      words[weak + TARGET] = target;
      words[weak + NEXT] = next;
      words[weak + PREVIOUS] = previous;
      words[weak + CALLBACK] = callback;
      if (next !== 0) words[next + PREVIOUS] = weak;
      control[WEAK_REFERENCES]!++;
    },

    shared: (target) => of(target).find(isShared) ?? 0,

    target: (weak) => words[weak + TARGET]!,
    callback: (weak) => words[weak + CALLBACK]!,

    clear(target, called) {
      const all = of(target);
      for (const weak of all) {
        detach(weak);
        if (words[weak + CALLBACK] !== 0) called.push(weak);
      }
      heads.set(target, 0);
      words[target]! &= ~HAS_WEAKREFS;
      return all.length;
    },

    unlink(weak) {
      const target = words[weak + TARGET]!;
      if (target === 0) return;
      const next = words[weak + NEXT]!;
      const previous = words[weak + PREVIOUS]!;
      if (next !== 0) words[next + PREVIOUS] = previous;
      if (previous !== 0) words[previous + NEXT] = next;
      else {
        heads.set(target, next);
        if (next === 0) words[target]! &= ~HAS_WEAKREFS;
      }
      detach(weak);
    },

    problems({ isObject, objects }) {
      const found = tableProblems(heads, "weak references");
      let referring = 0;
      for (const object of objects()) {
        if ((words[object]! & LAYOUT_MASK) === WEAK_REFERENCE && words[object + TARGET] !== 0) referring++;
      }
      let linked = 0;
      for (const [target, first] of heads.entries()) {
        if (!isObject(target) || (words[target]! & HAS_WEAKREFS) === 0) {
          found.push(`The table of weak references names ${target}, which has none.`);
          continue;
        }
        let previous = 0;
        for (let weak = first; weak !== 0; weak = words[weak + NEXT]!) {
          const isWeak = isObject(weak) && (words[weak]! & LAYOUT_MASK) === WEAK_REFERENCE;
          if (!isWeak || words[weak + TARGET] !== target || words[weak + PREVIOUS] !== previous) {
            found.push(`The list of weak references to ${target} is broken at ${weak}.`);
            break;
          }
          previous = weak;
          linked++;
        }
      }
      if (linked !== control[WEAK_REFERENCES] || linked !== referring) {
        found.push(
          `${referring} weak references have a target, ${linked} are linked, ${control[WEAK_REFERENCES]!} counted.`,
        );
      }
      return found;
    },
  };
}
