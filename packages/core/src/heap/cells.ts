/**
 * Cells: where objects are, in pools of one length each.
 *
 * ```text
 *   pool (16 KiB), cells of 48 bytes
 *   +--------+--------+--------+--------+--------+- - - - - - - - - -+------+
 *   | object | free   | object | free   | object |   never carved    | rest |
 *   |        | 0 ^ 0  |        | 0 | 0  |        |   all 0           |      |
 *   +--------+---|----+--------+---|----+--------+- - - - - - - - - -+------+
 *                +-----------------+
 *
 *   free cell   [ 0 | link | 0 | 0 | ... ]      so that a new object needs its header and nothing else
 *
 *   pool row    word 0  first free cell, as word index; negative = where the next one is carved; 0 = none
 *                    1  live cells
 *                    2  next pool of its class; -1 = in no list
 *                    3  previous pool of its class
 * ```
 *
 * The free list follows pymalloc's, whose pools these are: full pools stay in their list until they are asked, an empty
 * pool goes back to its arena unless it is the last with room for its class. The link is in word 1, since a header of 0
 * says "free" to everyone who walks the pool.
 */

import type { PoolSource } from "../allocator.js";
import { POOLS_END, POOLS_START } from "./control.js";
import { CLASSES_PER_KIND, type HeapTables } from "./heap-tables.js";
import { KIND_SHIFT, LEAF_POOL, STRIDE_MASK, TRACKED_POOL } from "./pool-word.js";
import { GRANULE_WORDS, MIN_TRACKED_WORDS, WORK_SHIFT } from "./work-byte.js";

const ROW_SHIFT = 2;
const FREE = 0;
const LIVE = 1;
const NEXT = 2;
const PREVIOUS = 3;
const UNLISTED = -1;

/** Hands out cells and takes them back. */
export interface Cells {
  /** Words in the largest cell. */
  readonly maxWords: number;
  /**
   * A cell, all its words 0. Its header is the caller's to write at once.
   *
   * @param cellClass - see {@link Cells.classOf}
   * @returns the word index, or 0 when the memory has no room
   */
  take(cellClass: number): number;
  /** Takes a cell back: it is free, all its words but the link are 0, and its work byte unless it is a leaf's. */
  give(cell: number): void;
  /** As {@link Cells.give} for each of them, pool by pool. @param cells - by rising address */
  giveAll(cells: Int32Array, count: number): void;
  /** The class of cells of so many words, the header included. */
  classOf(words: number, isLeaf: boolean): number;
  /** Words in the cell of an object. */
  strideOf(object: number): number;
  /** Whether a live object begins at a word index, which may be anything. */
  isObject(ref: number): boolean;
  /** Every cell with a header, by rising address. */
  objects(): Generator<number>;
  /** Live cells of all pools, from their rows. */
  liveCells(): number;
  /** Gives back pools in which nothing lives. Returns how many. */
  trim(): number;
  /** Gives every pool back. */
  releaseAll(): void;
  /** Sentences on everything that is wrong. */
  problems(): string[];
}

/** Makes the cells of a heap. */
export function createCells(tables: HeapTables, source: PoolSource): Cells {
  const { words, control, firstPools, pools, poolRows: rows, work, births, poolShift } = tables;
  const poolWords = 1 << poolShift;
  const maxWords = Math.min(poolWords >> 3, (CLASSES_PER_KIND - 1) * GRANULE_WORDS);

  function take(cellClass: number): number {
    const pool = firstPools[cellClass]!;
    const row = pool << ROW_SHIFT;
    const cell = rows[row + FREE]!;
    // Pool 0 is the memory's header: it stands for "none", and its row has no cell.
    if (cell <= 0) return takeElsewhere(cellClass);
    rows[row + FREE] = words[cell + 1]!;
    rows[row + LIVE]!++;
    words[cell + 1] = 0;
    return cell;
  }

  /** The first pool of the class is full or has cells to carve, or there is none. */
  function takeElsewhere(cellClass: number): number {
    let pool = firstPools[cellClass]!;
    while (pool !== 0 && rows[(pool << ROW_SHIFT) + FREE] === 0) {
      const next = rows[(pool << ROW_SHIFT) + NEXT]!;
      rows[(pool << ROW_SHIFT) + NEXT] = UNLISTED;
      firstPools[cellClass] = next;
      pool = next;
    }
    if (pool === 0) pool = takePool(cellClass);
    if (pool === 0) return 0;
    const row = pool << ROW_SHIFT;
    let cell = rows[row + FREE]!;
    if (cell > 0) {
      rows[row + FREE] = words[cell + 1]!;
      words[cell + 1] = 0;
    } else {
      cell = -cell;
      const stride = pools[pool]! & STRIDE_MASK;
      const next = cell + stride;
      rows[row + FREE] = next + stride <= (pool + 1) * poolWords ? -next : 0;
    }
    rows[row + LIVE]!++;
    return cell;
  }

  function takePool(cellClass: number): number {
    const address = source.take();
    if (address === 0) return 0;
    const start = address / 4;
    const pool = start / poolWords;
    words.fill(0, start, start + poolWords);
    work.fill(0, start >> WORK_SHIFT, (start + poolWords) >> WORK_SHIFT);
    const isLeaf = cellClass >= CLASSES_PER_KIND;
    const stride = (isLeaf ? cellClass - CLASSES_PER_KIND : cellClass) * GRANULE_WORDS;
    pools[pool] = stride | ((isLeaf ? LEAF_POOL : TRACKED_POOL) << KIND_SHIFT);
    rows[(pool << ROW_SHIFT) + FREE] = -start;
    rows[(pool << ROW_SHIFT) + LIVE] = 0;
    births[pool] = 0;
    linkFirst(pool, cellClass);
    if (control[POOLS_END] === 0) control[POOLS_START] = pool;
    control[POOLS_START] = Math.min(control[POOLS_START]!, pool);
    control[POOLS_END] = Math.max(control[POOLS_END]!, pool + 1);
    return pool;
  }

  function givePool(pool: number): void {
    pools[pool] = 0;
    births[pool] = 0;
    source.give(pool * poolWords * 4);
  }

  function linkFirst(pool: number, cellClass: number): void {
    const next = firstPools[cellClass]!;
    rows[(pool << ROW_SHIFT) + NEXT] = next;
    rows[(pool << ROW_SHIFT) + PREVIOUS] = 0;
    if (next !== 0) rows[(next << ROW_SHIFT) + PREVIOUS] = pool;
    firstPools[cellClass] = pool;
  }

  function unlink(pool: number, cellClass: number): void {
    const next = rows[(pool << ROW_SHIFT) + NEXT]!;
    if (firstPools[cellClass] === pool) {
      firstPools[cellClass] = next;
    } else {
      const previous = rows[(pool << ROW_SHIFT) + PREVIOUS]!;
      rows[(previous << ROW_SHIFT) + NEXT] = next;
      if (next !== 0) rows[(next << ROW_SHIFT) + PREVIOUS] = previous;
    }
  }

  function classOfPool(pool: number): number {
    const granules = (pools[pool]! & STRIDE_MASK) / GRANULE_WORDS;
    return pools[pool]! >> KIND_SHIFT === LEAF_POOL ? CLASSES_PER_KIND + granules : granules;
  }

  /** Four words at a time: cells are so many granules. */
  function clearCell(cell: number, end: number): void {
    const all = words;
    for (let word = cell; word < end; word += GRANULE_WORDS) {
      all[word] = 0;
      all[word + 1] = 0;
      all[word + 2] = 0;
      all[word + 3] = 0;
    }
  }

  function give(cell: number): void {
    const pool = cell >> poolShift;
    const row = pool << ROW_SHIFT;
    const poolWord = pools[pool]!;
    clearCell(cell, cell + (poolWord & STRIDE_MASK));
    if (poolWord >> KIND_SHIFT === TRACKED_POOL) work[cell >> WORK_SHIFT] = 0;
    const free = rows[row + FREE]!;
    words[cell + 1] = free;
    rows[row + FREE] = cell;
    const live = rows[row + LIVE]! - 1;
    rows[row + LIVE] = live;
    if (free === 0) comeForward(pool);
    if (live === 0) retire(pool);
  }

  /** The highest pool first: the one that is given last serves first, and new objects follow each other in the memory. */
  function giveAll(given: Int32Array, count: number): void {
    let end = count;
    while (end > 0) {
      const pool = given[end - 1]! >> poolShift;
      const start = startOfRun(given, end, pool << poolShift);
      giveRun(given, start, end, pool);
      end = start;
    }
  }

  /** Where the cells from an address on begin. */
  function startOfRun(given: Int32Array, end: number, from: number): number {
    let start = end - 1;
    while (start > 0 && given[start - 1]! >= from) start--;
    return start;
  }

  /** Takes cells of one pool back. */
  function giveRun(given: Int32Array, from: number, to: number, pool: number): void {
    const row = pool << ROW_SHIFT;
    const poolWord = pools[pool]!;
    const stride = poolWord & STRIDE_MASK;
    const isTracked = poolWord >> KIND_SHIFT === TRACKED_POOL;
    const before = rows[row + FREE]!;
    let free = before;
    for (let index = to - 1; index >= from; index--) {
      const cell = given[index]!;
      clearCell(cell, cell + stride);
      if (isTracked) work[cell >> WORK_SHIFT] = 0;
      words[cell + 1] = free;
      free = cell;
    }
    const live = rows[row + LIVE]! - (to - from);
    rows[row + FREE] = free;
    rows[row + LIVE] = live;
    if (before === 0) comeForward(pool);
    if (live === 0) retire(pool);
  }

  /** A cell of a full pool became free. */
  function comeForward(pool: number): void {
    const cellClass = classOfPool(pool);
    if (firstPools[cellClass] === pool) return;
    if (rows[(pool << ROW_SHIFT) + NEXT] !== UNLISTED) unlink(pool, cellClass);
    linkFirst(pool, cellClass);
  }

  /** The last object of a pool is gone. The last pool with room for a class stays, for a program at the edge. */
  function retire(pool: number): void {
    const cellClass = classOfPool(pool);
    const isLast = firstPools[cellClass] === pool && rows[(pool << ROW_SHIFT) + NEXT] === 0;
    if (isLast) return;
    unlink(pool, cellClass);
    givePool(pool);
  }

  function* usedPools(): Generator<number> {
    for (let pool = control[POOLS_START]!; pool < control[POOLS_END]!; pool++) {
      if (pools[pool] !== 0) yield pool;
    }
  }

  function* cellsOf(pool: number): Generator<number> {
    const stride = pools[pool]! & STRIDE_MASK;
    for (let cell = pool * poolWords; cell + stride <= (pool + 1) * poolWords; cell += stride) yield cell;
  }

  function poolProblems(pool: number): string[] {
    const row = pool << ROW_SHIFT;
    const name = `Pool ${pool}`;
    const stride = pools[pool]! & STRIDE_MASK;
    const kind = pools[pool]! >> KIND_SHIFT;
    const least = kind === LEAF_POOL ? GRANULE_WORDS : MIN_TRACKED_WORDS;
    if ((kind !== LEAF_POOL && kind !== TRACKED_POOL) || stride % GRANULE_WORDS !== 0 || stride < least) {
      return [`${name} has the pool word ${pools[pool]!}.`];
    }
    const found: string[] = [];
    const start = pool * poolWords;
    const noAge = (cell: number): void => {
      if (kind === TRACKED_POOL && work[cell >> WORK_SHIFT] !== 0)
        found.push(`${name}: the work byte of the free cell ${cell} is ${work[cell >> WORK_SHIFT]!}, not 0.`);
    };
    const free = new Set<number>();
    let cell = rows[row + FREE]!;
    while (cell > 0) {
      const isCell = cell >= start && (cell - start) % stride === 0 && cell + stride <= start + poolWords;
      if (!isCell || free.has(cell) || words[cell] !== 0) {
        found.push(`${name}: its free list leads to ${cell}, which is no free cell.`);
        return found;
      }
      free.add(cell);
      cell = words[cell + 1]!;
    }
    const carvedEnd = cell < 0 ? -cell : start + poolWords;
    let live = 0;
    for (const each of cellsOf(pool)) {
      if (each >= carvedEnd || free.has(each)) {
        const used = words
          .subarray(each, each + stride)
          .findIndex((word, index) => word !== 0 && (index !== 1 || each >= carvedEnd));
        if (used >= 0)
          found.push(`${name}: word ${used} of the free cell ${each} is ${words[each + used]!}, not 0.`);
        noAge(each);
      } else {
        live++;
        if (words[each] === 0) found.push(`${name}: the cell ${each} is neither live nor in the free list.`);
      }
    }
    if (live !== rows[row + LIVE])
      found.push(`${name} has ${live} live cells and counts ${rows[row + LIVE]!}.`);
    return found;
  }

  /** Every pool with a free cell is in the list of its class, once, and no other pool but full ones. */
  function listProblems(): string[] {
    const found: string[] = [];
    const listed = new Set<number>();
    for (let cellClass = 0; cellClass < 2 * CLASSES_PER_KIND; cellClass++) {
      let previous = 0;
      for (let pool = firstPools[cellClass]!; pool !== 0; pool = rows[(pool << ROW_SHIFT) + NEXT]!) {
        if (listed.has(pool) || pools[pool] === 0 || classOfPool(pool) !== cellClass) {
          found.push(
            `The list of cell class ${cellClass} leads to pool ${pool}, which does not belong there.`,
          );
          break;
        }
        if (previous !== 0 && rows[(pool << ROW_SHIFT) + PREVIOUS] !== previous) {
          found.push(`Pool ${pool} does not link back to pool ${previous}.`);
        }
        listed.add(pool);
        previous = pool;
      }
    }
    for (const pool of usedPools()) {
      const isFull = rows[(pool << ROW_SHIFT) + FREE] === 0;
      if (!isFull && !listed.has(pool)) found.push(`Pool ${pool} has free cells and is in no list.`);
      if (!listed.has(pool) && rows[(pool << ROW_SHIFT) + NEXT] !== UNLISTED) {
        found.push(`Pool ${pool} is in no list and has a link.`);
      }
    }
    return found;
  }

  return {
    maxWords,
    take,
    give,
    giveAll,

    classOf(cellWords, isLeaf) {
      const granules = Math.ceil(cellWords / GRANULE_WORDS);
      return isLeaf ? CLASSES_PER_KIND + granules : Math.max(granules, MIN_TRACKED_WORDS / GRANULE_WORDS);
    },

    strideOf: (object) => pools[object >> poolShift]! & STRIDE_MASK,

    isObject(ref) {
      if (!(ref > 0) || (ref | 0) !== ref) return false;
      const stride = (pools[ref >> poolShift] ?? 0) & STRIDE_MASK;
      const offset = ref & (poolWords - 1);
      return stride > 0 && offset % stride === 0 && offset + stride <= poolWords && words[ref] !== 0;
    },

    *objects() {
      for (const pool of usedPools()) {
        for (const cell of cellsOf(pool)) if (words[cell] !== 0) yield cell;
      }
    },

    liveCells() {
      let live = 0;
      for (const pool of usedPools()) live += rows[(pool << ROW_SHIFT) + LIVE]!;
      return live;
    },

    trim() {
      let given = 0;
      for (const pool of usedPools()) {
        if (rows[(pool << ROW_SHIFT) + LIVE] !== 0) continue;
        unlink(pool, classOfPool(pool));
        givePool(pool);
        given++;
      }
      return given;
    },

    releaseAll() {
      for (const pool of usedPools()) givePool(pool);
      firstPools.fill(0);
    },

    problems() {
      const found = listProblems();
      for (const pool of usedPools()) found.push(...poolProblems(pool));
      return found;
    },
  };
}
