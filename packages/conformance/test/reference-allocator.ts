/**
 * A small, slow and obviously correct allocator: it keeps every rule and has every trait.
 *
 * Blocks lie in chunks, which are runs of pages. A request takes the first gap that is long enough, in the youngest chunk
 * that has one, or a new chunk. Which blocks are live is known from lists beside the memory, so no address has to be
 * guessed at. A chunk goes back to the memory with its last block.
 *
 * What the lists say is also written down in the memory, for whoever attaches: in front of each block, and of the first
 * one of a chunk, is a record that leads to the next block. The root, a page of its own, has the figures and the pools.
 *
 * `mutants.ts` breaks it, a few lines at a time.
 */

import {
  BLOCK_ALIGNMENT,
  DISPOSE,
  HeapwrightError,
  PAGE_BYTES,
  assertAttached,
  checkSize,
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
} from "@heapwright/core";

interface LiveBlock {
  readonly address: Address;
  /** Usable bytes. */
  readonly bytes: number;
  readonly domain: DomainName;
}

interface Chunk {
  readonly address: Address;
  readonly bytes: number;
  /** By rising address. */
  readonly blocks: LiveBlock[];
}

/** Chunks of this length count as arenas; a longer one is made for a single block. */
const ARENA_BYTES: number = 64 * 1024;
const POOL_BYTES: number = 16 * 1024;

/** What runs of pages are taken for. */
const CHUNK_USE = 1;
const ROOT_USE = 2;
const POOL_USE = 3;

/** Bytes in front of a block: the next block's address (0: none), the block's length, and its domain. */
const RECORD_BYTES = 16;
const DOMAINS: readonly DomainName[] = ["raw", "mem", "obj"];

/** The root's words: a stamp, three figures, how many chunks there ever were, and from here on the addresses of pools. */
const ROOT_CHUNKS = 4;
const ROOT_POOLS = 16;
const STAMP = 0x5245_4601;

/** See `reference-allocator.ts`. */
export const reference: AllocatorPlugin = defineAllocator({
  name: "reference",
  summary: "First fit in a list of chunks.",
  traits: {
    reuses: true,
    returns: true,
    resets: true,
    domains: true,
    arenas: true,
    pools: true,
    attaches: true,
    detects: ["double-free", "interior-address"],
  },
  create: createReference,
  attach: attachReference,
});

function createReference(options: AllocatorOptions = {}): BlockAllocator {
  const { memory, owned } = openMemory(options);
  const fits = memory.maxBytes >= 2 * ARENA_BYTES;
  const at = fits ? memory.reserveZeroed(PAGE_BYTES, PAGE_BYTES, ROOT_USE) : 0;
  if (at === 0) {
    if (owned) memory.dispose();
    throw new HeapwrightError("ERR_BUFFER_TOO_SMALL", `${memory.maxBytes} B have no room for an arena.`);
  }
  new Int32Array(memory.buffer, at, 4).set([STAMP, 0, 0, PAGE_BYTES]);
  return referenceOver(memory, owned, at);
}

function attachReference(memory: Memory, { at }: AttachOptions = {}): BlockAllocator {
  memory.verify();
  const roots = memory
    .runs()
    .filter(({ address, use }) => use === ROOT_USE && new Int32Array(memory.buffer, address, 1)[0] === STAMP)
    .map(({ address }) => address)
    .filter((address) => at === undefined || address === at);
  if (roots.length === 0) throw new HeapwrightError("ERR_NO_HEAP", "No reference allocator is there.");
  if (roots.length > 1) throw new HeapwrightError("ERR_BAD_OPTION", `There are some at ${roots.join(", ")}.`);
  return referenceOver(memory, false, roots[0]!);
}

/** The chunks of the allocator with a root, as their records tell, the youngest first. */
function chunksOf(memory: Memory, at: Address): Chunk[] {
  const recordOf = (chunk: Address): Int32Array => new Int32Array(memory.buffer, chunk, 3);
  return memory
    .runs()
    .filter(({ address, use }) => use === CHUNK_USE && recordOf(address)[1] === at)
    .sort((left, right) => recordOf(right.address)[2]! - recordOf(left.address)[2]!)
    .map(({ address, bytes }) => ({ address, bytes, blocks: blocksOf(memory, address) }));
}

function blocksOf(memory: Memory, chunk: Address): LiveBlock[] {
  const words = new Int32Array(memory.buffer, 0, memory.buffer.byteLength >> 2);
  const blocks: LiveBlock[] = [];
  for (let address = words[chunk / 4]!; address !== 0; address = words[(address - RECORD_BYTES) / 4]!) {
    const [, bytes, domain] = words.subarray((address - RECORD_BYTES) / 4);
    blocks.push({ address, bytes: bytes!, domain: DOMAINS[domain!]! });
  }
  return blocks;
}

function referenceOver(memory: Memory, owned: boolean, at: Address): BlockAllocator {
  const root = new Int32Array(memory.buffer, at, PAGE_BYTES / 4);
  const heapPools = root.subarray(ROOT_POOLS);
  const chunks: Chunk[] = chunksOf(memory, at);
  const freed = new Set<Address>();
  let [, totalArenas, peakArenas, peakFootprintBytes] = root as Iterable<number> as [
    0,
    number,
    number,
    number,
  ];
  let disposed = false;

  function assertUsable(): void {
    if (disposed) throw new HeapwrightError("ERR_DISPOSED", "This allocator was disposed.");
    assertAttached(memory.buffer);
  }

  // ── Chunks ────────────────────────────────────────────────────────────────

  function takeChunk(bytes: number): Chunk {
    const neededBytes = bytes + 2 * RECORD_BYTES;
    const chunkBytes = Math.max(ARENA_BYTES, Math.ceil(neededBytes / PAGE_BYTES) * PAGE_BYTES);
    const address = memory.reserve(chunkBytes, PAGE_BYTES, CHUNK_USE);
    if (address === 0) throw outOfMemory(bytes);
    const chunk = { address, bytes: chunkBytes, blocks: [] };
    chunks.unshift(chunk);
    if (chunkBytes === ARENA_BYTES) totalArenas++;
    peakArenas = Math.max(peakArenas, arenaCount());
    noteFootprint();
    new Int32Array(memory.buffer, address, 3).set([0, at, ++root[ROOT_CHUNKS]!]);
    return chunk;
  }

  function noteFootprint(): void {
    peakFootprintBytes = Math.max(peakFootprintBytes, footprintBytes());
    root.set([totalArenas, peakArenas, peakFootprintBytes], 1);
  }

  function releaseChunk(chunk: Chunk): void {
    chunks.splice(chunks.indexOf(chunk), 1);
    memory.release(chunk.address, chunk.bytes);
  }

  function footprintBytes(): number {
    const poolBytes = heapPools.filter((pool) => pool !== 0).length * POOL_BYTES;
    return chunks.reduce((sum, { bytes }) => sum + bytes, PAGE_BYTES + poolBytes);
  }

  function arenaCount(): number {
    return chunks.filter(({ bytes }) => bytes === ARENA_BYTES).length;
  }

  // ── Blocks ────────────────────────────────────────────────────────────────

  function outOfMemory(bytes: number): HeapwrightError {
    return new HeapwrightError(
      "ERR_OUT_OF_MEMORY",
      `There is no room for ${bytes} B in ${memory.maxBytes} B.`,
    );
  }

  function usableBytesFor(bytes: number): number {
    return Math.max(1, Math.ceil(bytes / BLOCK_ALIGNMENT)) * BLOCK_ALIGNMENT;
  }

  /** Puts a block into the first gap of a chunk that is long enough. */
  function place(chunk: Chunk, bytes: number, domain: DomainName): Address | undefined {
    let address = chunk.address + 2 * RECORD_BYTES;
    for (let index = 0; index <= chunk.blocks.length; index++) {
      const next = chunk.blocks[index];
      const gapEnd = next ? next.address - RECORD_BYTES : chunk.address + chunk.bytes;
      if (gapEnd - address >= bytes) {
        chunk.blocks.splice(index, 0, { address, bytes, domain });
        const record = new Int32Array(memory.buffer, address - RECORD_BYTES, 3);
        record.set([next?.address ?? 0, bytes, DOMAINS.indexOf(domain)]);
        linkTo(chunk, index, address);
        return address;
      }
      if (next) address = next.address + next.bytes + RECORD_BYTES;
    }
    return undefined;
  }

  /** Writes the address of a chunk's block, or 0, where the one before leads on. */
  function linkTo(chunk: Chunk, index: number, address: Address): void {
    const before = index > 0 ? chunk.blocks[index - 1]!.address - RECORD_BYTES : chunk.address;
    new Int32Array(memory.buffer, before, 1)[0] = address;
  }

  function allocate(bytes: number, domain: DomainName): Address {
    assertUsable();
    checkSize(bytes);
    if (bytes >= memory.maxBytes) throw outOfMemory(bytes);
    const usableBytes = usableBytesFor(bytes);
    let address: Address | undefined;
    for (const chunk of chunks) address ??= place(chunk, usableBytes, domain);
    address ??= place(takeChunk(usableBytes), usableBytes, domain)!;
    freed.delete(address);
    return address;
  }

  function find(address: Address): { readonly chunk: Chunk; readonly block: LiveBlock } {
    const chunk = chunks.find((each) => each.address <= address && address < each.address + each.bytes);
    const block = chunk?.blocks.find((each) => each.address === address);
    if (chunk && block) return { chunk, block };
    if (isInside(address)) throw new HeapwrightError("ERR_BAD_ADDRESS", `${address} is inside a block.`);
    if (freed.has(address))
      throw new HeapwrightError("ERR_DOUBLE_FREE", `The block at ${address} was freed.`);
    throw new HeapwrightError("ERR_BAD_ADDRESS", `No block begins at ${address}.`);
  }

  function isInside(address: Address): boolean {
    return liveBlocks().some((block) => block.address < address && address < block.address + block.bytes);
  }

  function findIn(
    address: Address,
    domain: DomainName,
  ): { readonly chunk: Chunk; readonly block: LiveBlock } {
    const found = find(address);
    if (found.block.domain === domain) return found;
    throw new HeapwrightError(
      "ERR_WRONG_DOMAIN",
      `The block at ${address} is of ${found.block.domain}, not ${domain}.`,
    );
  }

  function remove({ chunk, block }: { readonly chunk: Chunk; readonly block: LiveBlock }): void {
    const index = chunk.blocks.indexOf(block);
    chunk.blocks.splice(index, 1);
    linkTo(chunk, index, chunk.blocks[index]?.address ?? 0);
    freed.add(block.address);
    if (chunk.blocks.length === 0) releaseChunk(chunk);
  }

  function liveBlocks(): LiveBlock[] {
    return chunks.flatMap(({ blocks }) => blocks);
  }

  // ── The contract ──────────────────────────────────────────────────────────

  function domainCalls(domain: DomainName): AllocationDomain {
    return {
      malloc: (bytes) => allocate(bytes, domain),

      calloc(count, bytes) {
        assertUsable();
        const product = checkSize(count) * checkSize(bytes);
        if (product >= memory.maxBytes) throw outOfMemory(product);
        const address = allocate(product, domain);
        new Uint8Array(memory.buffer, address, product).fill(0);
        return address;
      },

      realloc(address, bytes) {
        if (address === 0) return allocate(bytes, domain);
        assertUsable();
        checkSize(bytes);
        const old = findIn(address, domain);
        const moved = allocate(bytes, domain);
        const keptBytes = Math.min(old.block.bytes, bytes);
        new Uint8Array(memory.buffer).copyWithin(moved, address, address + keptBytes);
        remove(old);
        return moved;
      },

      free(address) {
        assertUsable();
        if (address === 0) return;
        remove(findIn(address, domain));
      },
    };
  }

  const domains = { raw: domainCalls("raw"), mem: domainCalls("mem"), obj: domainCalls("obj") };

  const pools = {
    poolBytes: POOL_BYTES,

    take(): Address {
      assertUsable();
      const slot = heapPools.indexOf(0);
      const address = slot === -1 ? 0 : memory.reserve(POOL_BYTES, POOL_BYTES, POOL_USE);
      if (address !== 0) heapPools[slot] = address;
      noteFootprint();
      return address;
    },

    give(address: Address): void {
      assertUsable();
      const slot = address > 0 ? heapPools.indexOf(address) : -1;
      if (slot === -1) throw new HeapwrightError("ERR_BAD_ADDRESS", `No pool begins at ${address}.`);
      heapPools[slot] = 0;
      memory.release(address, POOL_BYTES);
    },
  };

  function reset(): void {
    assertUsable();
    for (const chunk of [...chunks]) releaseChunk(chunk);
    freed.clear();
  }

  function verify(): void {
    assertUsable();
    const lost = chunks.filter(({ address }) => memory.useOf(address) !== CHUNK_USE);
    if (lost.length > 0)
      throw new HeapwrightError("ERR_CORRUPT_MEMORY", `${lost.length} chunks are not taken.`);
    memory.verify();
  }

  function dispose(): void {
    if (disposed) return;
    disposed = true;
    if (memory.useOf(at) === ROOT_USE) releaseRoot();
    for (const chunk of [...chunks]) releaseChunk(chunk);
    if (owned) memory.dispose();
  }

  function releaseRoot(): void {
    for (const pool of heapPools) if (pool !== 0) memory.release(pool, POOL_BYTES);
    root[0] = 0;
    memory.release(at, PAGE_BYTES);
  }

  function detach(): void {
    if (!disposed && owned) memory.detach();
    disposed = true;
  }

  return {
    memory,
    at,
    pools,
    detach,
    ...domains.obj,
    domains,
    reset,
    verify,
    dispose,
    [DISPOSE]: dispose,

    usableSize(address) {
      assertUsable();
      return find(address).block.bytes;
    },

    walk(visit) {
      assertUsable();
      for (const { address, bytes } of liveBlocks()) if (visit({ address, bytes }) === false) return;
    },

    stats() {
      assertUsable();
      const blocks = liveBlocks();
      return {
        liveBlocks: blocks.length,
        allocatedBytes: blocks.reduce((sum, { bytes }) => sum + bytes, 0),
        footprintBytes: footprintBytes(),
        peakFootprintBytes,
        arenas: { arenaBytes: ARENA_BYTES, current: arenaCount(), peak: peakArenas, total: totalArenas },
      };
    },
  };
}
