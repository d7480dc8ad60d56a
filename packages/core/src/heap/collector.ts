/**
 * The contract of collectors: who finds the objects that nobody can reach.
 *
 * A collector is handed the bytes and finds the unreachable set; it never decides how objects die. Core's death pipeline
 * does, in CPython's order, once for all collectors. Everything here is called a few times a collection, never on the
 * path of a store or an allocation.
 *
 * What differs between collectors on those paths is said by *traits*: a small closed set that the mutator knows by heart.
 */

import type { Counter } from "./counter.js";
import type { EdgeBuffer, HeapImage } from "./heap-image.js";
import { MAX_AGE } from "./work-byte.js";
import { PLUGIN_API_VERSION, assertPlugin, badPlugin, type Plugin } from "../plugin.js";
import { showValue } from "../show-value.js";

/** What a collector needs and does: facts for the plan, for users and for the conformance kit. */
export interface CollectorTraits {
  /** `exact`: it works from reference counts. `none`: it does not, and a heap without another use for them keeps none. */
  readonly counts: "exact" | "none";
  /**
   * How it finds the roots. `derived`: what is left of a count when the references inside are subtracted. `scan`: it asks
   * {@link Roots.gather}. `none`: it looks for nothing.
   */
  readonly roots: "derived" | "scan" | "none";
  /** `log`: stores into objects with the flag LOGGED are told to {@link Collector.stored}. */
  readonly barrier: "none" | "log";
  /** A decrement that leaves a count above 0 is told to {@link Collector.decremented}. */
  readonly decrements: boolean;
  /** Work byte of a tracked object when it is born, 0 to 127. */
  readonly birth: number;
  /** Generations it collects apart, 1 to 3; `collect(g)` of one that does not is a full collection. */
  readonly generations: number;
  /** It frees cycles. */
  readonly cycles: boolean;
  /** It moves objects. */
  readonly moves: boolean;
  /** `collect()` returns exactly the number of unreachable objects that CPython would find. */
  readonly exact: boolean;
  /** It collects by itself when enough was allocated. */
  readonly automatic: boolean;
}

/** The roots of a heap, for collectors that scan. */
export interface Roots {
  /** Adds every reference that scopes, pins, `retain` and the heap itself hold. */
  gather(into: EdgeBuffer): void;
}

/** How many objects a collection got rid of. */
export interface Reaped {
  /** Dead, and freed. */
  readonly collected: number;
  /** Unreachable, and kept for want of an order to finalize them in. CPython: `uncollectable`. */
  readonly uncollectable: number;
}

/** The end of all that a collector has condemned. */
export interface Deaths {
  /**
   * Lets condemned objects die: weak references are cleared, callbacks and finalizers run, what they resurrect is spared,
   * the rest is freed. User code runs, unless no condemned object has either.
   *
   * The collector has set the work byte of each to CONDEMNED, and all other work bytes to ages; afterwards no work byte is
   * above MAX_AGE. Objects that were spared have the age given.
   *
   * In a heap without counts user code runs before {@link Collector.recheck} only: from then on until the collector has
   * returned there is none.
   *
   * @param refs - objects by rising address, in pools of tracked cells; the array is the pipeline's until the call returns.
   * A collector that does not count condemns untracked ones as well, since nobody else would free them; they are not
   * counted as collected
   * @param count - how many of its elements
   * @param spared - age of those that live on, 0 to 127
   */
  reap(refs: Int32Array, count: number, spared: number): Reaped;
  /** Frees an untracked object, for collectors that do not count. No user code runs. */
  bury(object: number): void;
}

/** When the mutator asks for a collection, in words of the memory. */
export interface Trigger {
  /** Tracked objects born since the collector last set this, less those that died, never below 0. CPython: `generations[0].count`. */
  count: number;
  /** The collector is called when {@link Trigger.count} rises above this. `Infinity`: never. */
  limit: number;
}

/** What happens in a heap, for those who listen; see `events.ts`. */
export interface EventSink {
  /** Notes an event; does nothing when nobody listens. */
  emit(kind: number, a: number, b: number): void;
}

/** What core hands to a collector. */
export interface CollectorContext {
  /** The bytes. */
  readonly image: HeapImage;
  /** The counts; `undefined` in a heap that keeps none. */
  readonly counter: Counter | undefined;
  /** The roots, for the trait `roots: "scan"`. */
  readonly roots: Roots;
  /** Where the condemned go. */
  readonly deaths: Deaths;
  /** When the mutator calls {@link Collector.tripped}. */
  readonly trigger: Trigger;
  /** Phases go here. */
  readonly events: EventSink;
  /** 48 words of the memory, the collector's own: all 0 at first, kept when another thread attaches. */
  readonly words: Int32Array;
  /** The heap stands on bytes of before (`attachHeap`), and so must the collector. */
  readonly attached: boolean;
  /** Collects, as `heap.gc.collect` does: guarded against recursion, counted, announced. For {@link Collector.tripped}. */
  collect(generation: number): number;
  /** A new, empty buffer for references, outside the heap's memory. */
  createEdgeBuffer(): EdgeBuffer;
}

/** Finds what is unreachable. Made by a {@link CollectorPlugin}; called by core, never re-entered while it collects. */
export interface Collector {
  /**
   * Collects a generation and all younger ones, and hands what it finds to {@link Deaths.reap}. Whatever happens, an error
   * included, all work bytes are ages afterwards.
   *
   * @param generation - 0 to 2
   */
  collect(generation: number): Reaped;
  /** The trigger's limit was passed, and automatic collection is enabled: the collector may call `context.collect`. */
  tripped(): void;
  /** What `gc.getThreshold()` returns. */
  getThreshold(): readonly number[];
  /** What `gc.setThreshold()` sets: one to three whole numbers from 0 to 2^31 - 1; those left out stay. */
  setThreshold(thresholds: readonly number[]): void;
  /** What `gc.getCount()` returns. */
  getCount(): readonly number[];
  /** Puts an object into a generation, as when a recorded graph is loaded. Does nothing in a collector that has one. */
  place?(object: number, generation: number): void;
  /** The generation of a tracked object. Left out: 2. */
  generationOf?(object: number): number;
  /**
   * With the trait `roots: "scan"`: user code has run in {@link Deaths.reap}. Sets the work byte of each condemned object
   * that can be reached again, by whatever way, to an age: also from what user code made and let go of, which is not condemned,
   * stays until the next collection, and must not refer to what is gone.
   */
  recheck?(refs: Int32Array, count: number): void;
  /** With the trait `barrier: "log"`: a value was stored into an object with the flag LOGGED. */
  stored?(object: number, word: number, before: number, after: number): void;
  /** With the trait `decrements`: a count fell and is still above 0. */
  decremented?(object: number): void;
  /** Sentences on everything that is wrong with its own words and with the ages. */
  problems(): string[];
  /** The heap ends or is detached; in the memory nothing changes. */
  dispose?(): void;
}

/** A replaceable collector: what {@link defineCollector} returns. */
export interface CollectorPlugin extends Plugin {
  /** Tells collectors from the other kinds of plugins. */
  readonly kind: "collector";
  /** What it needs and does. */
  readonly traits: CollectorTraits;
  /** Makes a collector for a heap. */
  create(context: CollectorContext): Collector;
}

/** What {@link defineCollector} is given. */
export interface CollectorDefinition {
  /** Lower-case words joined by hyphens. */
  readonly name: string;
  /** One line for lists. */
  readonly summary?: string;
  /** What it needs and does; what is left out is as in a collector that does nothing at all. */
  readonly traits: Partial<CollectorTraits>;
  /** Makes a collector for a heap. */
  create(context: CollectorContext): Collector;
}

const NO_TRAITS: CollectorTraits = {
  counts: "none",
  roots: "none",
  barrier: "none",
  decrements: false,
  birth: 0,
  generations: 1,
  cycles: false,
  moves: false,
  exact: false,
  automatic: false,
};

const CHOICES: Readonly<Record<"counts" | "roots" | "barrier", readonly string[]>> = {
  counts: ["exact", "none"],
  roots: ["derived", "scan", "none"],
  barrier: ["none", "log"],
};

const RANGES: Readonly<Record<"birth" | "generations", readonly [number, number]>> = {
  birth: [0, MAX_AGE],
  generations: [1, 3],
};

/**
 * Declares a collector plugin: fills in kind and version, and checks the rest.
 *
 * @throws HeapwrightError `ERR_BAD_PLUGIN` when the name, a trait or `create` is malformed
 *
 * @example
 * ```ts
 * export const mine = defineCollector({ name: "mine", traits: { roots: "scan", cycles: true }, create: createMine });
 * ```
 */
export function defineCollector(definition: CollectorDefinition): CollectorPlugin {
  if (typeof definition !== "object" || (definition as unknown) === null) {
    throw badPlugin("a definition with name and create", showValue(definition));
  }
  const plugin: CollectorPlugin = {
    kind: "collector",
    api: PLUGIN_API_VERSION,
    name: definition.name,
    ...(definition.summary !== undefined && { summary: definition.summary }),
    traits: { ...NO_TRAITS, ...definition.traits },
    create: definition.create,
  };
  assertCollectorPlugin(plugin);
  const unknownTrait = Object.keys(plugin.traits).find((trait) => !Object.hasOwn(NO_TRAITS, trait));
  if (unknownTrait !== undefined) {
    throw badPlugin(`only the traits ${Object.keys(NO_TRAITS).join(", ")} in "${plugin.name}"`, unknownTrait);
  }
  return plugin;
}

/**
 * Checks that a value, from a module of the user's perhaps, is a collector plugin.
 *
 * @throws HeapwrightError `ERR_BAD_PLUGIN` saying what was expected and what was found
 */
export function assertCollectorPlugin(value: unknown): asserts value is CollectorPlugin {
  assertPlugin(value, "collector");
  const { name, traits, create } = value as Partial<CollectorPlugin>;
  if (typeof create !== "function") throw badPlugin(`a function create in "${name}"`, showValue(create));
  if (typeof traits !== "object" || (traits as unknown) === null) {
    throw badPlugin(`traits in "${name}"`, showValue(traits));
  }
  for (const [trait, example] of Object.entries(NO_TRAITS)) {
    const found: unknown = traits[trait as keyof CollectorTraits];
    const wanted = whatIsWrong(trait, example, found);
    if (wanted !== undefined)
      throw badPlugin(`the trait ${trait} (${wanted}) in "${name}"`, showValue(found));
  }
}

/** What a trait has to be, when it is not. */
function whatIsWrong(trait: string, example: unknown, found: unknown): string | undefined {
  if (Object.hasOwn(CHOICES, trait)) {
    const choices = CHOICES[trait as keyof typeof CHOICES];
    return choices.includes(found as string) ? undefined : choices.map((each) => `"${each}"`).join(" or ");
  }
  if (Object.hasOwn(RANGES, trait)) {
    const [low, high] = RANGES[trait as keyof typeof RANGES];
    const fits = Number.isInteger(found) && (found as number) >= low && (found as number) <= high;
    return fits ? undefined : `a whole number from ${low} to ${high}`;
  }
  return typeof found === typeof example ? undefined : "true or false";
}
