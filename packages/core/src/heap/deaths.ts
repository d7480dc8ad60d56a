/**
 * The death pipeline: the end of all that a collector has condemned, in CPython's order, once for all collectors.
 *
 * ```text
 *   condemned ─► legacy finalizers, and what they reach, are taken out
 *             ─► weak references to the rest are cleared, all of them
 *             ─► callbacks of weak references that are not condemned          user code
 *             ─► finalizers, by address, each at most once in a life          user code
 *             ─► second look: what can be reached again is spared
 *             ─► references to the living are dropped, cells are freed
 *             ─► what had only those references dies by its count             user code
 *             ─► what was taken out lives on, uncollectable                   kept in gc.garbage
 *
 *   collector done ─► callbacks of weak references that finalizers made       user code
 * ```
 *
 * Most garbage has neither finalizer nor weak references, and goes straight to where cells are freed. User code always finds
 * a heap in order: the pipeline frees nothing before the second look is over. What user code does to them takes effect
 * at once: an object whose last reference it drops dies by its count there and then, and is none of the pipeline's any
 * more. Its work byte tells: it is an age from then on, whoever has the cell.
 *
 * Follows `gc_collect_main` of `Modules/gcmodule.c`, CPython 3.11: `move_legacy_finalizers`, `handle_weakrefs`,
 * `finalize_garbage`, `handle_resurrected_objects`, `delete_garbage`, `handle_legacy_garbage`.
 */

import { HeapwrightError } from "../errors.js";
import type { Burial } from "./burial.js";
import type { Collector, Deaths, EventSink, Reaped } from "./collector.js";
import { FINALIZER_LAYOUTS, WEAK_REFERENCES } from "./control.js";
import type { Counter } from "./counter.js";
import type { Edges } from "./edges.js";
import { EVENT } from "./events.js";
import type { Garbage } from "./garbage.js";
import { LAYOUT } from "./heap-image.js";
import type { HeapTables } from "./heap-tables.js";
import type { Keeper } from "./keeper.js";
import type { LastWords } from "./last-words.js";
import { FINALIZED, HAS_WEAKREFS, LAYOUT_MASK, UNTRACKED } from "./object-word.js";
import { spareReachable } from "./recount.js";
import type { WeakLists } from "./weak-lists.js";
import { CONDEMNED, WORK_SHIFT } from "./work-byte.js";

/** What the pipeline leans on. */
export interface DeathParts {
  readonly tables: HeapTables;
  readonly edges: Edges;
  readonly weak: WeakLists;
  readonly burial: Burial;
  readonly lastWords: LastWords;
  readonly events: EventSink;
  readonly keeper: Keeper;
  readonly garbage: Garbage;
  /** Made later than the pipeline. */
  counter(): Counter | undefined;
  /** Made later than the pipeline. */
  collector(): Collector;
}

/** What is left to do when a collector is done. */
export interface LateDeaths {
  /** Calls the callbacks of weak references that finalizers made to what was about to die. */
  callLate(): void;
}

/**
 * The work byte of an object that was taken out of the condemned for a legacy finalizer's sake, until the end of the
 * pipeline, where counts are kept: it may die by its count before.
 */
const SET_ASIDE = 254;

/** Makes the pipeline of a heap. */
export function createDeaths(parts: DeathParts): Deaths & LateDeaths {
  const { tables, edges, weak, burial, lastWords, events, keeper, garbage } = parts;
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

  /** Takes objects with a legacy finalizer, and all that they reach, out of the condemned. Returns them, the former first. */
  function moveLegacyFinalizers(refs: Int32Array, count: number, age: number): number[] {
    const moved: number[] = [];
    for (let index = 0; index < count; index++) {
      if ((flagsOf(refs[index]!) & LAYOUT.legacyFinalizer) !== 0) moved.push(refs[index]!);
    }
    for (const object of moved) work[object >> WORK_SHIFT] = age;
    // It grows on the way.
    for (const object of moved) {
      const { refs: found, length } = edges.of(object);
      for (let edge = 0; edge < length; edge++) {
        const target = found[edge]!;
        if (!isCondemned(target)) continue;
        work[target >> WORK_SHIFT] = age;
        moved.push(target);
      }
    }
    return moved;
  }

  /** Moves those that are still condemned to the front. Returns how many. */
  function stillCondemned(refs: Int32Array, count: number): number {
    let kept = 0;
    for (let index = 0; index < count; index++) {
      if (work[refs[index]! >> WORK_SHIFT] === CONDEMNED) refs[kept++] = refs[index]!;
    }
    return kept;
  }

  /** Calls a finalizer. The object is held meanwhile, and may die of its count as soon as it is not any more. */
  function finalize(object: number): void {
    if (!keeper.hold(object)) {
      throw new HeapwrightError(
        "ERR_OUT_OF_MEMORY",
        "The memory has no room for the count of an object that is to be finalized.",
      );
    }
    lastWords.finalize(object);
    keeper.letGo(object);
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

  /** Returns how many are still condemned, and how many weak references ended with their callbacks. */
  function runUserCode(refs: Int32Array, count: number, spared: number): { dead: number; ended: number } {
    const ended = lastWords.callBack(clearWeakReferences(refs, count));
    let finalized = 0;
    for (let index = 0; index < count; index++) {
      const object = refs[index]!;
      if (!isCondemned(object) || !hasLastWords(object)) continue;
      finalize(object);
      finalized++;
    }
    events.emit(EVENT.finalized, finalized, 0);

    const left = stillCondemned(refs, count);
    const counter = parts.counter();
    if (counter) spareReachable(tables, edges, counter, refs, left, spared);
    else parts.collector().recheck?.(refs, left);
    const dead = stillCondemned(refs, left);
    events.emit(EVENT.rechecked, left, left - dead);
    return { dead, ended };
  }

  /** Returns how many of them were tracked. */
  function buryAll(refs: Int32Array, count: number): number {
    // A weak reference that a finalizer made to one of the dead goes with it.
    if (control[WEAK_REFERENCES] !== 0) {
      for (let index = 0; index < count; index++) {
        const object = refs[index]!;
        if ((words[object]! & HAS_WEAKREFS) !== 0) lastWords.clearWeakReferences(object, late, isCondemned);
      }
    }
    const counter = parts.counter();
    counter?.suspend();
    const tracked = burial.buryAll(refs, count);
    events.emit(EVENT.buried, count, 0);
    counter?.resume();
    return tracked;
  }

  /** Those that were set aside live on. Returns how many: the legacy objects, and what else the collector looks at. */
  function keepLegacy(moved: readonly number[], setAside: number, spared: number): number {
    let kept = 0;
    for (const object of moved) {
      // The garbage was all that kept it alive.
      if (work[object >> WORK_SHIFT] !== setAside) continue;
      work[object >> WORK_SHIFT] = spared;
      const isLegacy = (flagsOf(object) & LAYOUT.legacyFinalizer) !== 0;
      if (isLegacy) garbage.keep(object);
      if (isLegacy || (words[object]! & UNTRACKED) === 0) kept++;
    }
    return kept;
  }

  function reap(refs: Int32Array, count: number, spared: number): Reaped {
    if (!anySpecial(refs, count)) return { collected: buryAll(refs, count), uncollectable: 0 };
    // Without counts nothing dies before its time, and a collector that scans looks at the ages.
    const setAside = parts.counter() ? SET_ASIDE : spared;
    const moved = moveLegacyFinalizers(refs, count, setAside);
    let dead = stillCondemned(refs, count);
    let ended = 0;
    try {
      if (anyUserCode(refs, dead)) ({ dead, ended } = runUserCode(refs, dead, spared));
      else clearWeakReferences(refs, dead);
    } catch (error) {
      for (const object of moved) work[object >> WORK_SHIFT] = spared;
      for (let index = 0; index < dead; index++) {
        if (isCondemned(refs[index]!)) work[refs[index]! >> WORK_SHIFT] = spared;
      }
      throw error;
    }
    const collected = buryAll(refs, dead) + ended;
    return { collected, uncollectable: keepLegacy(moved, setAside, spared) };
  }

  return {
    bury: burial.bury,
    reap: (refs, count, spared) =>
      count === 0 ? { collected: 0, uncollectable: 0 } : reap(refs, count, spared),

    callLate() {
      lastWords.callBack(late.splice(0));
    },
  };
}
