/**
 * Dropping: the references of a dying object are given up, and whatever that leaves without any dies next.
 *
 * This is the loop that decides what a death costs. It switches on the scan code of the layout and has no call for an
 * edge, only for an object that dies of it. Null and immediates are no references: both are below 1.
 *
 * The order follows CPython's deallocators. Those of lists and tuples go from the last item to the first, those of
 * instances and dicts from the first to the last. What is dropped last is on top of the waiting stack and dies first,
 * so each is walked the other way round.
 *
 * ```text
 *   dying     [ header | a | b | c ]     words 3, 2, 1        stack: c b a      a dies, then all that a held, then b
 *   list      items [ a | b | c ]        items 0, 1, 2        stack: a b c      c dies, then all that c held, then b
 * ```
 *
 * CPython lets `a` die before it drops `b`; here all are dropped first, since between the first and the last the object
 * would be neither alive nor dead and finalizers could see it. On trees the order is the same. An object that several
 * of the dying share dies with the last of them, in CPython possibly after an object that follows.
 */

import type { CounterContext } from "@heapwright/core";

import {
  ALL,
  BUFFER_COUNT,
  BUFFER_FIRST,
  COUNT_AND_WEAKREFS,
  ENTRIES,
  HAS_WEAKREFS,
  ITEMS,
  LAYOUT_MASK,
  LEAF,
  LEAF_OR_SPEAKS,
  ONE_COUNT,
  SPEAKS,
  STRIDE_MASK,
  WHOLE_COUNT,
} from "./bits.js";
import type { SpilledCounts } from "./spilled-counts.js";
import type { WaitingStack } from "./waiting-stack.js";

/** Gives up references. */
export interface Dropping {
  /** Whether an object has a count of 1 and nothing to say: no finalizer, and it is in no weak reference and is none. */
  isSilent(header: number): boolean;
  /** Gives up all references of an object. No user code runs, except for a custom layout's `edges`. */
  dropReferences(object: number): void;
  /** Takes over the last reference to an object: it waits. A leaf without last words would be missed by nobody, and is buried. */
  takeOver(object: number): void;
}

/** Makes the loop for a heap. */
export function createDropping(
  { image, bury }: CounterContext,
  counts: SpilledCounts,
  waiting: WaitingStack,
): Dropping {
  const { words, scan, layoutFlags, pools, poolShift } = image;

  function takeOver(object: number): void {
    const header = words[object]!;
    const flags = layoutFlags[header & LAYOUT_MASK]! & LEAF_OR_SPEAKS;
    if (flags === LEAF && (header & HAS_WEAKREFS) === 0) bury(object);
    else waiting.push(object);
  }

  function dropReferences(object: number): void {
    const layout = words[object]! & LAYOUT_MASK;
    const code = scan[layout]!;
    let from = words;
    let word: number;
    let end: number;
    let step = -1;
    if (code >= 0) {
      word = object + code;
      end = object;
    } else if (code === ITEMS) {
      const first = words[object + BUFFER_FIRST]!;
      const count = words[object + BUFFER_COUNT]!;
      const isEntries = (layoutFlags[layout]! & ENTRIES) !== 0;
      word = isEntries ? first + count - 1 : first;
      end = isEntries ? first - 1 : first + count;
      step = isEntries ? -1 : 1;
    } else if (code === ALL) {
      word = object + 1;
      end = object + (pools[object >> poolShift]! & STRIDE_MASK);
      step = 1;
    } else {
      const edges = image.edgesOf(object);
      from = edges.refs;
      word = edges.length - 1;
      end = -1;
    }
    for (; word !== end; word += step) {
      const ref = from[word]!;
      if (ref <= 0) continue;
      const header = words[ref]!;
      if ((header & WHOLE_COUNT) === ONE_COUNT) {
        // The count of 1 stays as it is: it is the counter's own from now on.
        takeOver(ref);
        continue;
      }
      const dropped = (header - ONE_COUNT) | 0;
      words[ref] = dropped;
      if (dropped < ONE_COUNT) counts.refill(ref);
    }
  }

  return {
    isSilent: (header) =>
      (header & COUNT_AND_WEAKREFS) === ONE_COUNT && (layoutFlags[header & LAYOUT_MASK]! & SPEAKS) === 0,
    dropReferences,
    takeOver,
  };
}
