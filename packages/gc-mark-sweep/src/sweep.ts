/**
 * What becomes of the cells without a mark: the tracked ones are condemned, the leaves are buried.
 *
 * ```text
 *   work bytes of     tracked pools                          leaf pools
 *   trace()           marks                                  marks
 *   condemn()         dead: CONDEMNED, others: 0             marks             Deaths.reap: user code may run
 *   absolve()         dead: 0, others: MARKED                0
 *     trace()         marks                                  marks, anew
 *   convict()         dead: CONDEMNED, others: 0             marks
 *   buryLeaves()      0                                      0
 * ```
 *
 * The marks of leaves stay while the death pipeline works, so that nothing has to be traced twice when no condemned object
 * has a finalizer or weak references. Marks are below CONDEMNED, so the pipeline takes them for ages.
 */

import {
  CONDEMNED,
  HeapwrightError,
  KIND_SHIFT,
  LAYOUT_MASK,
  LEAF_POOL,
  STRIDE_MASK,
  TRACKED_POOL,
  WORK_SHIFT,
  type Deaths,
  type HeapImage,
} from "@heapwright/core";

import { MARKED, markBit } from "./marks.js";

/** What a walk over the tracked cells found. */
export interface Verdict {
  /** Objects without a mark, by rising address; only the first {@link Verdict.count} count. */
  readonly refs: Int32Array;
  /** How many. */
  readonly count: number;
  /** Objects with a mark. */
  readonly live: number;
  /** Flags of the layouts of those without one, all together; see `LAYOUT`. */
  readonly layoutFlags: number;
}

/** Walks over all cells of a heap. */
export interface Sweeper {
  /**
   * Gathers the tracked cells without a mark, sets their work bytes to CONDEMNED and those of all other tracked cells to 0.
   *
   * @throws HeapwrightError `ERR_OUT_OF_MEMORY` when the host has no room for the list; the bytes are neither marks nor ages then
   */
  condemn(): Verdict;
  /** Turns the verdict around for tracing anew: what is not condemned gets a mark, what is condemned has none, nor have leaves. */
  absolve(): void;
  /** Undoes {@link Sweeper.absolve}: what has a mark gets age 0, what has none is CONDEMNED. */
  convict(): void;
  /** Buries the leaves without a mark, and sets the bytes of leaf pools to 0. Returns how many. */
  buryLeaves(): number;
  /** Sets all bytes to 0. */
  clear(): void;
  /** A sentence for each pool with a work byte other than 0: between collections there is none. */
  problems(): string[];
}

/** Entries of the list that are kept from one collection to the next: 256 KiB. */
const KEPT_ENTRIES = 65_536;

/** Makes a sweeper for a heap. */
export function createSweeper(image: HeapImage, deaths: Deaths): Sweeper {
  const { words, work, pools, poolShift } = image;
  const poolGranules = (1 << poolShift) >> WORK_SHIFT;
  let kept: Int32Array = new Int32Array(1024);

  /** Calls a function for each pool of a kind, with the index of its first work byte. */
  function eachPool(kind: number, visit: (firstByte: number, pool: number) => void): void {
    for (let pool = image.poolsStart(); pool < image.poolsEnd(); pool++) {
      if (pools[pool]! >> KIND_SHIFT === kind) visit((pool << poolShift) >> WORK_SHIFT, pool);
    }
  }

  function fillPools(kind: number, value: number): void {
    eachPool(kind, (first) => work.fill(value, first, first + poolGranules));
  }

  /** Buries the leaves of a pool that have no mark. */
  function buryIn(pool: number): number {
    const poolWord = pools[pool]!;
    const stride = poolWord & STRIDE_MASK;
    const last = ((pool + 1) << poolShift) - stride;
    let buried = 0;
    for (let cell = pool << poolShift; cell <= last; cell += stride) {
      if ((work[cell >> 3]! & markBit(cell)) !== 0 || words[cell] === 0) continue;
      deaths.bury(cell);
      buried++;
      if (pools[pool] !== poolWord) break; // That was its last object, and the pool went back.
    }
    return buried;
  }

  return {
    condemn() {
      const { words, work, pools, poolShift, layoutFlags } = image;
      const layoutMask = LAYOUT_MASK;
      const kindShift = KIND_SHIFT;
      const trackedPool = TRACKED_POOL;
      const strideMask = STRIDE_MASK;
      const condemned = CONDEMNED;
      const poolsEnd = image.poolsEnd();
      let refs = kept;
      let count = 0;
      let live = 0;
      let flags = 0;
      for (let pool = image.poolsStart(); pool < poolsEnd; pool++) {
        const poolWord = pools[pool]!;
        if (poolWord >> kindShift !== trackedPool) continue;
        const stride = poolWord & strideMask;
        const first = pool << poolShift;
        const last = first + (1 << poolShift) - stride;
        const before = count;
        // A pool more than is needed, at most: the loop inside has nothing to ask.
        if (count + poolGranules > refs.length) refs = longer(refs, count + poolGranules);
        for (let cell = first; cell <= last; cell += stride) {
          if (work[cell >> 3] !== 0) {
            live++;
          } else if (words[cell] !== 0) {
            refs[count++] = cell;
            flags |= layoutFlags[words[cell]! & layoutMask]!;
          }
        }
        work.fill(0, first >> 3, (first >> 3) + poolGranules);
        for (let i = before; i < count; i++) work[refs[i]! >> 3] = condemned;
      }
      kept = refs.length <= KEPT_ENTRIES ? refs : kept;
      return { refs, count, live, layoutFlags: flags };
    },

    // Free cells and the granules in between get marks for a while, too: a free cell scans as a leaf.
    absolve() {
      const condemned = CONDEMNED;
      eachPool(TRACKED_POOL, (first) => {
        for (let i = first; i < first + poolGranules; i++) work[i] = work[i] === condemned ? 0 : MARKED;
      });
      fillPools(LEAF_POOL, 0);
    },

    convict() {
      const condemned = CONDEMNED;
      eachPool(TRACKED_POOL, (first) => {
        for (let i = first; i < first + poolGranules; i++) work[i] = work[i] === 0 ? condemned : 0;
      });
    },

    buryLeaves() {
      let buried = 0;
      eachPool(LEAF_POOL, (first, pool) => {
        buried += buryIn(pool);
        work.fill(0, first, first + poolGranules);
      });
      return buried;
    },

    clear() {
      fillPools(TRACKED_POOL, 0);
      fillPools(LEAF_POOL, 0);
    },

    problems() {
      const found: string[] = [];
      const check = (first: number, pool: number): void => {
        const at = work.subarray(first, first + poolGranules).findIndex((byte) => byte !== 0);
        if (at < 0) return;
        found.push(
          `Pool ${pool} has the work byte ${work[first + at]!} at ${first + at}; between collections all are 0.`,
        );
      };
      eachPool(TRACKED_POOL, check);
      eachPool(LEAF_POOL, check);
      return found;
    },
  };
}

/** The list with room for more; twice as long at least. */
function longer(refs: Int32Array, entries: number): Int32Array {
  const wanted = Math.max(entries, 2 * refs.length);
  try {
    const larger = new Int32Array(wanted);
    larger.set(refs);
    return larger;
  } catch (cause) {
    throw new HeapwrightError(
      "ERR_OUT_OF_MEMORY",
      `The host has no ${4 * wanted} B for the list of dead objects; nothing was freed.`,
      { cause },
    );
  }
}
