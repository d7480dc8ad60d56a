/**
 * The death pipeline: the end of all that a collector has condemned, in CPython's order, once for all collectors.
 *
 * ```text
 *   condemned ─► legacy finalizers, and what they reach, are taken out        uncollectable: kept in gc.garbage
 *             ─► weak references to the rest are cleared, all of them
 *             ─► callbacks of weak references that are not condemned          user code
 *             ─► finalizers, by address, each at most once in a life          user code
 *             ─► second look: what can be reached again is spared
 *             ─► references to the living are dropped, cells are freed
 *             ─► what had only those references dies by its count             user code
 * ```
 *
 * Most garbage has neither finalizer nor weak references, and goes straight to the last but one step. User code always finds
 * a heap in order: the condemned are held by a count of the pipeline's while it runs, and nothing of them is cleared
 * before all of it is done.
 *
 * Follows `gc_collect_main` of `Modules/gcmodule.c`, CPython 3.11: `move_legacy_finalizers`, `handle_weakrefs`,
 * `finalize_garbage`, `handle_resurrected_objects`, `delete_garbage`, `handle_legacy_garbage`. The last one differs in
 * order only: an object that was kept for its finalizer gets into `gc.garbage` at once.
 */

import { HeapwrightError } from "../errors.js";
import type { Cells } from "./cells.js";
import type { Buffers } from "./buffers.js";
import type { Collector, Deaths } from "./collector.js";
import { BURIED_OBJECTS, FINALIZER_LAYOUTS, TRIGGER_COUNT, WEAK_REFERENCES } from "./control.js";
import type { Counter } from "./counter.js";
import type { Edges } from "./edges.js";
import { EVENT } from "./events.js";
import type { EventSink } from "./collector.js";
import { LAYOUT } from "./heap-image.js";
import type { HeapTables } from "./heap-tables.js";
import type { LastWords } from "./last-words.js";
import { FINALIZED, HAS_WEAKREFS, LAYOUT_MASK, ONE_COUNT, OVERFLOWED, UNTRACKED } from "./object-word.js";
import { STRIDE_MASK } from "./pool-word.js";
import { spareReachable } from "./recount.js";
import { ALL, BUFFER_COUNT, BUFFER_FIRST, ITEMS, OTHER } from "./scan.js";
import type { WeakLists } from "./weak-references.js";
import { CONDEMNED, WORK_SHIFT } from "./work-byte.js";

/** What the pipeline leans on. */
export interface DeathParts {
  readonly tables: HeapTables;
  readonly cells: Cells;
  readonly buffers: Buffers;
  readonly edges: Edges;
  readonly weak: WeakLists;
  readonly lastWords: LastWords;
  readonly events: EventSink;
  /** Made later than the pipeline. */
  counter(): Counter | undefined;
  /** Made later than the pipeline. */
  collector(): Collector;
  /** Forgets the code of an anonymous callback. */
  forgetCode(number: number): void;
  /** Keeps an object alive from outside; false when the memory has no room for that. */
  hold(object: number): boolean;
  /** Ends {@link DeathParts.hold}. */
  letGo(object: number): void;
  /** Puts an object into `gc.garbage`; false when there is no room. */
  keepGarbage(object: number): boolean;
}

/** What is left to do when a collector is done. */
export interface LateDeaths {
  /** Calls the callbacks of weak references that finalizers made to what was about to die. */
  callLate(): void;
}

/** Makes the pipeline of a heap. */
export function createDeaths(parts: DeathParts): Deaths & LateDeaths {
  const { tables, cells, buffers, edges, weak, lastWords, events } = parts;
  const { words, work, control, layoutFlags } = tables;
  const late: number[] = [];
  const SPECIAL = LAYOUT.finalizer | LAYOUT.legacyFinalizer;

  function flagsOf(object: number): number {
    return layoutFlags[words[object]! & LAYOUT_MASK]!;
  }

  /** Leaves share work bytes, but nobody ever condemns one. */
  function isCondemned(object: number): boolean {
    return work[object >> WORK_SHIFT] === CONDEMNED;
  }

  /** Gives cell and buffer back. Its references are dropped, or nobody counts them. */
  function bury(object: number): void {
    const header = words[object]!;
    const flags = layoutFlags[header & LAYOUT_MASK]!;
    if ((flags & (LAYOUT.buffer | LAYOUT.weakReference)) !== 0) buryParts(object, flags);
    if ((header & OVERFLOWED) !== 0) parts.counter()?.forget(object);
    if ((header & UNTRACKED) === 0 && control[TRIGGER_COUNT]! > 0) control[TRIGGER_COUNT]!--;
    control[BURIED_OBJECTS]!++;
    cells.give(object);
  }

  function buryParts(object: number, flags: number): void {
    if ((flags & LAYOUT.buffer) !== 0) {
      buffers.release(object);
      return;
    }
    weak.unlink(object);
    parts.forgetCode(weak.callback(object));
  }

  /** Whether death is more than a matter of bytes for any of the condemned. */
  function anySpecial(refs: Int32Array, count: number): boolean {
    if (control[FINALIZER_LAYOUTS] === 0 && control[WEAK_REFERENCES] === 0) return false;
    for (let index = 0; index < count; index++) {
      const header = words[refs[index]!]!;
      if ((header & HAS_WEAKREFS) !== 0 || (layoutFlags[header & LAYOUT_MASK]! & SPECIAL) !== 0) return true;
    }
    return false;
  }

  /** Its finalizer is still to be called. */
  function hasLastWords(object: number): boolean {
    return (flagsOf(object) & LAYOUT.finalizer) !== 0 && (words[object]! & FINALIZED) === 0;
  }

  /** Whether user code has to run: most weak references have no callback, and clearing them resurrects nobody. */
  function anyUserCode(refs: Int32Array, count: number): boolean {
    for (let index = 0; index < count; index++) {
      const object = refs[index]!;
      if (hasLastWords(object)) return true;
      if ((words[object]! & HAS_WEAKREFS) === 0) continue;
      if (weak.of(object).some((each) => weak.callback(each) !== 0 && !isCondemned(each))) return true;
    }
    return false;
  }

  /** Takes objects with a legacy finalizer, and all that they reach, out of the condemned. Returns the former. */
  function moveLegacyFinalizers(refs: Int32Array, count: number, spared: number): number[] {
    const legacy: number[] = [];
    for (let index = 0; index < count; index++) {
      if ((flagsOf(refs[index]!) & LAYOUT.legacyFinalizer) !== 0) legacy.push(refs[index]!);
    }
    const reached = [...legacy];
    for (const object of legacy) work[object >> WORK_SHIFT] = spared;
    for (let object = reached.pop(); object !== undefined; object = reached.pop()) {
      const { refs: found, length } = edges.of(object);
      for (let edge = 0; edge < length; edge++) {
        const target = found[edge]!;
        if (!isCondemned(target)) continue;
        work[target >> WORK_SHIFT] = spared;
        reached.push(target);
      }
    }
    return legacy;
  }

  /** Moves those that are still condemned to the front. Returns how many. */
  function stillCondemned(refs: Int32Array, count: number): number {
    let kept = 0;
    for (let index = 0; index < count; index++) {
      if (work[refs[index]! >> WORK_SHIFT] === CONDEMNED) refs[kept++] = refs[index]!;
    }
    return kept;
  }

  /** While user code runs nothing of the condemned goes: each is held, and takes its turn whatever others do. */
  function holdAll(refs: Int32Array, count: number, spared: number): void {
    for (let index = 0; index < count; index++) {
      if (parts.hold(refs[index]!)) continue;
      for (let held = 0; held < index; held++) parts.letGo(refs[held]!);
      for (let each = 0; each < count; each++) work[refs[each]! >> WORK_SHIFT] = spared;
      throw new HeapwrightError(
        "ERR_OUT_OF_MEMORY",
        "The memory has no room for the counts of a collection under way.",
      );
    }
  }

  function clearWeakReferences(refs: Int32Array, count: number): number[] {
    const called: number[] = [];
    let cleared = 0;
    for (let index = 0; index < count; index++) {
      const object = refs[index]!;
      if ((words[object]! & HAS_WEAKREFS) === 0) continue;
      cleared += lastWords.clearWeakReferences(object, called, isCondemned);
    }
    events.emit(EVENT.weakReferencesCleared, cleared, called.length);
    return called;
  }

  /** Returns how many are still condemned. */
  function runUserCode(refs: Int32Array, count: number, spared: number): number {
    const counter = parts.counter();
    holdAll(refs, count, spared);
    lastWords.callBack(clearWeakReferences(refs, count));
    let finalized = 0;
    for (let index = 0; index < count; index++) {
      if (hasLastWords(refs[index]!) && lastWords.finalize(refs[index]!)) finalized++;
    }
    events.emit(EVENT.finalized, finalized, 0);

    // Some have lost their last reference meanwhile: these die by their count, here.
    counter?.suspend();
    for (let index = 0; index < count; index++) parts.letGo(refs[index]!);
    counter?.resume();
    const left = stillCondemned(refs, count);
    if (counter) spareReachable(tables, edges, counter, refs, left, spared);
    else parts.collector().recheck?.(refs, left);
    const dead = stillCondemned(refs, left);
    events.emit(EVENT.rechecked, left, left - dead);
    return dead;
  }

  /** Drops each reference to an object that lives on. What dies of it waits. */
  function dropReferences(object: number, counter: Counter): void {
    const code = tables.scan[words[object]! & LAYOUT_MASK]!;
    let word = object + 1;
    let end = word + code;
    if (code < 0) {
      if (code === ITEMS) {
        word = words[object + BUFFER_FIRST]!;
        end = word + words[object + BUFFER_COUNT]!;
      } else if (code === ALL) {
        end = object + (tables.pools[object >> tables.poolShift]! & STRIDE_MASK);
      } else if (code === OTHER) {
        dropOthers(object, counter);
        return;
      }
    }
    for (; word < end; word++) {
      const target = words[word]!;
      if (target > 0 && work[target >> WORK_SHIFT] !== CONDEMNED) {
        const header = (words[target]! - ONE_COUNT) | 0;
        words[target] = header;
        if (header < ONE_COUNT) counter.underflow(target);
      }
    }
  }

  function dropOthers(object: number, counter: Counter): void {
    const { refs, length } = edges.of(object);
    for (let edge = 0; edge < length; edge++) {
      const target = refs[edge]!;
      if (work[target >> WORK_SHIFT] === CONDEMNED) continue;
      words[target] = (words[target]! - ONE_COUNT) | 0;
      if (words[target] < ONE_COUNT) counter.underflow(target);
    }
  }

  /** Returns how many of them were tracked. */
  function buryAll(refs: Int32Array, count: number): number {
    const counter = parts.counter();
    if (counter) {
      counter.suspend();
      for (let index = 0; index < count; index++) dropReferences(refs[index]!, counter);
    }
    // A weak reference that a finalizer made to one of the dead goes with it.
    if (control[WEAK_REFERENCES] !== 0) {
      for (let index = 0; index < count; index++) {
        const object = refs[index]!;
        if ((words[object]! & HAS_WEAKREFS) !== 0) lastWords.clearWeakReferences(object, late, isCondemned);
      }
    }
    let tracked = 0;
    for (let index = 0; index < count; index++) {
      if ((words[refs[index]!]! & UNTRACKED) === 0) tracked++;
      bury(refs[index]!);
    }
    events.emit(EVENT.buried, count, 0);
    counter?.resume();
    return tracked;
  }

  return {
    bury,

    reap(refs, count, spared) {
      if (count === 0) return { collected: 0, uncollectable: 0 };
      let dead = count;
      let legacy: number[] = [];
      if (anySpecial(refs, count)) {
        legacy = moveLegacyFinalizers(refs, count, spared);
        dead = stillCondemned(refs, count);
        if (anyUserCode(refs, dead)) dead = runUserCode(refs, dead, spared);
        else clearWeakReferences(refs, dead);
      }
      const collected = buryAll(refs, dead);
      for (const object of legacy) parts.keepGarbage(object);
      return { collected, uncollectable: legacy.length };
    },

    callLate() {
      lastWords.callBack(late.splice(0));
    },
  };
}
