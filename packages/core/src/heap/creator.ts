/**
 * How objects come to be: the trigger, a cell, a header.
 */

import { HeapwrightError } from "../errors.js";
import { showValue } from "../show-value.js";
import type { Cells } from "./cells.js";
import { TRIGGER_COUNT, TRIGGER_LIMIT } from "./control.js";
import { LAYOUT } from "./heap-image.js";
import type { HeapTables } from "./heap-tables.js";
import type { Layout, Layouts } from "./layouts.js";
import type { HeapPlan } from "./negotiate.js";
import type { Room } from "./room.js";
import { WORK_SHIFT } from "./work-byte.js";

/** Makes objects. */
export interface Creator {
  /** Makes an object with a count of 1, all its words 0; errors as `Scope.create`. */
  (layout: Layout, words: number | undefined): number;
  /** A tracked object is there from now on: gives it the age of new ones. */
  born(object: number): void;
}

/** What creation leans on. */
export interface CreatorParts {
  readonly tables: HeapTables;
  readonly cells: Cells;
  readonly plan: HeapPlan;
  readonly layouts: Layouts;
  readonly room: Room;
  /** Enough was born: the collector may want to collect. */
  tripped(): void;
}

/** Makes the creator of a heap. */
export function createCreator(parts: CreatorParts): Creator {
  const { tables, cells, plan, layouts, room } = parts;
  const { words, control, headers, cellWords, layoutFlags, work, births, poolShift } = tables;
  const { birth } = plan;
  /** Cell class by layout, for layouts of fixed length; a cache of what follows from the tables. */
  const classes: number[] = [];

  function classFor(layout: Layout, wordCount: number | undefined): number {
    const { isPlainLeaf, spec } = layouts.entryOf(layout);
    const fixed = cellWords[layout]!;
    if (fixed !== 0 && (wordCount === undefined || wordCount + 1 === fixed)) {
      return (classes[layout] = cells.classOf(fixed, isPlainLeaf));
    }
    if (
      fixed !== 0 ||
      wordCount === undefined ||
      !Number.isInteger(wordCount) ||
      wordCount < 0 ||
      wordCount >= cells.maxWords
    ) {
      throw new HeapwrightError(
        "ERR_BAD_SIZE",
        fixed === 0
          ? `An object of layout "${spec.name}" needs a number of words from 0 to ${cells.maxWords - 1}, not ${showValue(wordCount)}. Longer data goes into a buffer.`
          : `Objects of layout "${spec.name}" have ${fixed - 1} words, not ${showValue(wordCount)}.`,
      );
    }
    return cells.classOf(wordCount + 1, isPlainLeaf);
  }

  function born(object: number): void {
    if (birth === 0) return;
    work[object >> WORK_SHIFT] = birth;
    births[object >> poolShift] = 1;
  }

  function create(layout: Layout, wordCount: number | undefined): number {
    const cellClass = (wordCount === undefined ? classes[layout] : undefined) ?? classFor(layout, wordCount);
    const isTracked = (layoutFlags[layout]! & LAYOUT.leaf) === 0;
    if (isTracked) {
      const count = control[TRIGGER_COUNT]! + 1;
      control[TRIGGER_COUNT] = count;
      if (count > control[TRIGGER_LIMIT]!) parts.tripped();
    }
    const cell = cells.take(cellClass) || takeInEmergency(cellClass, isTracked);
    words[cell] = headers[layout]!;
    if (isTracked) born(cell);
    return cell;
  }

  function takeInEmergency(cellClass: number, isTracked: boolean): number {
    const bytes = 1 << (poolShift + 2);
    const cell = room.collectInEmergency(bytes) ? cells.take(cellClass) : 0;
    if (cell !== 0) return cell;
    // CPython takes a failed allocation back from the count as well.
    if (isTracked && control[TRIGGER_COUNT]! > 0) control[TRIGGER_COUNT]!--;
    throw room.outOfMemory(bytes);
  }

  return Object.assign(create, { born });
}
