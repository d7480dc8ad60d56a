/**
 * pymalloc: CPython's allocator for small objects, over linear memory.
 *
 * A program in Python asks for millions of small blocks a second, most
 * of which die at once. So requests up to 512 bytes are rounded to one of 32
 * sizes, and each size has pools that hold nothing else: allocating pops a free
 * list, freeing pushes, and neither ever searches. Pools come from arenas, arenas
 * from the memory. Larger requests go to the large-block allocator.
 *
 * ```text
 *   request -- 1..512 B --> used pool of its class --> free pool --> arena --> memory
 *          \-- the rest, and all of raw --> large blocks --> chunk -----------^
 * ```
 *
 * Which block is handed out, when an arena is taken and when it is given back
 * follow `Objects/obmalloc.c`, CPython 3.11, step by step; on recorded programs
 * the number of arenas is CPython's. Where it departs, only errors and time tell:
 * pool headers stand aside (`layout.ts`), full pools stay in their list
 * (`small-blocks.ts`), large blocks come from an allocator of our own instead of
 * the C library's (`large-blocks.ts`), and a wrong address is refused.
 */

import {
  DISPOSE,
  HeapwrightError,
  defineAllocator,
  openMemory,
  type Address,
  type AllocationDomain,
  type AllocatorOptions,
  type AllocatorPlugin,
  type AttachOptions,
  type BlockAllocator,
  type DomainName,
  type Memory,
  type PoolSource,
} from "@heapwright/core";

import { createArenas } from "./arenas.js";
import { clearing, countedDomain, createRawDomain } from "./domains.js";
import { resolveGeometry, type Geometry, type GeometryOptions } from "./geometry.js";
import { createHeapPools } from "./heap-pools.js";
import { createLargeBlocks } from "./large-blocks.js";
import { checkedDomain, isLive } from "./live-bits.js";
import { createLocator, type BlockLocation } from "./locate.js";
import { createOutsideBlocks } from "./outside-blocks.js";
import { countStats, type PymallocStats } from "./pymalloc-stats.js";
import { findProblems } from "./pymalloc-verify.js";
import { createRefusals } from "./refusals.js";
import { createSmallBlocks, type SmallBlocks } from "./small-blocks.js";
import { findTableProblems } from "./table-verify.js";
import { CONTROL, attachTables, createTables, type Tables } from "./tables.js";

/** What {@link createPymalloc} accepts. */
export interface PymallocOptions extends AllocatorOptions, GeometryOptions {}

/** CPython's allocator, made by {@link createPymalloc}. */
export interface Pymalloc extends BlockAllocator {
  /** The lengths of arenas and pools. */
  readonly geometry: Geometry;
  /** `PyMem_Raw*`, `PyMem_*` and `PyObject_*`. The allocator's own calls are those of `obj`. */
  readonly domains: Readonly<Record<DomainName, AllocationDomain>>;
  /** Whole pools, out of the same arenas as those of the blocks. */
  readonly pools: PoolSource;
  /** Where its tables are; {@link attachPymalloc} finds them there. */
  readonly at: Address;
  /**
   * Lets go of tables and blocks and leaves every byte as it is, for {@link attachPymalloc}. A memory that was made for the
   * allocator is detached with it.
   */
  detach(): void;
  /** What `sys._debugmallocstats()` prints, as numbers. */
  stats(): PymallocStats;
  /**
   * The arena, pool, class and block of an address.
   *
   * @returns `undefined` when nothing of this allocator is there
   */
  locate(address: Address): BlockLocation | undefined;
}

/**
 * Makes an allocator that works as CPython's does.
 *
 * @throws HeapwrightError `ERR_BAD_OPTION`, `ERR_BUFFER_TOO_SMALL` when tables and one arena do not fit, and those of
 * `createMemory`
 *
 * @example
 * ```ts
 * const allocator = createPymalloc({ maxBytes: "64MiB" });
 * const address = allocator.malloc(24);
 * new Float64Array(allocator.memory.buffer, address, 3).fill(0.5);
 * allocator.free(address);
 * allocator.dispose();
 * ```
 */
export function createPymalloc(options: PymallocOptions = {}): Pymalloc {
  const geometry = resolveGeometry(options);
  const checks = options.checks ?? true;
  const { memory, owned } = openMemory(options);
  return pymallocOver(tablesIn(memory, owned, geometry, checks), owned);
}

/**
 * Makes an allocator over the tables that another one left in a memory: in this thread or another, before a transfer or
 * after. The blocks are as they were, and so are lengths and checks; the memory stays the caller's.
 *
 * All tables are checked, and the headers of large blocks; the blocks of the pools are not, which `verify()` does.
 *
 * @param memory - from `attachMemory`, or one on which the last allocator was detached
 * @param options - which tables, when there are several
 * @throws HeapwrightError `ERR_NO_HEAP` when no allocator left its tables there, `ERR_CORRUPT_MEMORY` when they are
 * damaged, `ERR_BAD_OPTION` when there are several; `ERR_DISPOSED`, `ERR_BUFFER_DETACHED`
 *
 * @example
 * ```ts
 * const allocator = createPymalloc({ memory: "shared" });
 * const address = allocator.malloc(24);
 * allocator.detach();
 * // in a thread that got allocator.memory.buffer and address
 * const allocator = attachPymalloc(attachMemory(buffer));
 * allocator.free(address);
 * ```
 */
export function attachPymalloc(memory: Memory, options: AttachOptions = {}): Pymalloc {
  const tables = attachTables(memory, options);
  const large = createLargeBlocks(tables);
  assertSound([...findTableProblems(tables, createLocator(tables, large)), ...large.problems()]);
  return pymallocOver(tables, false);
}

function assertSound(problems: readonly string[]): void {
  if (problems.length > 0) throw new HeapwrightError("ERR_CORRUPT_MEMORY", problems.join(" "));
}

/** @param owned - the memory was made for the allocator */
function pymallocOver(tables: Tables, owned: boolean): Pymalloc {
  const { memory, geometry } = tables;
  const checks = tables.liveBits.length > 0;
  const arenas = createArenas(tables);
  const large = createLargeBlocks(tables);
  const locator = createLocator(tables, large);
  const refusals = createRefusals(tables, locator, large);
  const { assertUsable } = refusals;
  const makeRoom = (): boolean => large.releaseSpare();
  const outside = createOutsideBlocks({ tables, arenas, large, refusals });
  const small: SmallBlocks = createSmallBlocks(tables, arenas, {
    malloc: (bytes) => outside.malloc(bytes, "obj"),
    realloc: (address, bytes) =>
      address === 0 ? small.malloc(bytes) : outside.realloc(address, bytes, "obj"),
    free: (address) => {
      outside.free(address, "obj");
    },
    notLive: refusals.notLive,
    assertUsable,
    makeRoom,
    outOfMemory: () => refusals.outOfMemory(`an arena of ${geometry.arenaBytes} B`),
  });

  const guarded = (domain: AllocationDomain): AllocationDomain =>
    checks ? checkedDomain(domain, tables.liveBits, refusals) : domain;
  const { malloc, realloc, free } = small;
  const obj = guarded({ malloc, calloc: clearing(tables, malloc), realloc, free });
  const raw = guarded(createRawDomain(tables, small, outside, refusals));
  const mem = countedDomain(obj, tables.control, CONTROL.memBlocks);

  function usableSize(address: Address): number {
    if (checks && !isLive(tables.liveBits, address)) {
      assertUsable();
      throw refusals.notLive(address);
    }
    return small.blockBytes(address) || outside.usableSize(address);
  }

  /** False when the allocator was closed before. */
  function close(how: "disposed" | "detached"): boolean {
    if (!refusals.close(how)) return false;
    // The views outlive the allocator, and what they show may soon be somebody else's: nobody gets to them any more.
    for (const calls of [allocator, raw, obj]) Object.assign(calls, refusals.calls);
    Object.assign(allocator, { usableSize: refusals.refuse });
    return true;
  }

  function dispose(): void {
    if (!close("disposed")) return;
    if (!tables.isGone()) giveBack();
    if (owned) memory.dispose();
  }

  function giveBack(): void {
    if (!owned) {
      large.releaseAll();
      arenas.releaseAll();
    }
    tables.clear();
    if (!owned) tables.release();
  }

  const allocator: Pymalloc = {
    memory,
    geometry,
    at: tables.at,
    domains: { raw, mem, obj },
    pools: createHeapPools(tables, arenas, { assertUsable, makeRoom }),
    ...obj,
    usableSize,

    walk(visit) {
      assertUsable();
      for (const block of locator.liveBlocks()) {
        if (visit(block) === false) return;
      }
    },

    stats() {
      assertUsable();
      return countStats(tables, large, locator);
    },

    locate(address) {
      assertUsable();
      return locator.locate(address);
    },

    verify() {
      memory.verify(); // first: a page map that was wiped is damage, not an end
      assertUsable();
      assertSound([...findProblems(tables, locator), ...large.problems()]);
    },

    detach() {
      if (close("detached") && owned) memory.detach();
    },

    dispose,
    [DISPOSE]: dispose,
  };
  return allocator;
}

/** The tables, or the memory made for them is given back before the error goes on. */
function tablesIn(memory: Memory, owned: boolean, geometry: Geometry, checks: boolean): Tables {
  try {
    return createTables(memory, geometry, checks);
  } catch (error) {
    if (owned) memory.dispose();
    throw error;
  }
}

/** What {@link pymalloc} accepts: what all its allocators have in common. */
export interface PymallocPluginOptions extends GeometryOptions {
  /** Name in lists, for a second geometry beside the first. Default: `"pymalloc"`. */
  readonly name?: string;
}

/**
 * CPython's allocator as a plugin.
 *
 * @throws HeapwrightError `ERR_BAD_OPTION` for lengths that do not fit together
 *
 * @example
 * ```ts
 * const allocator = pymalloc({ preset: "cpython-3.9" }).create({ maxBytes: "16MiB" });
 * ```
 */
export function pymalloc(options: PymallocPluginOptions = {}): AllocatorPlugin<Pymalloc> {
  const { name = "pymalloc", ...geometry } = options;
  resolveGeometry(geometry);
  return defineAllocator({
    name,
    summary: "CPython's arenas, pools and blocks, faithful arena for arena",
    traits: {
      reuses: true,
      returns: true,
      domains: true,
      arenas: true,
      pools: true,
      attaches: true,
      detects: ["double-free", "interior-address"],
    },
    create: (more) => createPymalloc({ ...geometry, ...more }),
    attach: attachPymalloc,
  });
}
