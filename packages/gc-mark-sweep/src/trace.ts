/**
 * The heart: follows references, in address order.
 *
 * A textbook marker keeps a stack and jumps to wherever the last reference pointed, so that a large heap costs a cache miss
 * an object. This one walks the memory from its lowest pool to its highest, once, and follows the references of each marked
 * cell it comes to. A target *ahead* of the cursor only gets its mark: the cursor will come by. Only targets *behind* it go
 * on a stack, which is emptied before the cursor moves on.
 *
 * ```text
 *   low addresses                    cursor                      high addresses
 *   ... ####### ..# ### #.# ########## | ?  # ? ? #  ? ? #  ? ...       # marked   . unmarked   ? not reached yet
 *              ^                       |          ^
 *              behind: mark and push <-+-> ahead: mark
 * ```
 *
 * The cursor stays where it is while the stack is emptied, and "behind" means behind the *cursor*, not behind the object
 * that was popped. So each marked object is followed exactly once: by the cursor if it got its mark before the cursor
 * passed, else from the stack. When the cursor is through, the marked set is closed, whatever the shape of the graph.
 *
 * On graphs whose references mostly point a little ahead or a little back, which is how programs allocate, memory is read
 * sequentially. On random graphs of a million objects it costs a fifth to two fifths of depth-first marking: half of all
 * targets are only a bit in a table that is 1/32 of the memory. See `bench/trace.bench.ts`.
 *
 * **The stack is of fixed size**, so that a collection needs no memory when there is none. Objects that find it full get
 * the bit PENDING, and a further sweep, from the lowest of them, follows those. Each further sweep was caused by a full
 * stack, whose objects have been followed: with room for one in sixteen there are at most sixteen.
 */

import {
  ALL,
  BUFFER_COUNT,
  BUFFER_FIRST,
  ITEMS,
  KIND_SHIFT,
  LAYOUT_MASK,
  STRIDE_MASK,
  TRACKED_POOL,
  type EdgeBuffer,
  type HeapImage,
} from "@heapwright/core";

import { MARKED, PENDING, markBit } from "./marks.js";

/** Follows references. */
export interface Tracer {
  /**
   * Marks the roots, and everything that can be reached from them or from a cell that was marked before.
   *
   * Throws what the function of a custom layout throws; the marks are good for nothing then.
   */
  trace(roots: EdgeBuffer): void;
  /** Makes the stack long enough for a heap of so many tracked objects. Keeps what it has if the host has no more. */
  prepare(objects: number): void;
}

/** Entries that a stack has at least: 64 KiB. */
const MIN_STACK = 16_384;

/** One entry for so many objects. */
const OBJECTS_PER_ENTRY = 16;

/**
 * Makes a tracer for a heap.
 *
 * @param image - its bytes
 * @param stackEntries - entries of the stack to begin with; any number from 1 up gives the same marks
 */
export function createTracer(image: HeapImage, stackEntries: number = MIN_STACK): Tracer {
  const { work, pools, poolShift } = image;
  let stack = new Int32Array(stackEntries);
  /** The lowest object with the bit PENDING, 0 = none. */
  let lowestPending = 0;

  function markRoots(roots: EdgeBuffer): void {
    const { refs, length } = roots;
    for (let i = 0; i < length; i++) work[refs[i]! >> 3]! |= markBit(refs[i]!);
  }

  /** An object behind the cursor that found the stack full. */
  function postpone(object: number): void {
    work[object >> 3]! |= PENDING;
    if (lowestPending === 0 || object < lowestPending) lowestPending = object;
  }

  /**
   * Walks the tracked cells from a pool on, and follows those that have one of the bits `wanted`.
   *
   * @param ahead - bits that a target ahead gets besides its mark, so that the cursor knows it
   */
  function sweep(firstPool: number, wanted: number, ahead: number): void {
    const poolsEnd = image.poolsEnd();
    for (let pool = firstPool; pool < poolsEnd; pool++) {
      const poolWord = pools[pool]!;
      if (poolWord >> KIND_SHIFT === TRACKED_POOL) sweepPool(pool, poolWord & STRIDE_MASK, wanted, ahead);
    }
  }

  // A function of its own: one that is called often is compiled as a whole, and better than one that loops for long.
  function sweepPool(pool: number, stride: number, wanted: number, ahead: number): void {
    // Copies, since what a function has for itself is a fifth faster than what it captures or imports.
    const { words, work, pools, poolShift, scan } = image;
    const waiting = stack;
    const stackLength = stack.length;
    const layoutMask = LAYOUT_MASK;
    const kindShift = KIND_SHIFT;
    const trackedPool = TRACKED_POOL;
    const items = ITEMS;
    const all = ALL;
    const strideMask = STRIDE_MASK;
    const bufferFirst = BUFFER_FIRST;
    const bufferCount = BUFFER_COUNT;
    const last = ((pool + 1) << poolShift) - stride;
    let top = 0;

    for (let cursor = pool << poolShift; cursor <= last; cursor += stride) {
      if ((work[cursor >> 3]! & wanted) === 0) continue;
      if (ahead !== 0) work[cursor >> 3]! &= ~PENDING;

      for (let object = cursor; ; object = waiting[--top]!) {
        const code = scan[words[object]! & layoutMask]!;
        let from = object + 1;
        let to = from;
        if (code >= 0) {
          to += code;
        } else if (code === items) {
          from = words[object + bufferFirst]!;
          to = from + words[object + bufferCount]!;
        } else if (code === all) {
          to = object + (pools[object >> poolShift]! & strideMask);
        } else {
          top = followEdges(image.edgesOf(object), cursor, ahead, top);
        }

        for (let i = from; i < to; i++) {
          const target = words[i]!;
          if (target <= 0) continue; // null, or an immediate
          const marks = work[target >> 3]!;
          const bit = 1 + ((target >> 2) & 1);
          if ((marks & bit) !== 0) continue;
          if (target > cursor) {
            work[target >> 3] = marks | bit | ahead;
            continue;
          }
          work[target >> 3] = marks | bit;
          if (pools[target >> poolShift]! >> kindShift !== trackedPool) continue; // a leaf
          if (top < stackLength) waiting[top++] = target;
          else postpone(target);
        }
        if (top === 0) break;
      }
    }
  }

  /** The inner loop of {@link sweepPool} for layouts whose references are gathered first. Returns the new top of the stack. */
  function followEdges(edges: EdgeBuffer, cursor: number, ahead: number, top: number): number {
    const { refs, length } = edges;
    for (let i = 0; i < length; i++) {
      const target = refs[i]!;
      const bit = markBit(target);
      if ((work[target >> 3]! & bit) !== 0) continue;
      work[target >> 3]! |= target > cursor ? bit | ahead : bit;
      if (target > cursor || pools[target >> poolShift]! >> KIND_SHIFT !== TRACKED_POOL) continue;
      if (top < stack.length) stack[top++] = target;
      else postpone(target);
    }
    return top;
  }

  return {
    trace(roots) {
      markRoots(roots);
      lowestPending = 0;
      sweep(image.poolsStart(), MARKED, 0);
      while (lowestPending !== 0) {
        const firstPool = lowestPending >> poolShift;
        lowestPending = 0;
        sweep(firstPool, PENDING, PENDING);
      }
    },

    prepare(objects) {
      const wanted = Math.ceil(objects / OBJECTS_PER_ENTRY);
      if (wanted <= stack.length) return;
      try {
        stack = new Int32Array(wanted);
      } catch {
        // The host has no room: the shorter stack costs further sweeps, and nothing else.
      }
    },
  };
}
