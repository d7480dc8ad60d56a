/**
 * Slots: the smallest numbers that can name the blocks that are alive.
 *
 * A recording numbers its blocks 0, 1, 2, ... and never uses a number again. The
 * table turns a block's number into a slot, which the next block gets when this
 * one is freed; so the most recently freed slot, whose entries in tables by slot
 * are still in the processor's cache, is used first.
 *
 * Most blocks die young: half of those in the recorded traces within 31 events.
 * So a number is first looked up where it needs no search, in a ring of the 65536
 * newest blocks. What outlives the ring moves to a hash table with linear probing:
 *
 * ```text
 *   number    0 ................. next-65536 ............. next-1
 *             |  hash table: slot + 1   |  ring: slot or -1  |
 * ```
 *
 * Memory is proportional to the blocks alive at once (20 to 30 B each), whatever
 * the length of the trace.
 */

import { HeapwrightError } from "@heapwright/core";

/** Turns block numbers into slots; see `slot-table.ts`. */
export interface SlotTable {
  /** Names the next block, whose number is the count of those before it. */
  add(): number;
  /** Slot of a live block, or {@link NO_SLOT} when it was freed. `back` counts from the newest block, which is 0. */
  find(back: number): number;
  /** As `find`, and gives the slot back. */
  remove(back: number): number;
  /** Blocks named so far. */
  blockCount(): number;
  /** Slots in use at once so far: each slot is below this. */
  slotCount(): number;
}

/** What stands for no slot. */
export const NO_SLOT = -1;

const RING_LENGTH = 65536;
const RING_MASK: number = RING_LENGTH - 1;
const MAX_SLOTS: number = 2 ** 30;

/** Makes an empty table. */
export function createSlotTable(): SlotTable {
  const ring = new Int32Array(RING_LENGTH).fill(NO_SLOT);
  let next = 0;
  let slots = 0;

  // Slots that were given back, the latest last.
  let spare = new Int32Array(1024);
  let spareCount = 0;
  // By slot: the block's number. Only right for blocks in the hash table.
  let numberOf = new Float64Array(1024);

  // Slot + 1 of the older blocks; 0 is an empty cell. At most half full.
  let cells = new Int32Array(2048);
  let shift = 32 - 11;
  let olderCount = 0;

  /** Blocks are numbered in sequence: multiplying spreads neighbours, so that no long runs form. */
  function homeOf(number: number): number {
    return Math.imul(number | 0, 0x9e3779b1) >>> shift;
  }

  function place(slot: number): void {
    const mask = cells.length - 1;
    let cell = homeOf(numberOf[slot]!);
    while (cells[cell] !== 0) cell = (cell + 1) & mask;
    cells[cell] = slot + 1;
  }

  function growCells(): void {
    const older = cells;
    cells = new Int32Array(2 * older.length);
    shift--;
    for (const entry of older) if (entry !== 0) place(entry - 1);
  }

  function moveToCells(number: number, slot: number): void {
    if (2 * (olderCount + 1) > cells.length) growCells();
    numberOf[slot] = number;
    place(slot);
    olderCount++;
  }

  function findCell(number: number): number {
    const mask = cells.length - 1;
    for (let cell = homeOf(number); ; cell = (cell + 1) & mask) {
      const entry = cells[cell]!;
      if (entry === 0) return NO_SLOT;
      if (numberOf[entry - 1] === number) return cell;
    }
  }

  /** Closes the gap, so that no search ends before it reaches what lies behind. */
  function emptyCell(cell: number): void {
    const mask = cells.length - 1;
    let gap = cell;
    for (let at = (cell + 1) & mask; cells[at] !== 0; at = (at + 1) & mask) {
      const home = homeOf(numberOf[cells[at]! - 1]!);
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      cells[gap] = cells[at]!;
      gap = at;
    }
    cells[gap] = 0;
    olderCount--;
  }

  function newSlot(): number {
    if (slots === spare.length) {
      if (slots === MAX_SLOTS) throw tooMany(slots);
      spare = grown(spare, new Int32Array(2 * slots));
      numberOf = grown(numberOf, new Float64Array(2 * slots));
    }
    return slots++;
  }

  return {
    add() {
      const at = next & RING_MASK;
      const oldest = ring[at]!;
      if (oldest !== NO_SLOT) moveToCells(next - RING_LENGTH, oldest);
      const slot = spareCount > 0 ? spare[--spareCount]! : newSlot();
      ring[at] = slot;
      next++;
      return slot;
    },

    find(back) {
      const number = next - 1 - back;
      if (back < RING_LENGTH) return ring[number & RING_MASK]!;
      const cell = findCell(number);
      return cell === NO_SLOT ? NO_SLOT : cells[cell]! - 1;
    },

    remove(back) {
      const number = next - 1 - back;
      let slot: number;
      if (back < RING_LENGTH) {
        slot = ring[number & RING_MASK]!;
        if (slot === NO_SLOT) return NO_SLOT;
        ring[number & RING_MASK] = NO_SLOT;
      } else {
        const cell = findCell(number);
        if (cell === NO_SLOT) return NO_SLOT;
        slot = cells[cell]! - 1;
        emptyCell(cell);
      }
      spare[spareCount++] = slot;
      return slot;
    },

    blockCount: () => next,
    slotCount: () => slots,
  };
}

/** Copies a table into a longer one. */
export function grown<T extends Uint8Array | Int32Array | Uint32Array | Float64Array>(older: T, longer: T): T {
  longer.set(older);
  return longer;
}

function tooMany(slots: number): HeapwrightError {
  return new HeapwrightError("ERR_OUT_OF_MEMORY", `More than ${slots} blocks are alive at once.`);
}
