/**
 * Spilled counts: what of a count does not fit into its header.
 *
 * ```text
 *   field    0 ......... 4,096 ......... 8,191 | 8,192             count = field + 4,096 × steps
 *            ^             ^  ^                  ^
 *   refill --+-------------+  +------------------+-- spill         steps are in a table; most objects have none
 * ```
 *
 * Both land in the middle, so a count that goes up and down at a border comes here once in 4,096 changes at the most.
 * CPython needs none of this: its `ob_refcnt` has 64 bits, twice what a header has here in all. Few objects are that
 * popular (of 700,000 objects of a recorded web application, 7), so for the others 14 bits are a good bargain.
 *
 * An immortal object has no count. Its field is put back into the middle whenever it leaves through either border, as
 * in PEP 683's first version: nobody who counts has to ask.
 */

import {
  BELOW_COUNT,
  COUNT_SHIFT,
  HeapwrightError,
  IMMORTAL,
  LAYOUT_MASK,
  ONE_COUNT,
  OVERFLOWED,
  SPILL,
  SPILL_COUNT,
  STRIDE_MASK,
  type HeapImage,
  type RefTable,
} from "@heapwright/core";

/** The largest count that a field keeps alone. */
const FIELD_MAX = 2 * SPILL - 1;

/** More references than any memory has room for; steps stay far below what a table's int32 holds. */
const COUNT_MAX = 2 ** 42;

/** The field of an object after one reference too many was dropped: -1, in 14 bits. */
const BELOW_ZERO = 0x3fff;

/** Keeps the large counts of a heap. */
export interface SpilledCounts {
  /** As {@link @heapwright/core#Counter.overflow}. */
  overflow(object: number): void;
  /**
   * Raises a field that fell below 1, when the object has references elsewhere or needs none.
   *
   * @returns false when the count is 0
   */
  refill(object: number): boolean;
  /** The exact count. */
  count(object: number): number;
  /** As {@link @heapwright/core#Counter.add}. */
  add(object: number, by: number): void;
  /** As {@link @heapwright/core#Counter.immortalize}. */
  immortalize(object: number): void;
  /** Drops the steps of an object. */
  forget(object: number): void;
  /** Sentences on everything that is wrong. */
  problems(): string[];
}

/** Keeps the large counts of a heap in a table, which may have entries already. */
export function createSpilledCounts(image: HeapImage, steps: RefTable): SpilledCounts {
  const { words } = image;

  /** Header with another field, its flags and layout kept. */
  const withField = (header: number, field: number): number =>
    (header & BELOW_COUNT) | (field << COUNT_SHIFT);

  function count(object: number): number {
    const header = words[object]!;
    const field = header >>> COUNT_SHIFT;
    return (header & OVERFLOWED) === 0 ? field : field + SPILL * steps.get(object);
  }

  return {
    count,

    overflow(object) {
      const header = words[object]!;
      if ((header & IMMORTAL) !== 0) {
        words[object] = withField(header, SPILL);
        return;
      }
      try {
        steps.set(object, steps.get(object) + 1);
      } catch (error) {
        words[object] = (header - ONE_COUNT) | 0;
        throw error;
      }
      words[object] = (header - SPILL_COUNT) | OVERFLOWED;
    },

    refill(object) {
      const header = words[object]!;
      if ((header & IMMORTAL) !== 0) {
        words[object] = withField(header, SPILL);
        return true;
      }
      // A header is negative from 8,192 on, too: a count of 14 bits is as good as one of 13, until the next increment.
      if (header < 0 && header >>> COUNT_SHIFT !== BELOW_ZERO) return true;
      if (header < 0) {
        words[object] = (header + ONE_COUNT) | 0;
        const what = (header & LAYOUT_MASK) === 0 ? "the free cell" : "an object without any:";
        throw new Error(`Invariant: one reference too many was dropped, to ${what} ${object}.`);
      }
      if ((header & OVERFLOWED) === 0) return false;
      const left = steps.get(object) - 1;
      if (left < 0) throw new Error(`Invariant: the spilled count of ${object} is lost.`);
      steps.set(object, left);
      words[object] = withField(left === 0 ? header & ~OVERFLOWED : header, SPILL);
      return true;
    },

    add(object, by) {
      const header = words[object]!;
      if ((header & IMMORTAL) !== 0) return;
      const field = (header >>> COUNT_SHIFT) + by;
      if (field >= 1 && field <= FIELD_MAX && Number.isInteger(by)) {
        words[object] = withField(header, field);
        return;
      }
      const total = count(object) + by;
      assertCount(total, object);
      const aside = total <= FIELD_MAX ? 0 : Math.floor(total / SPILL) - 1;
      steps.set(object, aside);
      const flags = aside === 0 ? header & ~OVERFLOWED : header | OVERFLOWED;
      words[object] = withField(flags, total - SPILL * aside);
    },

    immortalize(object) {
      const header = words[object]!;
      if ((header & OVERFLOWED) !== 0) steps.set(object, 0);
      words[object] = withField((header & ~OVERFLOWED) | IMMORTAL, SPILL);
    },

    forget(object) {
      if ((words[object]! & OVERFLOWED) !== 0) steps.set(object, 0);
    },

    problems() {
      const found: string[] = [];
      for (const [ref, value] of steps.entries()) {
        if ((words[ref]! & OVERFLOWED) === 0)
          found.push(`${ref} has a spilled count, and no flag that says so.`);
        if (value < 1) found.push(`The spilled count of ${ref} is ${value} steps.`);
      }
      for (const object of liveObjects(image)) {
        const header = words[object]!;
        if ((header & OVERFLOWED) !== 0 && steps.get(object) === 0) {
          found.push(`The flag of ${object} tells of a spilled count, and there is none.`);
        }
        if (header < 0) found.push(`The count field of ${object} is above ${FIELD_MAX}.`);
      }
      return found;
    },
  };
}

/** Objects of a memory that may be damaged: whatever has a header. */
function* liveObjects({ words, pools, poolShift, poolsStart, poolsEnd }: HeapImage): Generator<number> {
  for (let pool = poolsStart(); pool < poolsEnd(); pool++) {
    const stride = pools[pool]! & STRIDE_MASK;
    if (stride === 0) continue;
    const end = (pool + 1) << poolShift;
    for (let cell = pool << poolShift; cell + stride <= end; cell += stride)
      if (words[cell] !== 0) yield cell;
  }
}

function assertCount(count: number, object: number): void {
  if (!Number.isInteger(count) || count < 1) {
    throw new Error(`Invariant: the count of ${object} cannot be set to ${count}.`);
  }
  if (count > COUNT_MAX) {
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `A count of ${count} references is more than the ${COUNT_MAX} that an object can have. Make it immortal instead.`,
    );
  }
}
