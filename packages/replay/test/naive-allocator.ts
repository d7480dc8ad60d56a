/** A correct and slow allocator, and ways to break it. */

import {
  DISPOSE,
  HeapwrightError,
  defineAllocator,
  openMemory,
  type Address,
  type AllocationDomain,
  type AllocatorPlugin,
  type AllocatorStats,
  type AllocatorTraits,
  type BlockAllocator,
} from "@heapwright/core";

/** How an allocator differs from the naive one. */
export interface Variant {
  readonly traits?: Partial<AllocatorTraits>;
  /** The part of the memory that it takes for itself at once. Default: 1, all of it. */
  readonly share?: number;
  /** Replaces members of each allocator that is made. */
  readonly change?: (allocator: BlockAllocator) => Partial<BlockAllocator>;
}

/** Makes a plugin; `created` collects the allocators it makes. */
export function naive(
  { traits, share = 1, change }: Variant = {},
  created: BlockAllocator[] = [],
): AllocatorPlugin {
  return defineAllocator({
    name: "naive",
    traits: { reuses: true, ...traits },
    create(options) {
      const allocator = createNaive({ maxBytes: "1MiB", ...options }, share);
      const changed = { ...allocator, ...change?.(allocator) };
      created.push(changed);
      return changed;
    },
  });
}

/** Blocks of the same rounded length are reused, the last one freed first. */
function createNaive(options: Parameters<typeof openMemory>[0], share: number): BlockAllocator {
  const { memory, owned } = openMemory(options);
  const left = memory.maxBytes - memory.usage().takenBytes;
  const room = Math.floor((left * share) / 4096) * 4096;
  const start = memory.reserve(room, 4096, 1);
  const bytes = new Uint8Array(memory.buffer);
  /** Requested bytes + 1 of the block at each multiple of 16; 0 where none is alive. */
  const lengths = new Uint32Array(memory.maxBytes / 16);
  const spare = new Map<number, Address[]>();
  let top = start;
  let liveBlocks = 0;
  let allocatedBytes = 0;

  const rounded = (size: number): number => Math.max(16, Math.ceil(size / 16) * 16);

  function find(address: Address): number {
    const length = lengths[address / 16] ?? 0;
    if (length > 0) return length - 1;
    throw new HeapwrightError("ERR_BAD_ADDRESS", `No live block starts at ${address}.`);
  }

  function malloc(size: number): Address {
    const length = rounded(size);
    let address = spare.get(length)?.pop();
    if (address === undefined) {
      if (top + length > start + room)
        throw new HeapwrightError("ERR_OUT_OF_MEMORY", `No room for ${size} B.`);
      address = top;
      top += length;
    }
    lengths[address / 16] = size + 1;
    liveBlocks++;
    allocatedBytes += length;
    // Old contents must not pass for new ones.
    bytes.fill(0xdd, address, address + Math.min(length, 64));
    return address;
  }

  function calloc(count: number, size: number): Address {
    const address = malloc(count * size);
    bytes.fill(0, address, address + count * size);
    return address;
  }

  function realloc(address: Address, size: number): Address {
    if (address === 0) return malloc(size);
    const kept = Math.min(find(address), size);
    const moved = malloc(size);
    bytes.copyWithin(moved, address, address + kept);
    free(address);
    return moved;
  }

  function free(address: Address): void {
    if (address === 0) return;
    const length = rounded(find(address));
    lengths[address / 16] = 0;
    liveBlocks--;
    allocatedBytes -= length;
    const addresses = spare.get(length);
    if (addresses) addresses.push(address);
    else spare.set(length, [address]);
  }

  function dispose(): void {
    if (owned) memory.dispose();
  }

  return {
    memory,
    malloc,
    calloc,
    realloc,
    free,
    usableSize: (address) => rounded(find(address)),
    walk(visit) {
      for (let address = start; address < top; address += 16) {
        if (lengths[address / 16] === 0) continue;
        if (visit({ address, bytes: rounded(find(address)) }) === false) return;
      }
    },
    stats(): AllocatorStats {
      const footprintBytes = top - start;
      return { liveBlocks, allocatedBytes, footprintBytes, peakFootprintBytes: footprintBytes };
    },
    verify() {
      memory.verify();
    },
    dispose,
    [DISPOSE]: dispose,
  };
}

/** A domain that notes its calls. */
export function noting(name: string, calls: string[], inner: AllocationDomain): AllocationDomain {
  return {
    malloc(bytes) {
      calls.push(`${name} malloc ${bytes}`);
      return inner.malloc(bytes);
    },
    calloc(count, bytes) {
      calls.push(`${name} calloc ${count * bytes}`);
      return inner.calloc(count, bytes);
    },
    realloc(address, bytes) {
      calls.push(`${name} realloc ${bytes}`);
      return inner.realloc(address, bytes);
    },
    free(address) {
      calls.push(`${name} free`);
      inner.free(address);
    },
  };
}
