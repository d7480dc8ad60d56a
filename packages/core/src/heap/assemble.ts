/**
 * The wiring of a heap: which part leans on which. One heap, one closure.
 */

import type { BlockAllocator, PoolSource } from "../allocator.js";
import { DISPOSE } from "../disposable.js";
import { HeapwrightError } from "../errors.js";
import { assertAttached } from "../memory-source.js";
import type { Memory } from "../memory.js";
import { showValue } from "../show-value.js";
import { createBurial } from "./burial.js";
import { createBuffers } from "./buffers.js";
import { createCells } from "./cells.js";
import { createCode, type CodeTable } from "./code.js";
import type { Collector } from "./collector.js";
import { COLLECTOR_WORDS, COLLECTOR_WORDS_START, SCOPES, SPARE_ROOTS, SPARE_ROOT_WORDS } from "./control.js";
import type { Counter } from "./counter.js";
import type { HeapPlugins } from "./create-heap.js";
import { createCreator } from "./creator.js";
import { createDeaths } from "./deaths.js";
import { createDebugChecks } from "./debug-heap.js";
import { writeDirectory, type DirectoryContent } from "./directory.js";
import { createEdgeBuffer } from "./edge-buffer.js";
import { createEdges } from "./edges.js";
import { createGarbage } from "./garbage.js";
import { createEvents, EVENT } from "./events.js";
import { createGc } from "./gc.js";
import type { Heap, WeakOptions } from "./heap.js";
import type { HeapImage } from "./heap-image.js";
import { heapStats } from "./heap-stats.js";
import type { HeapTables } from "./heap-tables.js";
import { heapProblems } from "./heap-verify.js";
import { createItems } from "./items.js";
import { createLastWords } from "./last-words.js";
import { createLayouts, WEAK_REFERENCE, type Layout, type Layouts } from "./layouts.js";
import { decref, getSlot, incref, mutatorState, setSlot, type MutatorState } from "./mutator.js";
import type { HeapPlan } from "./negotiate.js";
import { FINALIZED, IMMORTAL, LAYOUT_MASK, UNTRACKED } from "./object-word.js";
import { replaceMember } from "./replace-member.js";
import { openRefTable } from "./ref-table.js";
import type { Owned, Ptr } from "./reference.js";
import { releaseHeap } from "./release-heap.js";
import { createRoots, type HeldRoots, type Pin } from "./roots.js";
import { RUN } from "./run.js";
import { createScopes, type Scope, type Scopes } from "./scope.js";
import { createUserCode, type UnraisableHook } from "./user-code.js";
import { createWeakLists, WEAK_REFERENCE_SPEC } from "./weak-references.js";
import { LAYOUT } from "./heap-image.js";
import { KIND_SHIFT, LEAF_POOL } from "./pool-word.js";
import { POOLS_END, POOLS_START } from "./control.js";

/** What a heap is made of. */
export interface HeapParts {
  readonly plugins: HeapPlugins;
  readonly plan: HeapPlan;
  readonly memory: Memory;
  /** The memory was made for the heap, and ends with it. */
  readonly owned: boolean;
  readonly allocator: BlockAllocator;
  readonly supply: PoolSource;
  readonly tables: HeapTables;
  /** What the bytes know already, when the heap is attached. */
  readonly known: DirectoryContent | undefined;
  readonly code: CodeTable;
  readonly unraisable: UnraisableHook;
  readonly debug: boolean;
}

/** Puts a heap together. */
export function assembleHeap(parts: HeapParts): Heap {
  const { plugins, plan, memory, allocator, tables, known } = parts;
  const { words, control, layoutFlags, pools, poolShift } = tables;
  let gone: "disposed" | "detached" | undefined;

  // ---- the bytes --------------------------------------------------------------------------------------------------

  const cells = createCells(tables, parts.supply);
  const buffers = createBuffers(tables, allocator);
  const code = createCode(control, parts.code, known?.code ?? [], saveDirectory);
  const layouts: Layouts = createLayouts(tables, cells.maxWords, code, known?.layouts ?? [], saveDirectory);
  const edges = createEdges(tables, layouts.entries, () => image);
  const weak = createWeakLists(memory, tables);
  const image: HeapImage = {
    memory,
    words,
    work: tables.work,
    pools,
    poolShift,
    births: tables.births,
    scan: tables.scan,
    layoutFlags,
    poolsStart: () => control[POOLS_START]!,
    poolsEnd: () => control[POOLS_END]!,
    edgesOf: edges.of,
  };

  function saveDirectory(): void {
    writeDirectory(tables, {
      allocator: plugins.allocator.name,
      collector: plugins.collector.name,
      counter: plugins.counter?.name ?? null,
      layouts: layouts.specs(),
      code: code.names,
    });
  }

  // ---- deaths -----------------------------------------------------------------------------------------------------

  const userCode = createUserCode(control, parts.unraisable, (depth) => {
    scopes.closeAbove(depth);
  });
  const events = createEvents(tables, userCode);
  const garbage = createGarbage(tables, hold, letGo);

  /** Counts are held from outside while user code runs; where there are none, nothing goes before the second look. */
  function hold(object: number): boolean {
    if (!counter) return true;
    try {
      roots.retain(object, 1);
      return true;
    } catch (error) {
      if (HeapwrightError.is(error, "ERR_OUT_OF_MEMORY")) return false;
      throw error;
    }
  }

  function letGo(object: number): void {
    if (!counter) return;
    tables.retained[0]!--;
    decref(mutator, object);
  }

  const lastWords = createLastWords({
    tables,
    layouts,
    code,
    weak,
    userCode,
    counter: () => counter,
    hold,
    letGo,
    heap: () => heap,
  });
  const burial = createBurial({
    tables,
    cells,
    edges,
    weak,
    allocator,
    counter: () => counter,
    forgetCode: code.forget,
  });
  const deaths = createDeaths({
    tables,
    edges,
    weak,
    burial,
    lastWords,
    events,
    counter: () => counter,
    collector: () => collector,
    hold,
    letGo,
    keepGarbage: garbage.keep,
  });

  // ---- counts, roots and the collector ----------------------------------------------------------------------------

  const counter: Counter | undefined = plugins.counter?.create({
    image,
    tables: { open: (name) => openRefTable(memory, control, RUN.counter + name) },
    attached: known !== undefined,
    mayDie: lastWords.mayDie,
    bury: deaths.bury,
  });
  const roots: HeldRoots = createRoots(tables, counter);
  const { gc, trigger, tripped } = createGc({
    tables,
    events,
    garbage,
    collector: () => collector,
    isTracked,
    assertObject,
    liveObjects: cells.liveCells,
    callLate: deaths.callLate,
  });
  const collector: Collector = plugins.collector.create({
    image,
    counter,
    roots: {
      gather(into) {
        roots.gather(into);
        garbage.gather(into);
      },
    },
    deaths,
    trigger,
    events,
    words: control.subarray(COLLECTOR_WORDS_START, COLLECTOR_WORDS_START + COLLECTOR_WORDS),
    attached: known !== undefined,
    collect: gc.collect,
    createEdgeBuffer,
  });
  const mutator = mutatorState(tables, plan, { counter, collector });

  // ---- allocation -------------------------------------------------------------------------------------------------

  function outOfMemory(bytes: number): HeapwrightError {
    return new HeapwrightError(
      "ERR_OUT_OF_MEMORY",
      `The heap of ${memory.maxBytes} B has no room for ${bytes} B more, even after a collection. Let go of objects, or make it with a larger maxBytes.`,
    );
  }

  /** One emergency collection; false while another collection is under way. */
  function collectInEmergency(bytes: number): boolean {
    if (gc.isCollecting()) return false;
    events.emit(EVENT.emergency, bytes, 0);
    gc.collect();
    cells.trim();
    return true;
  }

  let spareRoots = 0;

  /** Runs a function with what a call works on kept alive, whatever is collected meanwhile. */
  function holding<T>(operands: readonly number[], run: () => T): T {
    const base = spareRoots;
    try {
      for (const value of operands) {
        incref(mutator, value);
        if (spareRoots < SPARE_ROOT_WORDS) control[SPARE_ROOTS + spareRoots] = value;
        spareRoots++;
      }
      return run();
    } finally {
      while (spareRoots > base) {
        spareRoots--;
        if (spareRoots < SPARE_ROOT_WORDS) control[SPARE_ROOTS + spareRoots] = 0;
        // May run user code, which may need room in its turn: its spare roots lie above.
        decref(mutator, operands[spareRoots - base]!);
      }
    }
  }

  /** Tries, and once more after an emergency collection. Null: there was no room. */
  function withRoom<T>(bytes: number, operands: readonly number[], attempt: () => T | null): T {
    const first = attempt();
    if (first !== null) return first;
    const again = (): T | null => (collectInEmergency(bytes) ? attempt() : null);
    const second = gc.isCollecting() ? null : holding(operands, again);
    if (second !== null) return second;
    throw outOfMemory(bytes);
  }

  const create = createCreator({
    tables,
    cells,
    plan,
    layouts,
    tripped,
    collectInEmergency,
    outOfMemory,
  });

  const scopes: Scopes = createScopes({
    control,
    roots,
    create,
    incref: (value) => {
      incref(mutator, value);
    },
    decref: (value) => {
      decref(mutator, value);
    },
    assertUsable,
    isGone: () => gone !== undefined,
    check(value) {
      debug?.value(value);
    },
    collectAndCount(value) {
      withRoom(4, [value], () => {
        if (!roots.makeRoom()) return null;
        incref(mutator, value);
        return true;
      });
    },
  });

  const debug = parts.debug ? createDebugChecks({ tables, cells, layouts, assertObject }) : undefined;

  // ---- questions --------------------------------------------------------------------------------------------------

  function assertUsable(): void {
    if (gone !== undefined) throw new HeapwrightError("ERR_DISPOSED", `This heap was ${gone}.`);
    assertAttached(memory.buffer);
  }

  function assertObject(object: Ptr): void {
    assertUsable();
    if (cells.isObject(object)) return;
    throw new HeapwrightError("ERR_BAD_REFERENCE", `${showValue(object)} is no live object of this heap.`);
  }

  function isTracked(object: Ptr): boolean {
    return (words[object]! & UNTRACKED) === 0 && pools[object >> poolShift]! >> KIND_SHIFT !== LEAF_POOL;
  }

  /** A pin owns a count. */
  function countPinned(pin: Pin, object: number): void {
    try {
      incref(mutator, object);
    } catch (error) {
      roots.unpin(pin);
      throw error;
    }
  }

  function checkTimes(times: number): void {
    if (Number.isInteger(times) && times >= 1 && times < 2 ** 31) return;
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `An object is held a whole number of times, 1 or more, not ${showValue(times)}.`,
    );
  }

  // ---- weak references --------------------------------------------------------------------------------------------

  function createWeak(scope: Scope, target: Ptr, options: WeakOptions = {}): Owned {
    assertObject(target);
    const { callback, bound = 0 as Ptr } = options;
    if (bound > 0) assertObject(bound);
    if (callback === undefined && bound === 0) {
      const shared = weak.shared(target);
      if (shared !== 0) return scope.own(shared as Ptr);
    }
    if (callback !== undefined && typeof callback !== "string" && typeof callback !== "function") {
      throw new HeapwrightError(
        "ERR_BAD_OPTION",
        `A callback is a function or the name of code, not ${showValue(callback)}.`,
      );
    }
    scope.own(0 as Ptr); // refuses unless it is the innermost one, which the new object escapes to
    // Making one may collect: target and bound object are borrowed, perhaps.
    const own = heap.enter();
    try {
      own.own(target);
      own.own(bound);
      const made = own.create(WEAK_REFERENCE);
      const number = typeof callback === "string" ? code.numberOf(callback, "A weak reference") : 0;
      const codeNumber = typeof callback === "function" ? code.numberOfAnonymous(callback) : number;
      withRoom(8, [], () => orNull(() => (weak.link(made, target, codeNumber), true)));
      if (bound !== 0) heap.set(made, 0, bound);
      return own.escape(made);
    } finally {
      own.dispose();
    }
  }

  // ---- the heap ---------------------------------------------------------------------------------------------------

  function end(how: "disposed" | "detached"): void {
    gone = how;
    // What hot calls show afterwards may soon be somebody else's: nobody gets there through the heap any more.
    const refuse = (): never => {
      throw new HeapwrightError("ERR_DISPOSED", `This heap was ${how}.`);
    };
    for (const calls of [heap, gc, heap.weak, items, events]) {
      for (const [name, member] of Object.entries(calls)) {
        if (typeof member === "function" && !KEPT_AFTER_END.has(name)) replaceMember(calls, name, refuse);
      }
    }
  }

  function dispose(): void {
    if (gone !== undefined) return;
    userCode.assertNone("dispose()");
    end("disposed");
    collector.dispose?.();
    counter?.dispose();
    if (parts.owned) {
      allocator.dispose();
      memory.dispose();
      return;
    }
    if (memory.useOf(memory.heapWords[1]! >>> 0) === 0) return;
    releaseHeap(tables);
    allocator.dispose();
  }

  const items = createItems({ tables, mutator, buffers, counter, withRoom });

  const heap: Heap & MutatorState = {
    memory,
    plan,
    image,
    words,
    gc,
    items,
    events,
    // Written out, not spread: V8 gives an object literal a fast shape, which all heaps share.
    low: mutator.low,
    rare: mutator.rare,
    get: getSlot,
    set: setSlot,
    weak: {
      create: createWeak,
      target(ref) {
        assertWeak(ref);
        return weak.target(ref) as Ptr;
      },
      refs(target) {
        assertObject(target);
        return weak.of(target) as Ptr[];
      },
    },

    layout(spec) {
      assertUsable();
      return layouts.define(spec);
    },
    layoutNamed: (name) => layouts.named(name),
    layoutOf(object) {
      assertObject(object);
      return (words[object]! & LAYOUT_MASK) as Layout;
    },
    specOf(layout) {
      const entry = layouts.entries[layout];
      if (entry) return entry.spec;
      throw new HeapwrightError("ERR_BAD_LAYOUT", `This heap has no layout ${showValue(layout)}.`);
    },

    scope(run) {
      const scope = scopes.enter();
      const depth = control[SCOPES]!;
      try {
        const result = run(scope);
        if (isThenable(result)) {
          throw new HeapwrightError(
            "ERR_ASYNC_SCOPE",
            "The function of a scope returned a promise: the scope is closed when it returns, before the promise is done. Await outside, or pin what has to live longer.",
          );
        }
        scope.dispose();
        return result;
      } catch (error) {
        // Scopes that the function left open go with it.
        if (gone === undefined) scopes.closeAbove(depth - 1);
        throw error;
      }
    },
    enter: scopes.enter,

    pin(object) {
      assertObject(object);
      return withRoom(8, [object], () => {
        const pin = roots.pin(object);
        if (pin !== 0) countPinned(pin, object);
        return pin || null;
      });
    },
    deref(pin) {
      assertUsable();
      return roots.deref(pin) as Owned;
    },
    unpin(pin: Pin) {
      assertUsable();
      decref(mutator, roots.unpin(pin));
    },

    retain(object, times = 1) {
      assertObject(object);
      checkTimes(times);
      withRoom(8, [object], () => orNull(() => (roots.retain(object, times), true)));
    },
    release(object, times = 1) {
      assertObject(object);
      checkTimes(times);
      const isImmortal = (words[object]! & IMMORTAL) !== 0;
      // Of an immortal object no count is known.
      const most = counter && !isImmortal ? counter.count(object) : Infinity;
      const held = counter
        ? Math.min(tables.retained[0]!, most)
        : roots.retained.get(object) - (isImmortal ? 1 : 0);
      if (held < times) {
        throw new HeapwrightError(
          "ERR_NOT_HELD",
          `Object ${object} is held ${held} times from outside, not ${times}.`,
        );
      }
      if (!counter) {
        roots.retain(object, -times);
        return;
      }
      if (times > 1) roots.retain(object, 1 - times);
      letGo(object);
    },
    count(object) {
      assertObject(object);
      return counter?.count(object);
    },
    immortalize(object) {
      assertObject(object);
      if ((words[object]! & IMMORTAL) !== 0) return;
      if (counter) {
        counter.immortalize(object);
        return;
      }
      roots.retain(object, 1);
      words[object]! |= IMMORTAL;
    },

    isTracked(object) {
      assertObject(object);
      return isTracked(object);
    },
    track(object) {
      assertObject(object);
      const isLeaf = (layoutFlags[words[object]! & LAYOUT_MASK]! & LAYOUT.leaf) !== 0;
      if (isLeaf)
        throw new HeapwrightError(
          "ERR_BAD_REFERENCE",
          `Object ${object} is a leaf: there is nothing to track.`,
        );
      if (isTracked(object)) return;
      words[object]! &= ~UNTRACKED;
      create.born(object);
    },
    untrack(object) {
      assertObject(object);
      words[object]! |= UNTRACKED;
      if (pools[object >> poolShift]! >> KIND_SHIFT !== LEAF_POOL) tables.work[object >> 3] = 0;
    },
    isFinalized(object) {
      assertObject(object);
      return (words[object]! & FINALIZED) !== 0;
    },
    isObject: (value) => gone === undefined && cells.isObject(value),

    objects() {
      assertUsable();
      return cells.objects() as Iterable<Ptr>;
    },
    referentsOf(object) {
      assertObject(object);
      const { refs, length } = edges.of(object);
      return [...refs.subarray(0, length)] as Ptr[];
    },

    stats() {
      assertUsable();
      return heapStats(tables, cells, allocator);
    },
    verify() {
      assertUsable();
      memory.verify();
      allocator.verify();
      const found = heapProblems({
        tables,
        cells,
        edges,
        layouts,
        roots,
        weak,
        counter,
        collector,
        allocator,
      });
      if (found.length > 0) throw new HeapwrightError("ERR_CORRUPT_MEMORY", found.join(" "));
    },
    trim() {
      assertUsable();
      return cells.trim();
    },

    detach() {
      assertUsable();
      userCode.assertNone("detach()");
      if (control[SCOPES] !== 0) {
        throw new HeapwrightError(
          "ERR_SCOPE_ORDER",
          "A scope is open: close it before the heap is detached.",
        );
      }
      events.flush();
      end("detached");
      collector.dispose?.();
      allocator.detach?.();
      if (parts.owned) memory.detach();
      return memory.buffer;
    },
    dispose,
    [DISPOSE]: dispose,
  };

  function assertWeak(ref: Ptr): void {
    assertObject(ref);
    if ((words[ref]! & LAYOUT_MASK) === WEAK_REFERENCE) return;
    throw new HeapwrightError("ERR_BAD_REFERENCE", `Object ${ref} is no weak reference.`);
  }

  if (!known) layouts.define(WEAK_REFERENCE_SPEC);
  debug?.guard(heap);
  return heap;
}

/** What a heap that has ended still answers. */
const KEPT_AFTER_END: ReadonlySet<string> = /* @__PURE__ */ new Set(["dispose", "isObject", "layoutNamed"]);

/** The result, or null when the memory had no room. */
function orNull<T>(attempt: () => T): T | null {
  try {
    return attempt();
  } catch (error) {
    if (HeapwrightError.is(error, "ERR_OUT_OF_MEMORY")) return null;
    throw error;
  }
}

function isThenable(value: unknown): boolean {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function"
  );
}
