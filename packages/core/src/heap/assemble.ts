/**
 * The wiring of a heap: which part leans on which. One heap, one closure.
 *
 * Parts are made from the bytes upwards, each out of those above it. Where two need each other (deaths need the counter, and
 * the counter has objects die) the earlier one gets a function, and asks for the later one when the time has come.
 */

import type { BlockAllocator, PoolSource } from "../allocator.js";
import { DISPOSE } from "../disposable.js";
import { HeapwrightError } from "../errors.js";
import { showValue } from "../show-value.js";
import { createBuffers } from "./buffers.js";
import { createBurial } from "./burial.js";
import { createCells } from "./cells.js";
import { createCode, type CodeTable } from "./code.js";
import type { Collector } from "./collector.js";
import { COLLECTOR_WORDS, COLLECTOR_WORDS_START, POOLS_END, POOLS_START } from "./control.js";
import type { Counter } from "./counter.js";
import type { HeapPlugins } from "./create-heap.js";
import { createCreator, type Creator } from "./creator.js";
import { createDeaths } from "./deaths.js";
import { createDebugChecks } from "./debug-heap.js";
import { writeDirectory, type DirectoryContent } from "./directory.js";
import { createEdgeBuffer } from "./edge-buffer.js";
import { createEdges } from "./edges.js";
import { createEvents } from "./events.js";
import { createGarbage } from "./garbage.js";
import { createGc } from "./gc.js";
import type { Heap } from "./heap.js";
import type { HeapImage } from "./heap-image.js";
import { heapStats } from "./heap-stats.js";
import type { HeapTables } from "./heap-tables.js";
import { verifyHeap } from "./heap-verify.js";
import { createHolds } from "./holds.js";
import { createItems } from "./items.js";
import { createKeeper } from "./keeper.js";
import { createLastWords } from "./last-words.js";
import { createLayouts, type Layout, type Layouts } from "./layouts.js";
import { createLifetime } from "./lifetime.js";
import { decref, getSlot, incref, mutatorState, setSlot, type MutatorState } from "./mutator.js";
import type { HeapPlan } from "./negotiate.js";
import { FINALIZED, LAYOUT_MASK } from "./object-word.js";
import { openRefTable } from "./ref-table.js";
import type { Ptr } from "./reference.js";
import { createRoom } from "./room.js";
import { createRoots, type HeldRoots } from "./roots.js";
import { RUN } from "./run.js";
import { createScopes, type Scopes } from "./scope.js";
import { createTracking } from "./tracking.js";
import { createUserCode, type UnraisableHook } from "./user-code.js";
import { createWeakLists, WEAK_REFERENCE_SPEC } from "./weak-lists.js";
import { createWeakReferences } from "./weak-references.js";

/** What a heap is made of. */
export interface HeapParts {
  readonly plugins: HeapPlugins;
  readonly plan: HeapPlan;
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
  const { plugins, plan, allocator, tables, known } = parts;
  const { memory, words, control } = tables;
  const later = {
    counter: (): Counter | undefined => counter,
    collector: (): Collector => collector,
    roots: (): HeldRoots => roots,
    mutator: (): MutatorState => mutator,
    heap: (): Heap => heap,
  };

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
    pools: tables.pools,
    poolShift: tables.poolShift,
    births: tables.births,
    scan: tables.scan,
    layoutFlags: tables.layoutFlags,
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

  // ---- user code, and the end of the heap -------------------------------------------------------------------------

  const userCode = createUserCode(control, parts.unraisable, (depth) => {
    scopes.closeAbove(depth);
  });
  const events = createEvents(tables, userCode);
  const lifetime = createLifetime({
    ...later,
    tables,
    allocator,
    ownsMemory: parts.owned,
    userCode,
    events,
    calls: () => [heap, gc, heap.weak, items, events],
  });
  const { assertUsable } = lifetime;

  function assertObject(object: Ptr): void {
    assertUsable();
    if (cells.isObject(object)) return;
    throw new HeapwrightError("ERR_BAD_REFERENCE", `${showValue(object)} is no live object of this heap.`);
  }

  // ---- deaths -----------------------------------------------------------------------------------------------------

  const keeper = createKeeper({ ...later, tables });
  const garbage = createGarbage(tables, keeper);
  const lastWords = createLastWords({ ...later, tables, layouts, code, weak, userCode, keeper });
  const burial = createBurial({ ...later, tables, cells, edges, weak, allocator, forgetCode: code.forget });
  const deaths = createDeaths({
    ...later,
    tables,
    edges,
    weak,
    burial,
    lastWords,
    events,
    keeper,
    garbage,
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
  const tracking = createTracking(tables, () => create);
  const { gc, trigger, tripped } = createGc({
    tables,
    events,
    garbage,
    collector: later.collector,
    isTracked: tracking.isTracked,
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

  // ---- what users call --------------------------------------------------------------------------------------------

  const mutator = mutatorState(tables, plan, { counter, collector });
  const room = createRoom({ tables, cells, events, gc, mutator });
  const create: Creator = createCreator({ tables, cells, plan, layouts, room, tripped });
  const debug = parts.debug ? createDebugChecks({ tables, cells, layouts, assertObject }) : undefined;
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
    isOver: lifetime.isOver,
    check(value) {
      debug?.value(value);
    },
    collectAndCount(value) {
      room.withRoom(HANDLE_BYTES, [value], () => {
        if (!roots.makeRoom()) return null;
        incref(mutator, value);
        return true;
      });
    },
  });
  const items = createItems({ tables, mutator, buffers, counter, room });
  const holds = createHolds({ tables, roots, counter, mutator, keeper, room, assertUsable, assertObject });

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
    weak: createWeakReferences({ tables, lists: weak, code, room, heap: later.heap, assertObject }),

    layout(spec) {
      assertUsable();
      return layouts.define(spec);
    },
    layoutNamed: layouts.named,
    layoutOf(object) {
      assertObject(object);
      return (words[object]! & LAYOUT_MASK) as Layout;
    },
    specOf: (layout) => layouts.entryOf(layout).spec,

    scope: scopes.run,
    enter: scopes.enter,

    pin: holds.pin,
    deref: holds.deref,
    unpin: holds.unpin,
    retain: holds.retain,
    release: holds.release,
    count: holds.count,
    immortalize: holds.immortalize,

    isTracked(object) {
      assertObject(object);
      return tracking.isTracked(object);
    },
    track(object) {
      assertObject(object);
      tracking.track(object);
    },
    untrack(object) {
      assertObject(object);
      tracking.untrack(object);
    },
    isFinalized(object) {
      assertObject(object);
      return (words[object]! & FINALIZED) !== 0;
    },
    isObject: (value) => !lifetime.isOver() && cells.isObject(value),

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
      verifyHeap({ tables, cells, edges, layouts, roots, weak, counter, collector, allocator });
    },
    trim() {
      assertUsable();
      return cells.trim();
    },

    detach: lifetime.detach,
    dispose: lifetime.dispose,
    [DISPOSE]: lifetime.dispose,
  };

  if (!known) layouts.define(WEAK_REFERENCE_SPEC);
  debug?.guard(heap);
  return heap;
}

/** Bytes of a handle: what a scope needs for one more object. */
const HANDLE_BYTES = 4;
