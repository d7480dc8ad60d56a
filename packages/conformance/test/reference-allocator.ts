/**
 * A small, slow and obviously correct allocator: it keeps every rule and has every trait.
 *
 * Blocks lie in chunks, which are runs of pages. A request takes the first gap that is long enough, in the youngest chunk that has one, or a new chunk.
 * Which blocks are live is known from lists beside the memory, so no address has to be guessed at. A chunk goes back to
 * the memory with its last block.
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
  type BlockAllocator,
  type DomainName,
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
const CHUNK_USE = 1;

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
    detects: ["double-free", "interior-address"],
  },
  create: createReference,
});

function createReference(options: AllocatorOptions = {}): BlockAllocator {
  const { memory, owned } = openMemory(options);
  if (memory.maxBytes < 2 * ARENA_BYTES) {
    if (owned) memory.dispose();
    throw new HeapwrightError("ERR_BUFFER_TOO_SMALL", `${memory.maxBytes} B have no room for an arena.`);
  }

  const chunks: Chunk[] = [];
  const freed = new Set<Address>();
  let peakFootprintBytes = 0;
  let peakArenas = 0;
  let totalArenas = 0;
  let disposed = false;

  function assertUsable(): void {
    if (disposed) throw new HeapwrightError("ERR_DISPOSED", "This allocator was disposed.");
    assertAttached(memory.buffer);
  }

  // ── Chunks ────────────────────────────────────────────────────────────────

  function takeChunk(bytes: number): Chunk {
    const chunkBytes = Math.max(ARENA_BYTES, Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES);
    const address = memory.reserve(chunkBytes, PAGE_BYTES, CHUNK_USE);
    if (address === 0) throw outOfMemory(bytes);
    const chunk = { address, bytes: chunkBytes, blocks: [] };
    chunks.unshift(chunk);
    if (chunkBytes === ARENA_BYTES) totalArenas++;
    peakArenas = Math.max(peakArenas, arenaCount());
    peakFootprintBytes = Math.max(peakFootprintBytes, footprintBytes());
    return chunk;
  }

  function releaseChunk(chunk: Chunk): void {
    chunks.splice(chunks.indexOf(chunk), 1);
    memory.release(chunk.address, chunk.bytes);
  }

  function footprintBytes(): number {
    return chunks.reduce((sum, { bytes }) => sum + bytes, 0);
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
    let address = chunk.address;
    for (let index = 0; index <= chunk.blocks.length; index++) {
      const next = chunk.blocks[index];
      const gapEnd = next ? next.address : chunk.address + chunk.bytes;
      if (gapEnd - address >= bytes) {
        chunk.blocks.splice(index, 0, { address, bytes, domain });
        return address;
      }
      if (next) address = next.address + next.bytes;
    }
    return undefined;
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
    chunk.blocks.splice(chunk.blocks.indexOf(block), 1);
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
    for (const chunk of [...chunks]) releaseChunk(chunk);
    if (owned) memory.dispose();
  }

  return {
    memory,
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
