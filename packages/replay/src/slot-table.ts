/**
 * Slots: the smallest numbers that can name the blocks that are alive.
 *
 * A recording numbers its blocks 0, 1, 2, ... and never uses a number again. The
 * table turns a block's number into a slot, which the next block gets when this
 * one is freed; so the most recently freed slot, whose entries in tables by slot
 * are still in the processor's cache, is used first.
 *
 * Most blocks die young: in seven of the nine recorded traces half of them within
 * 31 events. So a number is first looked up where it needs no search, in a ring of
 * the 65536 newest blocks. What outlives the ring moves to a hash table with linear
 * probing:
 *
 * ```text
 *   number    0 ................. next-65536 ............. next-1
 *             |  hash table: slot + 1   |  ring: slot or -1  |
 * ```
 *
 * Memory is proportional to the blocks alive at once (20 to 40 B each), whatever
 * the length of the trace.
 */

import { HeapwrightError } from "@heapwright/core";

/** What stands for no slot. */
export const NO_SLOT = -1;

const RING_LENGTH = 65536;
const RING_MASK: number = RING_LENGTH - 1;
const MAX_SLOTS: number = 2 ** 30;

/**
 * Turns block numbers into slots; see `slot-table.ts`. Plain data and functions on it, not methods: V8 inlines a function
 * of the module wherever it is called, and a closure only where it is always the same one.
 */
export interface SlotTable {
  /** Blocks named so far, which is the number of the next one. */
  blockCount: number;
  /** Slots in use at once so far: each slot is below this. */
  slotCount: number;
  /** Slots of the newest blocks, by number modulo the ring's length. */
  readonly ring: Int32Array;
  /** Slots that were given back, the latest last. */
  spare: Int32Array;
  spareCount: number;
  /** The block's number, by slot. Only right for blocks in the cells. */
  numberOf: Float64Array;
  /** Slot + 1 of the older blocks; 0 is an empty cell. At most half of them are taken. */
  cells: Int32Array;
  /** 32 less the binary logarithm of the number of cells. */
  shift: number;
  olderCount: number;
}

/** Makes an empty table. */
export function createSlotTable(): SlotTable {
  return {
    blockCount: 0,
    slotCount: 0,
    ring: new Int32Array(RING_LENGTH).fill(NO_SLOT),
    spare: new Int32Array(1024),
    spareCount: 0,
    numberOf: new Float64Array(1024),
    cells: new Int32Array(2048),
    shift: 32 - 11,
    olderCount: 0,
  };
}

/** Names the next block. */
export function addSlot(table: SlotTable): number {
  const number = table.blockCount++;
  const { ring } = table;
  const oldest = ring[number & RING_MASK]!;
  if (oldest !== NO_SLOT) moveToCells(table, number - RING_LENGTH, oldest);
  const slot = table.spareCount > 0 ? table.spare[--table.spareCount]! : newSlot(table);
  ring[number & RING_MASK] = slot;
  return slot;
}

/**
 * Slot of a live block.
 *
 * @param back - counts from the newest block, which is 0; below the count of blocks
 * @returns the slot, or {@link NO_SLOT} when the block was freed
 */
export function findSlot(table: SlotTable, back: number): number {
  const number = table.blockCount - 1 - back;
  if (back < RING_LENGTH) return table.ring[number & RING_MASK]!;
  const cell = findCell(table, number);
  return cell === NO_SLOT ? NO_SLOT : table.cells[cell]! - 1;
}

/** As {@link findSlot}, and gives the slot back. */
export function removeSlot(table: SlotTable, back: number): number {
  const slot = back < RING_LENGTH ? removeFromRing(table, back) : removeFromCells(table, back);
  if (slot !== NO_SLOT) table.spare[table.spareCount++] = slot;
  return slot;
}

function removeFromRing({ ring, blockCount }: SlotTable, back: number): number {
  const index = (blockCount - 1 - back) & RING_MASK;
  const slot = ring[index]!;
  ring[index] = NO_SLOT;
  return slot;
}

function removeFromCells(table: SlotTable, back: number): number {
  const cell = findCell(table, table.blockCount - 1 - back);
  if (cell === NO_SLOT) return NO_SLOT;
  const slot = table.cells[cell]! - 1;
  emptyCell(table, cell);
  return slot;
}

function newSlot(table: SlotTable): number {
  const { slotCount, spare, numberOf } = table;
  if (slotCount === spare.length) {
    if (slotCount === MAX_SLOTS) throw tooMany(slotCount);
    table.spare = grown(spare, new Int32Array(2 * slotCount));
    table.numberOf = grown(numberOf, new Float64Array(2 * slotCount));
  }
  return table.slotCount++;
}

/** Blocks are numbered in sequence: multiplying spreads neighbours, so that no long runs form. */
function homeOf(number: number, shift: number): number {
  return Math.imul(number | 0, 0x9e3779b1) >>> shift;
}

function moveToCells(table: SlotTable, number: number, slot: number): void {
  if (2 * (table.olderCount + 1) > table.cells.length) growCells(table);
  table.numberOf[slot] = number;
  place(table, slot);
  table.olderCount++;
}

function place({ cells, numberOf, shift }: SlotTable, slot: number): void {
  const mask = cells.length - 1;
  let cell = homeOf(numberOf[slot]!, shift);
  while (cells[cell] !== 0) cell = (cell + 1) & mask;
  cells[cell] = slot + 1;
}

function growCells(table: SlotTable): void {
  const older = table.cells;
  table.cells = new Int32Array(2 * older.length);
  table.shift--;
  for (const entry of older) if (entry !== 0) place(table, entry - 1);
}

function findCell({ cells, numberOf, shift }: SlotTable, number: number): number {
  const mask = cells.length - 1;
  for (let cell = homeOf(number, shift); ; cell = (cell + 1) & mask) {
    const entry = cells[cell]!;
    if (entry === 0) return NO_SLOT;
    if (numberOf[entry - 1] === number) return cell;
  }
}

/** Closes the gap, so that no search ends before it reaches what lies behind. */
function emptyCell(table: SlotTable, cell: number): void {
  const { cells, numberOf, shift } = table;
  const mask = cells.length - 1;
  let gap = cell;
  for (let at = (cell + 1) & mask; cells[at] !== 0; at = (at + 1) & mask) {
    const home = homeOf(numberOf[cells[at]! - 1]!, shift);
    // An entry whose home lies behind the gap stays.
    if (((at - home) & mask) < ((at - gap) & mask)) continue;
    cells[gap] = cells[at]!;
    gap = at;
  }
  cells[gap] = 0;
  table.olderCount--;
}

/** Copies a table into a longer one. */
export function grown<T extends Uint8Array | Int32Array | Uint32Array | Float64Array>(
  older: T,
  longer: T,
): T {
  longer.set(older);
  return longer;
}

function tooMany(slots: number): HeapwrightError {
  return new HeapwrightError("ERR_OUT_OF_MEMORY", `More than ${slots} blocks are alive at once.`);
}
