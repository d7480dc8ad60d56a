/**
 * The second look: which of the condemned can be reached again after user code ran. CPython: `handle_resurrected_objects`,
 * a second trial deletion, over the condemned alone.
 *
 * The counts themselves serve as scratch: each reference from one condemned object to another is taken from the count of
 * its target, what is left came from outside, and then all are put back. The field wraps modulo 2^14 on the way, which
 * undoes itself, and flags are below the count and stay as they are.
 */

import type { Counter } from "./counter.js";
import type { Edges } from "./edges.js";
import type { HeapTables } from "./heap-tables.js";
import { COUNT_SHIFT, IMMORTAL, ONE_COUNT, OVERFLOWED } from "./object-word.js";
import { CONDEMNED, WORK_SHIFT } from "./work-byte.js";

/**
 * Spares every condemned object that is referred to from outside, and what it reaches: sets their work bytes to an age.
 *
 * @param refs - objects, all condemned and alive
 * @param count - how many of its elements
 * @param spared - the age
 */
export function spareReachable(
  tables: HeapTables,
  edges: Edges,
  counter: Counter,
  refs: Int32Array,
  count: number,
  spared: number,
): void {
  const { words, work } = tables;

  function addInside(by: number): void {
    for (let index = 0; index < count; index++) {
      const { refs: found, length } = edges.of(refs[index]!);
      for (let edge = 0; edge < length; edge++) {
        const target = found[edge]!;
        if (work[target >> WORK_SHIFT] === CONDEMNED) words[target] = (words[target]! + by) | 0;
      }
    }
  }

  /** References from inside, counted one by one: for counts that do not fit into the field. */
  function countInside(object: number): number {
    let inside = 0;
    for (let index = 0; index < count; index++) {
      const { refs: found, length } = edges.of(refs[index]!);
      for (let edge = 0; edge < length; edge++) if (found[edge] === object) inside++;
    }
    return inside;
  }

  const reached: number[] = [];
  const unsure: number[] = [];
  addInside(-ONE_COUNT);
  for (let index = 0; index < count; index++) {
    const object = refs[index]!;
    const header = words[object]!;
    if ((header & (OVERFLOWED | IMMORTAL)) !== 0) unsure.push(object);
    else if (header >>> COUNT_SHIFT !== 0) reached.push(object);
  }
  addInside(ONE_COUNT);
  for (const object of unsure) {
    if ((words[object]! & IMMORTAL) !== 0 || counter.count(object) !== countInside(object))
      reached.push(object);
  }

  for (const object of reached) work[object >> WORK_SHIFT] = spared;
  for (let object = reached.pop(); object !== undefined; object = reached.pop()) {
    const { refs: found, length } = edges.of(object);
    for (let edge = 0; edge < length; edge++) {
      const target = found[edge]!;
      if (work[target >> WORK_SHIFT] !== CONDEMNED) continue;
      work[target >> WORK_SHIFT] = spared;
      reached.push(target);
    }
  }
}
