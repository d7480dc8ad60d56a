/**
 * Roots: what keeps objects alive from outside. Scopes, pins and `retain`.
 *
 * ```text
 *   handles   [ ref | ref | ref | ref | ref | ... ]      a stack; each open scope owns a stretch of it
 *               \__ scope 1 __/ \_ scope 2 _/
 *
 *   pin row   [ ref, or next free row + 1, negated | generation ]      a pin = row | generation << 22
 * ```
 *
 * Each entry owns one count. In a heap without counts the entries are the roots that a collector scans, and `retain`
 * keeps a table of its own.
 */

import { HeapwrightError } from "../errors.js";
import { showValue } from "../show-value.js";
import type { Counter, RefTable } from "./counter.js";
import type { Roots } from "./collector.js";
import { FREE_PIN, HANDLES, PINS, PIN_ROWS, SPARE_ROOTS, SPARE_ROOT_WORDS } from "./control.js";
import type { EdgeBuffer } from "./heap-image.js";
import type { HeapTables } from "./heap-tables.js";
import { openRefTable, tableProblems } from "./ref-table.js";
import { openRun, RUN } from "./run.js";

declare const pin: unique symbol;

/** A root by number: 22 bits of row, 8 of generation, so that a stale one is noticed. */
export type Pin = number & { readonly [pin]: "pin" };

const ROW_BITS = 22;
const MAX_ROWS: number = 1 << ROW_BITS;
/** Of a row: 8 bits, 0 left out. */
const GENERATIONS = 256;
/** How often an object can be held where there are no counts: an int32. */
const MOST_TIMES = 0x7fff_ffff;

/** What holds objects from outside. */
export interface HeldRoots extends Roots {
  /**
   * Makes room for one more handle, so that {@link HeldRoots.push} cannot fail.
   *
   * @returns false when the memory has no room
   */
  makeRoom(): boolean;
  /** Puts a reference, whose count the handle owns from now on, on the stack. There is room. */
  push(ref: number): void;
  /** Takes the topmost reference from the stack; its count is the caller's. */
  pop(): number;
  /** Many handles are gone: gives back the room of those that were there at the most. */
  shrink(): void;
  /** The handle at a place. */
  at(place: number): number;
  /** Replaces a handle by another. */
  put(place: number, ref: number): void;
  /** Pins an object whose count was raised for it; 0 when the memory has no room. */
  pin(ref: number): Pin | 0;
  /**
   * The object of a pin.
   *
   * @throws HeapwrightError `ERR_STALE_PIN`
   */
  deref(pin: Pin): number;
  /** Ends a pin. Returns the object, whose count is the caller's to drop. Errors as {@link HeldRoots.deref}. */
  unpin(pin: Pin): number;
  /** All pinned objects. */
  pinned(): number[];
  /**
   * Adds to how often an object is held from outside; a negative number takes away. All but the last reference: when
   * nothing is left, the caller drops that one.
   */
  retain(ref: number, times: number): void;
  /** How often `retain` holds an object, in a heap without counts. */
  readonly retained: RefTable;
  /** Sentences on everything that is wrong with handles, pins and table themselves. */
  problems(): string[];
}

/** Makes the roots of a heap. */
export function createRoots(tables: HeapTables, counter: Counter | undefined): HeldRoots {
  const { memory, control } = tables;
  const handles = openRun(memory, control, RUN.handles);
  /** The words of `handles`, which every handle goes through; looked up again after each change of its length. */
  let stack = handles.words;
  const pins = openRun(memory, control, RUN.pins);
  const retained = openRefTable(memory, control, RUN.retained);

  function rowOf(pin: Pin): number {
    const row = pin & (MAX_ROWS - 1);
    const isPin = (pin | 0) === pin && pin > 0 && row < control[PIN_ROWS]!;
    const isLive = isPin && pins.words[2 * row]! > 0 && pins.words[2 * row + 1] === pin >>> ROW_BITS;
    if (isLive) return row;
    throw new HeapwrightError(
      "ERR_STALE_PIN",
      `${showValue(pin)} is no pin of this heap, or was unpinned before.`,
    );
  }

  /** How many pins are in the list of free ones; `undefined` when it leads astray. */
  function freePins(): number | undefined {
    let free = 0;
    for (let row = control[FREE_PIN]! - 1; row >= 0; row = -pins.words[2 * row]! - 1) {
      if (row >= control[PIN_ROWS]! || pins.words[2 * row]! > 0 || free === control[PIN_ROWS])
        return undefined;
      free++;
    }
    return free;
  }

  /** Where there are no counts, the table is all there is. */
  function note(ref: number, times: number): void {
    if (times > MOST_TIMES) {
      throw new HeapwrightError(
        "ERR_BAD_OPTION",
        `Object ${ref} would be held ${times} times from outside; without counts ${MOST_TIMES} times is the most.`,
      );
    }
    retained.set(ref, times);
  }

  return {
    makeRoom() {
      if (control[HANDLES]! < stack.length) return true;
      const hasGrown = handles.grow(control[HANDLES]! + 1);
      stack = handles.words;
      return hasGrown;
    },
    push(ref) {
      const top = control[HANDLES]!;
      stack[top] = ref;
      control[HANDLES] = top + 1;
    },
    pop() {
      const top = control[HANDLES]! - 1;
      const ref = stack[top]!;
      stack[top] = 0;
      control[HANDLES] = top;
      return ref;
    },
    shrink() {
      handles.shrink(control[HANDLES]!);
      stack = handles.words;
    },
    at: (place) => stack[place]!,
    put(place, ref) {
      stack[place] = ref;
    },

    pin(ref) {
      let row = control[FREE_PIN]! - 1;
      if (row < 0) {
        row = control[PIN_ROWS]!;
        if (row === MAX_ROWS || !pins.grow(2 * row + 2)) return 0;
        control[PIN_ROWS] = row + 1;
        // A pin is never 0, so generations begin at 1.
        pins.words[2 * row + 1] = 1;
      } else {
        control[FREE_PIN] = -pins.words[2 * row]!;
      }
      pins.words[2 * row] = ref;
      control[PINS]!++;
      return (row | (pins.words[2 * row + 1]! << ROW_BITS)) as Pin;
    },

    deref: (pin) => pins.words[2 * rowOf(pin)]!,

    unpin(pin) {
      const row = rowOf(pin);
      const ref = pins.words[2 * row]!;
      pins.words[2 * row] = -control[FREE_PIN]!;
      pins.words[2 * row + 1] = (pins.words[2 * row + 1]! + 1) % GENERATIONS || 1;
      control[FREE_PIN] = row + 1;
      control[PINS]!--;
      return ref;
    },

    pinned() {
      const found: number[] = [];
      for (let row = 0; row < control[PIN_ROWS]!; row++) {
        if (pins.words[2 * row]! > 0) found.push(pins.words[2 * row]!);
      }
      return found;
    },

    retained,

    problems() {
      const found = tableProblems(retained, "what is held from outside");
      if (control[HANDLES]! < 0 || control[HANDLES]! > handles.words.length) {
        return [`There are ${control[HANDLES]!} handles, and room for ${handles.words.length}.`];
      }
      for (let place = 0; place < control[HANDLES]!; place++) {
        if (handles.words[place]! <= 0) found.push(`Handle ${place} is ${handles.words[place]!}, no object.`);
      }
      const free = freePins();
      if (free === undefined || free + control[PINS]! !== control[PIN_ROWS]!) {
        found.push(
          `The list of free pins is broken: of ${control[PIN_ROWS]!} rows ${control[PINS]!} are in use.`,
        );
      }
      if (counter) return found;
      let times = 0;
      for (const [, each] of retained.entries()) times += each;
      if (times !== tables.retained[0]) {
        found.push(`Objects are held ${times} times from outside, ${tables.retained[0]!} are counted.`);
      }
      return found;
    },

    retain(ref, times) {
      if (counter) counter.add(ref, times);
      else note(ref, retained.get(ref) + times);
      tables.retained[0]! += times;
    },

    gather(into: EdgeBuffer) {
      const words = stack;
      for (let place = 0; place < control[HANDLES]!; place++) into.add(words[place]!);
      for (let row = 0; row < control[PIN_ROWS]!; row++) into.add(pins.words[2 * row]!);
      for (const [ref] of retained.entries()) into.add(ref);
      for (let spare = 0; spare < SPARE_ROOT_WORDS; spare++) into.add(control[SPARE_ROOTS + spare]!);
    },
  };
}
