/**
 * The contract of counters: who keeps the reference counts, beyond what fits into an object's header.
 *
 * The mutator does the common half itself: it adds or subtracts one in the header and looks at the sign. The counter is
 * called when the field overflows or reaches 0, which is rare, and decides what it means.
 */

import type { HeapImage } from "./heap-image.js";
import { PLUGIN_API_VERSION, assertPlugin, badPlugin, type Plugin } from "../plugin.js";
import { showValue } from "../show-value.js";

/** What core hands to a counter. */
export interface CounterContext {
  /** The bytes. */
  readonly image: HeapImage;
  /** Tables of the counter's own, in the memory: kept when another thread attaches. */
  readonly tables: RefTables;
  /** The heap stands on bytes of before (`attachHeap`), and so must the counter. */
  readonly attached: boolean;
  /**
   * Runs what an object with finalizer or weak references may still do when its count has reached 0: its finalizer, then
   * the callbacks of its weak references. User code runs. The object's count is 1 during the call, the counter's own.
   *
   * @returns true when the count is 1 still, and the object has to go; false when it was resurrected
   */
  mayDie(object: number): boolean;
  /** Gives an object's cell back, and its buffer. Its references are the counter's to drop before. No user code runs. */
  bury(object: number): void;
}

/** Makes tables from references to numbers, in the memory. */
export interface RefTables {
  /**
   * Opens the table of a name, empty at first.
   *
   * @param name - a number of the owner's choosing, 0 to 3
   */
  open(name: number): RefTable;
}

/** A table from references to int32 numbers other than 0, in the memory. */
export interface RefTable {
  /** How many entries. */
  readonly size: number;
  /** The number of a reference, 0 when there is none. */
  get(ref: number): number;
  /**
   * Sets a number; 0 removes the entry.
   *
   * @throws HeapwrightError `ERR_OUT_OF_MEMORY` when the table cannot grow; nothing changes then
   */
  set(ref: number, value: number): void;
  /** All entries, in no particular order. The table must not change meanwhile. */
  entries(): Iterable<readonly [ref: number, value: number]>;
  /** Gives its memory back. */
  dispose(): void;
}

/** Keeps exact counts. Made by a {@link CounterPlugin}; called by core and by collectors. */
export interface Counter {
  /**
   * The count field of an object has just reached 8,192: moves a part of it aside.
   *
   * @throws HeapwrightError `ERR_OUT_OF_MEMORY`; the count is one less then, as before the increment
   */
  overflow(object: number): void;
  /**
   * The count field of an object has just fallen below 1: fills it up from what was put aside, or lets the object die,
   * with all that only it kept alive. Unless {@link Counter.suspend} is in force, user code may run.
   */
  underflow(object: number): void;
  /** The exact count. Of an immortal object: at least 1, and no more than that is known. */
  count(object: number): number;
  /**
   * Adds to a count at once, or takes from it.
   *
   * @param by - a whole number; the count stays above 0
   * @throws HeapwrightError `ERR_OUT_OF_MEMORY`; nothing changes then
   */
  add(object: number, by: number): void;
  /** Makes an object live as long as the heap. */
  immortalize(object: number): void;
  /** From now on objects whose count reaches 0 wait; they keep a count of 1. Calls nest. */
  suspend(): void;
  /**
   * Ends the innermost {@link Counter.suspend}; the outermost lets all that waited die, in the order in which they began to
   * wait. User code may run then.
   */
  resume(): void;
  /** The objects that wait to die, each held by a count of 1. */
  waiting(): readonly number[];
  /** An object's cell is about to be given back without its count having reached 0: what was put aside of it is dropped. */
  forget(object: number): void;
  /** Sentences on everything that is wrong with the counter's own tables. */
  problems(): string[];
  /** The heap ends; the memory goes as a whole. */
  dispose(): void;
}

/** A replaceable counter: what {@link defineCounter} returns. */
export interface CounterPlugin extends Plugin {
  /** Tells counters from the other kinds of plugins. */
  readonly kind: "counter";
  /** What it does. */
  readonly traits: CounterTraits;
  /** Makes a counter for a heap. */
  create(context: CounterContext): Counter;
}

/** What a counter promises. */
export interface CounterTraits {
  /** Counts are exact at any moment, and an object dies as soon as its count is 0. */
  readonly exact: boolean;
}

/** What {@link defineCounter} is given. */
export interface CounterDefinition {
  /** Lower-case words joined by hyphens. */
  readonly name: string;
  /** One line for lists. */
  readonly summary?: string;
  /** What it promises. */
  readonly traits: CounterTraits;
  /** Makes a counter for a heap. */
  create(context: CounterContext): Counter;
}

/**
 * Declares a counter plugin: fills in kind and version, and checks the rest.
 *
 * @throws HeapwrightError `ERR_BAD_PLUGIN` when the name, a trait or `create` is malformed
 */
export function defineCounter(definition: CounterDefinition): CounterPlugin {
  if (typeof definition !== "object" || (definition as unknown) === null) {
    throw badPlugin("a definition with name and create", showValue(definition));
  }
  const plugin: CounterPlugin = {
    kind: "counter",
    api: PLUGIN_API_VERSION,
    name: definition.name,
    ...(definition.summary !== undefined && { summary: definition.summary }),
    traits: { ...definition.traits },
    create: definition.create,
  };
  assertCounterPlugin(plugin);
  return plugin;
}

/**
 * Checks that a value is a counter plugin.
 *
 * @throws HeapwrightError `ERR_BAD_PLUGIN` saying what was expected and what was found
 */
export function assertCounterPlugin(value: unknown): asserts value is CounterPlugin {
  assertPlugin(value, "counter");
  const { name, traits, create } = value as Partial<CounterPlugin>;
  if (typeof create !== "function") throw badPlugin(`a function create in "${name}"`, showValue(create));
  if (typeof traits?.exact !== "boolean") {
    throw badPlugin(`the trait exact (true or false) in "${name}"`, showValue(traits?.exact));
  }
}
