/**
 * How an allocator is declared: a name, traits that say what it does, and a
 * function that makes one.
 */

import type { BlockAllocator } from "./allocator.js";
import type { Address, Memory, MemoryOptions } from "./memory.js";
import { PLUGIN_API_VERSION, assertPlugin, badPlugin, type Plugin } from "./plugin.js";
import { showValue } from "./show-value.js";

/** A mistake of the caller that an allocator can find (with `checks: true`). */
export type Detection = "double-free" | "interior-address";

/** What an allocator does and does not do: facts for users, the command line and the conformance kit. */
export interface AllocatorTraits {
  /** Freed blocks serve later requests. Otherwise room comes back at `reset()` only. */
  readonly reuses: boolean;
  /** Empty arenas or chunks go back to the memory, where others can take them. */
  readonly returns: boolean;
  /** It has `reset()`. */
  readonly resets: boolean;
  /** It has `domains`, routed and counted apart as CPython does. */
  readonly domains: boolean;
  /** It has arenas, and `stats().arenas` tells of them. */
  readonly arenas: boolean;
  /** It has `pools`: a heap can take whole pools and lay out cells of its own in them. */
  readonly pools: boolean;
  /**
   * Everything it knows is in the memory: the plugin has `attach`, and its allocators have `at` and `detach()`, so that
   * another thread can go on where one has let go.
   */
  readonly attaches: boolean;
  /** What `free` finds with `checks: true`, beyond addresses in nothing live. */
  readonly detects: readonly Detection[];
}

/** What every allocator accepts when it is made. */
export interface AllocatorOptions extends Omit<MemoryOptions, "memory"> {
  /** Where the blocks are to be: a kind, a buffer of your own, or a {@link Memory} shared with others. Default: `"buffer"`. */
  readonly memory?: MemoryOptions["memory"] | Memory;
  /** Find what the trait `detects` lists, at some cost a call. Default: true. */
  readonly checks?: boolean;
}

/** What the `attach` of every allocator plugin accepts. */
export interface AttachOptions {
  /**
   * Which tables: the `at` of the allocator that left them. Default: the only ones that the plugin left in the memory.
   */
  readonly at?: Address;
}

/** A replaceable allocator: what `defineAllocator` returns. */
export interface AllocatorPlugin<A extends BlockAllocator = BlockAllocator> extends Plugin {
  /** Tells allocators from the other kinds of plugins. */
  readonly kind: "allocator";
  /** What it does. */
  readonly traits: AllocatorTraits;
  /**
   * Makes an allocator. Two results share no state.
   *
   * @throws HeapwrightError `ERR_BAD_OPTION`, `ERR_BUFFER_TOO_SMALL` and those of `createMemory`
   */
  create(options?: AllocatorOptions): A;
  /**
   * Makes an allocator over the tables that one of this plugin left in a memory, with the trait `attaches`: the blocks and
   * figures are as they were, and so is what `create` was told of lengths and checks. The memory stays the caller's.
   *
   * The tables are checked as far as their own words go, the blocks are not: that is what `verify()` is for.
   *
   * @param memory - from `attachMemory`, or one on which the last allocator was detached
   * @throws HeapwrightError `ERR_NO_HEAP` when there are no such tables, `ERR_CORRUPT_MEMORY` when they are damaged,
   * `ERR_BAD_OPTION` when there are several and `at` does not say which; `ERR_DISPOSED`, `ERR_BUFFER_DETACHED`
   */
  attach?(memory: Memory, options?: AttachOptions): A;
}

/** What {@link defineAllocator} is given. */
export interface AllocatorDefinition<A extends BlockAllocator = BlockAllocator> {
  /** Lower-case words joined by hyphens. */
  readonly name: string;
  /** One line for lists. */
  readonly summary?: string;
  /** What the allocator does. What is left out is false, or detects nothing. */
  readonly traits?: Partial<AllocatorTraits>;
  /** Makes an allocator. */
  create(options?: AllocatorOptions): A;
  /** Makes an allocator over tables that are there; it comes with the trait `attaches`. */
  attach?(memory: Memory, options?: AttachOptions): A;
}

const NO_TRAITS: AllocatorTraits = {
  reuses: false,
  returns: false,
  resets: false,
  domains: false,
  arenas: false,
  pools: false,
  attaches: false,
  detects: [],
};

const DETECTIONS: readonly string[] = ["double-free", "interior-address"] satisfies Detection[];

/**
 * Declares an allocator plugin: fills in kind and version, and checks the rest.
 *
 * @throws HeapwrightError `ERR_BAD_PLUGIN` when the name, a trait, `create` or `attach` is malformed
 *
 * @example
 * ```ts
 * export const mine = defineAllocator({ name: "mine", traits: { reuses: true }, create: createMine });
 * ```
 */
export function defineAllocator<A extends BlockAllocator = BlockAllocator>(
  definition: AllocatorDefinition<A>,
): AllocatorPlugin<A> {
  if (!isObject(definition)) throw badPlugin("a definition with name and create", showValue(definition));
  const plugin: AllocatorPlugin<A> = {
    kind: "allocator",
    api: PLUGIN_API_VERSION,
    name: definition.name,
    ...(definition.summary !== undefined && { summary: definition.summary }),
    traits: { ...NO_TRAITS, ...definition.traits },
    create: (options) => definition.create(options),
    ...(definition.attach && { attach: (memory, options) => definition.attach!(memory, options) }),
  };
  const { create, attach }: { create: unknown; attach?: unknown } = definition;
  assertAllocatorPlugin({ ...plugin, create, attach });
  assertKnownTraits(plugin);
  return plugin;
}

/**
 * Checks that a value, from a module of the user's perhaps, is an allocator plugin. Traits that this version does not
 * know are left alone: the plugin may have been made with a newer one.
 *
 * @throws HeapwrightError `ERR_BAD_PLUGIN` saying what was expected and what was found
 */
export function assertAllocatorPlugin(value: unknown): asserts value is AllocatorPlugin {
  assertPlugin(value, "allocator");
  const { name, traits, create, attach } = value as Partial<AllocatorPlugin>;
  if (typeof create !== "function") throw badPlugin(`a function create in "${name}"`, showValue(create));
  if (!isObject(traits)) throw badPlugin(`traits in "${name}"`, showValue(traits));
  for (const [trait, example] of Object.entries(NO_TRAITS)) {
    const found: unknown = traits[trait as keyof AllocatorTraits];
    const isList = Array.isArray(example);
    if (isList ? isListOfTexts(found) : typeof found === "boolean") continue;
    throw badPlugin(
      `the trait ${trait} (${isList ? "a list of texts" : "true or false"}) in "${name}"`,
      showValue(found),
    );
  }
  if (traits.attaches && typeof attach !== "function") {
    throw badPlugin(`a function attach, which the trait attaches promises, in "${name}"`, showValue(attach));
  }
}

/** Where a plugin is written, a trait that does not exist is a slip of the pen. */
function assertKnownTraits({ name, traits }: AllocatorPlugin): void {
  const unknownTrait = Object.keys(traits).find((trait) => !Object.hasOwn(NO_TRAITS, trait));
  if (unknownTrait !== undefined) {
    throw badPlugin(`only the traits ${Object.keys(NO_TRAITS).join(", ")} in "${name}"`, unknownTrait);
  }
  const unknownMistake = traits.detects.find((mistake) => !DETECTIONS.includes(mistake));
  if (unknownMistake !== undefined) {
    throw badPlugin(`detects to list only ${DETECTIONS.join(", ")} in "${name}"`, showValue(unknownMistake));
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}
