/**
 * The simplest allocator: each block is a run of pages of its own, so the page map knows all there is to know. Wasteful,
 * and obviously right. With `pools` it hands out whole pools as well; without, a heap has to cut its own out of blocks.
 */

import {
  defineAllocator,
  type AllocatorOptions,
  type AllocatorPlugin,
} from "../../../src/allocator-plugin.js";
import type { BlockAllocator } from "../../../src/allocator.js";
import { DISPOSE } from "../../../src/disposable.js";
import { HeapwrightError } from "../../../src/errors.js";
import type { Address, Memory, MemoryRun } from "../../../src/memory.js";
import { openMemory } from "../../../src/open-memory.js";

/** What runs are taken for. */
const BLOCK_USE = 1;
const POOL_USE = 2;
const ROOT_USE = 3;

const PAGE_BYTES = 4096;

/** What {@link pages} accepts. */
export interface PagesOptions {
  readonly name?: string;
  /** Bytes in a pool; 0 = it has no pools. Default: 16,384. */
  readonly poolBytes?: number;
  /** It can stand on memory of before. Default: true. */
  readonly attaches?: boolean;
}

/** The allocator, as a plugin. */
export function pages(options: PagesOptions = {}): AllocatorPlugin {
  const { name = "pages", poolBytes = 16_384, attaches = true } = options;
  return defineAllocator({
    name,
    traits: { reuses: true, returns: true, pools: poolBytes > 0, attaches, detects: ["double-free"] },
    create(given: AllocatorOptions = {}) {
      const { memory, owned } = openMemory(given);
      const at = memory.reserve(PAGE_BYTES, PAGE_BYTES, ROOT_USE);
      return pagesOver(memory, owned, at, poolBytes);
    },
    ...(attaches && {
      attach: (memory: Memory, { at = 0 } = {}) => pagesOver(memory, false, at, poolBytes),
    }),
  });
}

function pagesOver(memory: Memory, owned: boolean, at: Address, poolBytes: number): BlockAllocator {
  let disposed = false;

  function assertUsable(): void {
    if (disposed) throw new HeapwrightError("ERR_DISPOSED", "This allocator was disposed.");
  }

  const runsFor = (use: number): MemoryRun[] => memory.runs().filter((run) => run.use === use);

  function runAt(address: Address): MemoryRun {
    assertUsable();
    const run = runsFor(BLOCK_USE).find((each) => each.address === address);
    if (run) return run;
    throw new HeapwrightError("ERR_BAD_ADDRESS", `No live block begins at ${address}.`);
  }

  function malloc(bytes: number): Address {
    assertUsable();
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw new HeapwrightError("ERR_BAD_SIZE", `A block has a whole number of bytes, not ${bytes}.`);
    }
    const address = bytes > memory.maxBytes ? 0 : memory.reserve(Math.max(bytes, 1), PAGE_BYTES, BLOCK_USE);
    if (address !== 0) return address;
    throw new HeapwrightError("ERR_OUT_OF_MEMORY", `There is no room for ${bytes} B.`);
  }

  function free(address: Address): void {
    if (address === 0) return;
    memory.release(address, runAt(address).bytes);
  }

  function realloc(address: Address, bytes: number): Address {
    if (address === 0) return malloc(bytes);
    const before = runAt(address);
    const moved = malloc(bytes);
    const length = Math.min(bytes, before.bytes);
    new Uint8Array(memory.buffer).copyWithin(moved, address, address + length);
    free(address);
    return moved;
  }

  function dispose(): void {
    if (disposed) return;
    disposed = true;
    for (const use of [BLOCK_USE, POOL_USE, ROOT_USE]) {
      for (const { address, bytes } of runsFor(use)) memory.release(address, bytes);
    }
    if (owned) memory.dispose();
  }

  return {
    memory,
    at,
    malloc,
    free,
    realloc,
    calloc(count, bytes) {
      const address = malloc(count * bytes);
      new Uint8Array(memory.buffer, address, count * bytes).fill(0);
      return address;
    },
    usableSize: (address) => runAt(address).bytes,
    walk(visit) {
      for (const { address, bytes } of runsFor(BLOCK_USE)) if (visit({ address, bytes }) === false) return;
    },
    stats() {
      assertUsable();
      const blocks = runsFor(BLOCK_USE);
      const allocatedBytes = blocks.reduce((sum, { bytes }) => sum + bytes, 0);
      const poolsBytes = runsFor(POOL_USE).reduce((sum, { bytes }) => sum + bytes, 0);
      const footprintBytes = allocatedBytes + poolsBytes + PAGE_BYTES;
      return {
        liveBlocks: blocks.length,
        allocatedBytes,
        footprintBytes,
        peakFootprintBytes: footprintBytes,
      };
    },
    verify: () => memory.verify(),
    ...(poolBytes > 0 && {
      pools: {
        poolBytes,
        take: () => memory.reserve(poolBytes, poolBytes, POOL_USE),
        give: (address: Address) => memory.release(address, poolBytes),
      },
    }),
    detach() {
      if (!disposed && owned) memory.detach();
      disposed = true;
    },
    dispose,
    [DISPOSE]: dispose,
  };
}
