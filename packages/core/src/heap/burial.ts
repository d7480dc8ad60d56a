/**
 * Burial: giving back what the dead have, one object or many at once.
 *
 * Many at once is what collections do, in two passes by rising address. The first drops references to the living and
 * frees buffers; the second gives the cells back pool by pool. Between the two the dead still have their mark, so that
 * references among them are told from those to the living.
 */

import type { BlockAllocator } from "../allocator.js";
import type { Cells } from "./cells.js";
import { BUFFERS, BURIED_OBJECTS, FREED_BUFFERS, TRIGGER_COUNT } from "./control.js";
import type { Counter } from "./counter.js";
import type { Edges } from "./edges.js";
import { LAYOUT } from "./heap-image.js";
import type { HeapTables } from "./heap-tables.js";
import { LAYOUT_MASK, ONE_COUNT, OVERFLOWED, UNTRACKED } from "./object-word.js";
import { STRIDE_MASK } from "./pool-word.js";
import { ALL, BUFFER_COUNT, BUFFER_FIRST, ITEMS } from "./scan.js";
import type { WeakLists } from "./weak-lists.js";
import { CONDEMNED, WORK_SHIFT } from "./work-byte.js";

/** Buries objects. */
export interface Burial {
  /** Gives cell and buffer of an object back. Its references are dropped, or nobody counts them. */
  bury(object: number): void;
  /**
   * Buries condemned objects, and drops their references to others where those are counted. Who dies of it waits: the
   * counter is suspended.
   *
   * @param refs - by rising address
   * @param count - how many of its elements
   * @returns how many of them were tracked
   */
  buryAll(refs: Int32Array, count: number): number;
}

/** What burial leans on. */
export interface BurialParts {
  readonly tables: HeapTables;
  readonly cells: Cells;
  readonly edges: Edges;
  readonly weak: WeakLists;
  readonly allocator: BlockAllocator;
  /** Made later. */
  counter(): Counter | undefined;
  /** Forgets the code of an anonymous callback. */
  forgetCode(number: number): void;
}

/** Makes the burial of a heap. */
export function createBurial(parts: BurialParts): Burial {
  const { tables, cells, edges, weak, allocator } = parts;
  const { words, work, control, layoutFlags, scan, pools, poolShift } = tables;
  const { free } = allocator;
  const { buffer: BUFFER, leaf: LEAF, weakReference: RARE, entries: ENTRIES } = LAYOUT;

  function buryRare(object: number, header: number, flags: number): void {
    if ((header & OVERFLOWED) !== 0) parts.counter()?.forget(object);
    if ((flags & RARE) === 0) return;
    weak.unlink(object);
    parts.forgetCode(weak.callback(object));
  }

  function dropOthers(object: number, underflow: (target: number) => void): void {
    const { refs, length } = edges.of(object);
    for (let edge = 0; edge < length; edge++) {
      const target = refs[edge]!;
      if (work[target >> WORK_SHIFT] === CONDEMNED) continue;
      words[target] = (words[target]! - ONE_COUNT) | 0;
      if (words[target] < ONE_COUNT) underflow(target);
    }
  }

  function dropOne(target: number, underflow: (target: number) => void): void {
    if (target <= 0 || work[target >> WORK_SHIFT] === CONDEMNED) return;
    const header = (words[target]! - ONE_COUNT) | 0;
    words[target] = header;
    if (header < ONE_COUNT) underflow(target);
  }

  /** Drops each reference to an object that lives on: of a list or tuple the last one first, as CPython does. */
  function drop(object: number, code: number, flags: number, underflow: (target: number) => void): void {
    let first = object + 1;
    let end = first + code;
    let backwards = false;
    if (code < 0) {
      if (code === ITEMS) {
        first = words[object + BUFFER_FIRST]!;
        end = first + words[object + BUFFER_COUNT]!;
        backwards = (flags & ENTRIES) === 0;
      } else if (code === ALL) {
        end = object + (pools[object >> poolShift]! & STRIDE_MASK);
        backwards = true;
      } else {
        dropOthers(object, underflow);
        return;
      }
    }
    if (backwards) for (let word = end - 1; word >= first; word--) dropOne(words[word]!, underflow);
    else for (let word = first; word < end; word++) dropOne(words[word]!, underflow);
  }

  return {
    bury(object) {
      const header = words[object]!;
      const flags = layoutFlags[header & LAYOUT_MASK]!;
      if ((header & OVERFLOWED) !== 0 || (flags & RARE) !== 0) buryRare(object, header, flags);
      if ((flags & BUFFER) !== 0 && words[object + BUFFER_FIRST] !== 0) {
        control[BUFFERS]!--;
        control[FREED_BUFFERS]!++;
        free(words[object + BUFFER_FIRST]! * 4);
      }
      // Untracked or not, as in CPython: it was counted when it was born.
      if ((flags & LEAF) === 0) {
        const trigger = control[TRIGGER_COUNT]!;
        if (trigger > 0) control[TRIGGER_COUNT] = trigger - 1;
      }
      control[BURIED_OBJECTS]!++;
      cells.give(object);
    },

    buryAll(refs, count) {
      const counter = parts.counter();
      const underflow = (target: number): void => {
        counter!.underflow(target);
      };
      let tracked = 0;
      let buffers = 0;
      for (let index = 0; index < count; index++) {
        const object = refs[index]!;
        const header = words[object]!;
        const layout = header & LAYOUT_MASK;
        const flags = layoutFlags[layout]!;
        if (counter) drop(object, scan[layout]!, flags, underflow);
        if ((header & OVERFLOWED) !== 0 || (flags & RARE) !== 0) buryRare(object, header, flags);
        if ((header & UNTRACKED) === 0) tracked++;
        if ((flags & BUFFER) === 0) continue;
        const first = words[object + BUFFER_FIRST]!;
        if (first === 0) continue;
        buffers++;
        free(first * 4);
      }
      control[BUFFERS]! -= buffers;
      control[FREED_BUFFERS]! += buffers;
      control[BURIED_OBJECTS]! += count;
      control[TRIGGER_COUNT] = Math.max(0, control[TRIGGER_COUNT]! - tracked);
      cells.giveAll(refs, count);
      return tracked;
    },
  };
}
