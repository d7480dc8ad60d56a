/**
 * Puts a heap together: memory, allocator, counter and collector, joined through contracts. No plugin is known by name here.
 */

import { assertAllocatorPlugin, type AllocatorPlugin } from "../allocator-plugin.js";
import type { BlockAllocator } from "../allocator.js";
import { HeapwrightError } from "../errors.js";
import { attachMemory, createMemory, type Memory, type MemoryOptions } from "../memory.js";
import { showValue } from "../show-value.js";
import { assembleHeap, type HeapParts } from "./assemble.js";
import type { CodeTable } from "./code.js";
import { assertCollectorPlugin, type CollectorPlugin } from "./collector.js";
import { ALLOCATOR_AT, ENABLED, NEVER, TRIGGER_LIMIT, WANTED_LIMIT } from "./control.js";
import { assertCounterPlugin, type CounterPlugin } from "./counter.js";
import { readDirectory, type DirectoryContent } from "./directory.js";
import type { Heap } from "./heap.js";
import { createHeapTables, holdsHeap, openHeapTables, type HeapTables } from "./heap-tables.js";
import type { LayoutSpec } from "./layout-spec.js";
import { negotiate, type HeapPlan } from "./negotiate.js";
import { poolSupply } from "./pool-supply.js";
import { releaseHeap } from "./release-heap.js";
import { warnUnraisable, type UnraisableHook } from "./user-code.js";

/** The plugins of a heap, and the code it calls. */
export interface HeapPlugins {
  /** Hands out blocks and pools. */
  readonly allocator: AllocatorPlugin;
  /** Finds what is unreachable. */
  readonly collector: CollectorPlugin;
  /** Keeps reference counts, for a collector that works from them. */
  readonly counter?: CounterPlugin | undefined;
  /** Finalizers, callbacks and custom layouts by name. */
  readonly code?: CodeTable;
  /** Gets what finalizers and callbacks throw. Default: a line on the console. */
  readonly unraisable?: UnraisableHook;
  /**
   * Find mistakes in freeing buffers, at some cost a call: handed on to the allocator. Default: false, since only the heap
   * itself frees them.
   */
  readonly checks?: boolean;
  /** Check each reference at each call: is it alive, has it that slot, that layout? Several times slower. Default: false. */
  readonly debug?: boolean;
}

/** What {@link createHeap} accepts. */
export interface HeapOptions extends HeapPlugins, Omit<MemoryOptions, "memory"> {
  /** Where it is to be: a kind, a buffer of your own, or a {@link Memory} that holds no heap. Default: `"wasm"`. */
  readonly memory?: MemoryOptions["memory"] | Memory;
  /** Layouts to define at once; see {@link Heap.layoutNamed}. */
  readonly layouts?: readonly LayoutSpec[];
}

/**
 * Makes a heap.
 *
 * @throws HeapwrightError `ERR_PLUGIN_MISMATCH` naming each mismatch with its fix, `ERR_BAD_PLUGIN`, `ERR_BAD_LAYOUT`,
 * `ERR_MISSING_CODE`, `ERR_BUFFER_TOO_SMALL`, `ERR_BUFFER_IN_USE`, and those of `createMemory`
 */
export function createHeap(options: HeapOptions): Heap {
  const plan = planFor(options);
  const { memory, owned } = memoryFor(options);
  if (holdsHeap(memory)) {
    throw new HeapwrightError(
      "ERR_BUFFER_IN_USE",
      "There is a heap on this memory already: dispose it first, or attach to it.",
    );
  }
  let allocator: BlockAllocator | undefined;
  let tables: HeapTables | undefined;
  let heap: Heap | undefined;
  try {
    allocator = options.allocator.create({ memory, checks: options.checks ?? false });
    const supply = poolSupply(allocator);
    tables = createHeapTables(memory, supply.poolBytes);
    tables.control[ENABLED] = 1;
    tables.control[WANTED_LIMIT] = NEVER;
    tables.control[TRIGGER_LIMIT] = NEVER;
    tables.control[ALLOCATOR_AT] = allocator.at ?? 0;
    const parts = { ...partsOf(options), plan, owned, allocator, supply, tables };
    heap = assembleHeap({ ...parts, known: undefined });
    for (const spec of options.layouts ?? []) heap.layout(spec);
    return heap;
  } catch (error) {
    if (heap) heap.dispose();
    else if (tables) releaseHeap(tables);
    allocator?.dispose();
    if (owned) memory.dispose();
    throw error;
  }
}

/**
 * Stands on a heap that is in a buffer already: one that was detached, here or in another thread.
 *
 * @param buffer - what `heap.detach()` returned, or a memory over it
 * @param plugins - of the same names as those it was made with, and all the code that it refers to
 * @throws HeapwrightError `ERR_MISSING_CODE` listing every plugin and every function that is missing; `ERR_NO_HEAP`,
 * `ERR_CORRUPT_MEMORY`, `ERR_BUFFER_DETACHED`, and those of {@link createHeap}
 */
export function attachHeap(buffer: ArrayBuffer | SharedArrayBuffer | Memory, plugins: HeapPlugins): Heap {
  const plan = planFor(plugins);
  const owned = !isMemory(buffer);
  const memory = owned ? attachMemory(buffer) : buffer;
  try {
    const tables = openHeapTables(memory);
    const known = readDirectory(tables);
    assertSamePlugins(known, plugins);
    const allocator = attachAllocator(plugins.allocator, memory, tables);
    const supply = poolSupply(allocator);
    return assembleHeap({ ...partsOf(plugins), plan, owned, allocator, supply, tables, known });
  } catch (error) {
    if (owned) memory.detach();
    throw error;
  }
}

function partsOf(plugins: HeapPlugins): Pick<HeapParts, "plugins" | "code" | "unraisable" | "debug"> {
  return {
    plugins,
    code: plugins.code ?? {},
    unraisable: plugins.unraisable ?? warnUnraisable,
    debug: plugins.debug ?? false,
  };
}

/** Checks the plugins and makes their plan. */
function planFor(options: HeapPlugins): HeapPlan {
  if (typeof options !== "object" || (options as unknown) === null) {
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `A heap needs options with an allocator and a collector, not ${showValue(options)}.`,
    );
  }
  const { allocator, collector, counter, unraisable } = options;
  assertAllocatorPlugin(allocator);
  assertCollectorPlugin(collector);
  if (counter !== undefined) assertCounterPlugin(counter);
  for (const option of ["checks", "debug"] as const) {
    if (options[option] !== undefined && typeof options[option] !== "boolean") {
      throw new HeapwrightError(
        "ERR_BAD_OPTION",
        `${option} must be true or false, not ${showValue(options[option])}.`,
      );
    }
  }
  if (unraisable !== undefined && typeof unraisable !== "function") {
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `unraisable must be a function, not ${showValue(unraisable)}.`,
    );
  }
  const plan = negotiate({
    allocator: allocator.traits,
    collector: collector.traits,
    counter: counter?.traits,
  });
  if (!Array.isArray(plan)) return plan;
  const lines = plan.map(({ need, have, fix }) => `${need}; ${have}. To mend it, ${fix}.`);
  throw new HeapwrightError(
    "ERR_PLUGIN_MISMATCH",
    `The collector "${collector.name}" does not fit. ${lines.join(" ")}`,
  );
}

function memoryFor(options: HeapOptions): { memory: Memory; owned: boolean } {
  const { memory } = options;
  if (isMemory(memory)) return { memory, owned: false };
  return { memory: createMemory(options as MemoryOptions), owned: true };
}

/** By shape: it may be another copy's. */
function isMemory(value: unknown): value is Memory {
  return typeof value === "object" && value !== null && "reserve" in value;
}

function assertSamePlugins(known: DirectoryContent, plugins: HeapPlugins): void {
  const missing: string[] = [];
  const expect = (kind: string, name: string | null, given: string | undefined): void => {
    if (name === (given ?? null)) return;
    missing.push(`${kind} "${name ?? "none"}" (given: ${given === undefined ? "none" : `"${given}"`})`);
  };
  expect("allocator", known.allocator, plugins.allocator.name);
  expect("collector", known.collector, plugins.collector.name);
  expect("counter", known.counter, plugins.counter?.name);
  const given = plugins.code ?? {};
  for (const name of known.code) if (!Object.hasOwn(given, name)) missing.push(`code "${name}"`);
  if (missing.length === 0) return;
  throw new HeapwrightError(
    "ERR_MISSING_CODE",
    `The heap was made with ${missing.join(", ")}: pass them to attachHeap.`,
  );
}

function attachAllocator(plugin: AllocatorPlugin, memory: Memory, { control }: HeapTables): BlockAllocator {
  if (plugin.attach) return plugin.attach(memory, { at: control[ALLOCATOR_AT]! >>> 0 });
  throw new HeapwrightError(
    "ERR_PLUGIN_MISMATCH",
    `The allocator "${plugin.name}" cannot stand on memory of before: it lacks the trait attaches.`,
  );
}
