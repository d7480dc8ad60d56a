/**
 * The block allocator contract: bytes in, address out, over any buffer.
 *
 * It is C's `malloc` family with two differences: a refusal is thrown, never
 * returned, and a wrong address is answered with an error as far as the
 * allocator can tell (its traits say how far).
 */

import { HeapwrightError } from "./errors.js";
import type { Address, Memory, MemoryOptions } from "./memory.js";
import { PLUGIN_API_VERSION, assertPlugin, badPlugin, type Plugin } from "./plugin.js";

/** Every address is a multiple of this many bytes, in every allocator. CPython: `ALIGNMENT`. */
export const BLOCK_ALIGNMENT = 16;

/** A live block, as {@link BlockAllocator.walk} shows it. */
export interface Block {
  /** Its first byte. */
  readonly address: Address;
  /** Bytes its owner may use; at least what was asked for. */
  readonly bytes: number;
}

/** Figures of arenas, for allocators that have them (trait `arenas`). CPython: the last lines of `sys._debugmallocstats()`. */
export interface ArenaStats {
  /** Bytes in each arena. */
  readonly arenaBytes: number;
  /** Arenas held now. */
  readonly current: number;
  /** Most arenas held at once. CPython: "arenas highwater mark". */
  readonly peak: number;
  /** Arenas ever taken. CPython: "arenas allocated total". */
  readonly total: number;
}

/** What every allocator can tell at any moment. `allocatedBytes <= footprintBytes <= peakFootprintBytes`. */
export interface AllocatorStats {
  /** Blocks that were allocated and not freed. */
  readonly liveBlocks: number;
  /** Usable bytes of those blocks, rounding included. */
  readonly allocatedBytes: number;
  /** Bytes taken from the memory now: tables as far as they are in use, arenas and chunks whole. */
  readonly footprintBytes: number;
  /** The largest footprint so far. */
  readonly peakFootprintBytes: number;
  /** Present when the trait `arenas` is set. */
  readonly arenas?: ArenaStats;
}

/**
 * CPython's three allocation domains: `raw` (`PyMem_RawMalloc`: never from the pools), `mem` (`PyMem_Malloc`) and `obj`
 * (`PyObject_Malloc`).
 */
export type DomainName = "raw" | "mem" | "obj";

/** The four calls of C's allocator, bound to one domain. */
export interface AllocationDomain {
  /**
   * Sets a block aside.
   *
   * @param bytes - how many the caller will use, a whole number; 0 yields a block of its own
   * @returns its address, a multiple of 16; the contents are undefined
   * @throws HeapwrightError `ERR_BAD_SIZE`, `ERR_OUT_OF_MEMORY`, `ERR_DISPOSED`, `ERR_BUFFER_DETACHED`
   */
  malloc(bytes: number): Address;

  /**
   * Sets a block aside for `count` elements of `bytes` each and clears it.
   *
   * @param count - how many elements, a whole number
   * @param bytes - length of one, a whole number
   * @throws HeapwrightError as {@link AllocationDomain.malloc}
   */
  calloc(count: number, bytes: number): Address;

  /**
   * Changes a block's length, moving it when need be. The first bytes, as many as both lengths share, are kept.
   *
   * @param address - a live block, which is gone afterwards; 0 makes it a `malloc`
   * @param bytes - the new length, a whole number; 0 yields a block of its own
   * @returns the address from now on
   * @throws HeapwrightError as {@link AllocationDomain.malloc} and {@link AllocationDomain.free}; the block is then
   * as it was
   */
  realloc(address: Address, bytes: number): Address;

  /**
   * Gives a block back. Its address may be handed out again at once.
   *
   * @param address - a live block; 0 does nothing
   * @throws HeapwrightError `ERR_BAD_ADDRESS` for an address that is out of range, misaligned or in nothing live;
   * `ERR_DOUBLE_FREE` and `ERR_BAD_ADDRESS` for what the trait `detects` lists; `ERR_WRONG_DOMAIN`, `ERR_DISPOSED`
   */
  free(address: Address): void;
}

/**
 * Hands out blocks of a memory. One thread at a time; live blocks never overlap. After any thrown error everything is as
 * it was before the call, and {@link BlockAllocator.verify} passes.
 */
export interface BlockAllocator extends AllocationDomain, Disposable {
  /** Where the blocks are: make typed arrays over `memory.buffer`. */
  readonly memory: Memory;

  /**
   * Bytes the owner of a live block may use, at least what was asked for.
   *
   * @throws HeapwrightError as {@link AllocationDomain.free}
   */
  usableSize(address: Address): number;

  /**
   * Shows each live block once, in no particular order. The allocator must not be called from `visit`.
   *
   * @param visit - called with each block; returning `false` ends the walk
   */
  walk(visit: (block: Block) => boolean | undefined): void;

  /** A snapshot of the figures; later calls do not change it. */
  stats(): AllocatorStats;

  /**
   * Checks every table, list and counter against each other.
   *
   * @throws HeapwrightError `ERR_CORRUPT_MEMORY` naming everything found wrong, `ERR_DISPOSED`
   */
  verify(): void;

  /** The domains, with the trait `domains`. The allocator's own calls are those of `obj`. */
  readonly domains?: Readonly<Record<DomainName, AllocationDomain>>;

  /** Frees every block at once, with the trait `resets`. */
  reset?(): void;

  /** Gives everything back. Later calls throw `ERR_DISPOSED`; disposing twice is harmless. */
  dispose(): void;
}

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
}

const NO_TRAITS: AllocatorTraits = {
  reuses: false,
  returns: false,
  resets: false,
  domains: false,
  arenas: false,
  detects: [],
};

/**
 * Declares an allocator plugin: fills in kind and version, and checks the rest.
 *
 * @throws HeapwrightError `ERR_BAD_PLUGIN` when the name, a trait or `create` is malformed
 *
 * @example
 * ```ts
 * export const mine = defineAllocator({ name: "mine", traits: { reuses: true }, create: createMine });
 * ```
 */
export function defineAllocator<A extends BlockAllocator = BlockAllocator>(
  definition: AllocatorDefinition<A>,
): AllocatorPlugin<A> {
  const plugin: AllocatorPlugin<A> = {
    kind: "allocator",
    api: PLUGIN_API_VERSION,
    name: definition.name,
    ...(definition.summary !== undefined && { summary: definition.summary }),
    traits: { ...NO_TRAITS, ...definition.traits },
    create: (options) => definition.create(options),
  };
  assertAllocatorPlugin({ ...plugin, create: definition.create as unknown });
  return plugin;
}

/**
 * Checks that a value, from a module of the user's perhaps, is an allocator plugin.
 *
 * @throws HeapwrightError `ERR_BAD_PLUGIN` saying what was expected and what was found
 */
export function assertAllocatorPlugin(value: unknown): asserts value is AllocatorPlugin {
  assertPlugin(value, "allocator");
  const plugin = value as Partial<AllocatorPlugin>;
  if (typeof plugin.create !== "function")
    throw badPlugin(`a function create in "${value.name}"`, typeof plugin.create);
  const traits: Partial<Record<string, unknown>> = { ...plugin.traits };
  for (const [trait, expected] of Object.entries(NO_TRAITS)) {
    const right = Array.isArray(expected) ? Array.isArray(traits[trait]) : typeof traits[trait] === "boolean";
    if (!right) {
      throw badPlugin(
        `the trait ${trait} (${Array.isArray(expected) ? "a list" : "true or false"}) in "${value.name}"`,
        traits[trait] === undefined ? "nothing" : JSON.stringify(traits[trait]),
      );
    }
  }
  const unknown = Object.keys(traits).find((trait) => !(trait in NO_TRAITS));
  if (unknown !== undefined) throw badPlugin(`only known traits in "${value.name}"`, unknown);
}

/**
 * Checks a byte count at a public edge.
 *
 * @returns the count
 * @throws HeapwrightError `ERR_BAD_SIZE` when it is negative, fractional, NaN or above 2^53 - 1
 */
export function checkSize(bytes: number): number {
  if (Number.isSafeInteger(bytes) && bytes >= 0) return bytes;
  throw new HeapwrightError(
    "ERR_BAD_SIZE",
    `A block needs a whole number of bytes, 0 or more, not ${String(bytes)}.`,
  );
}
