/**
 * The debug level: each reference that a call is given is looked at before anything happens.
 *
 * It finds references to what has died and whose cell is free, integers that are no references, slots that an object does
 * not have, items of what is no list. It does not find a reference to a dead object whose cell has gone to a new one,
 * or another heap's reference where this one has an object, too: a reference is an integer.
 */

import { HeapwrightError } from "../errors.js";
import { showValue } from "../show-value.js";
import type { Cells } from "./cells.js";
import type { Heap } from "./heap.js";
import { LAYOUT } from "./heap-image.js";
import type { HeapTables } from "./heap-tables.js";
import type { Items } from "./items.js";
import type { LayoutEntry, Layouts } from "./layouts.js";
import { LAYOUT_MASK } from "./object-word.js";
import { IMMEDIATES, type Ptr } from "./reference.js";
import { replaceMember } from "./replace-member.js";
import { BUFFER_COUNT } from "./scan.js";

/** What the checks look at. */
export interface DebugParts {
  readonly tables: HeapTables;
  readonly cells: Cells;
  readonly layouts: Layouts;
  /** Throws `ERR_BAD_REFERENCE` unless it is a live object, `ERR_DISPOSED`. */
  assertObject(object: Ptr): void;
}

/** Checks values on the debug level. */
export interface DebugChecks {
  /** A value that is stored or owned: null, an immediate or a live object. */
  value(value: Ptr): void;
  /** Puts checked calls in place of the heap's own. */
  guard(heap: Heap): void;
}

/** Makes the checks of a heap. */
export function createDebugChecks(parts: DebugParts): DebugChecks {
  const { tables, cells, layouts, assertObject } = parts;
  const { words, layoutFlags } = tables;

  function refuse(what: string): never {
    throw new HeapwrightError("ERR_BAD_REFERENCE", what);
  }

  function checkValue(value: Ptr): void {
    if (value === 0 || (Number.isInteger(value) && value < 0 && value >= -IMMEDIATES)) return;
    assertObject(value);
  }

  function entryOf(object: Ptr): LayoutEntry {
    assertObject(object);
    return layouts.entries[words[object]! & LAYOUT_MASK]!;
  }

  function hasSlot(object: Ptr, { spec }: LayoutEntry, slot: number): boolean {
    if (!Number.isInteger(slot) || slot < 0) return false;
    if (spec.scan === "prefix") return slot < spec.slots!;
    if (spec.scan === "bitmap") return spec.references!.includes(slot + 1);
    return (spec.scan === "all" || spec.scan === "custom") && slot < cells.strideOf(object) - 1;
  }

  function checkSlot(object: Ptr, slot: number): void {
    const entry = entryOf(object);
    if (hasSlot(object, entry, slot)) return;
    refuse(`Object ${object} of layout "${entry.spec.name}" has no reference in slot ${showValue(slot)}.`);
  }

  /** It owns a buffer, of references if need be. */
  function checkBuffer(object: Ptr, ofReferences: boolean): void {
    const entry = entryOf(object);
    const flags = layoutFlags[words[object]! & LAYOUT_MASK]!;
    const fits = (flags & LAYOUT.buffer) !== 0 && !(ofReferences && (flags & LAYOUT.leaf) !== 0);
    if (!fits)
      refuse(`Object ${object} of layout "${entry.spec.name}" has no ${ofReferences ? "items" : "buffer"}.`);
  }

  function checkPlace(object: Ptr, place: number): void {
    checkBuffer(object, true);
    const count = words[object + BUFFER_COUNT]!;
    if (Number.isInteger(place) && place >= 0 && place < count) return;
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `Object ${object} has ${count} items, and none at ${showValue(place)}.`,
    );
  }

  function guardItems(items: Items): Items {
    const { count, get, set, append, truncate, reserve, reserveBytes, first, capacity } = items;
    return {
      count(object) {
        checkBuffer(object, false);
        return count(object);
      },
      first(object) {
        checkBuffer(object, false);
        return first(object);
      },
      capacity(object) {
        checkBuffer(object, false);
        return capacity(object);
      },
      get(object, place) {
        checkPlace(object, place);
        return get(object, place);
      },
      set(object, place, value) {
        checkPlace(object, place);
        checkValue(value);
        set(object, place, value);
      },
      append(object, value) {
        checkBuffer(object, true);
        checkValue(value);
        append(object, value);
      },
      truncate(object, length) {
        checkBuffer(object, true);
        truncate(object, length);
      },
      reserve(object, wordCount) {
        checkBuffer(object, false);
        reserve(object, wordCount);
      },
      reserveBytes(object, bytes) {
        checkBuffer(object, false);
        reserveBytes(object, bytes);
      },
    };
  }

  return {
    value: checkValue,

    guard(heap) {
      const guarded: Pick<Heap, "get" | "set"> = {
        get(object, slot) {
          checkSlot(object, slot);
          return get(object, slot);
        },
        set(object, slot, value) {
          checkSlot(object, slot);
          checkValue(value);
          set(object, slot, value);
        },
      };
      const get = heap.get.bind(heap);
      const set = heap.set.bind(heap);
      for (const [calls, checked] of [
        [heap.items, guardItems(heap.items)],
        [heap, guarded],
      ] as const) {
        for (const [name, member] of Object.entries(checked)) replaceMember(calls, name, member);
      }
    },
  };
}
