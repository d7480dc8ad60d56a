/**
 * Allocators that differ from the reference allocator by a few lines and break one rule each. The kit must catch each of
 * them, by that rule and by no other.
 *
 * A mutant is a list of changes to the text of `reference-allocator.ts`, so what is shown here is all the difference
 * there is.
 */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { AllocatorPlugin } from "@heapwright/core";

import type { AllocatorRule } from "../src/index.js";

/** Text that is in the reference allocator exactly once, and what stands there instead. */
export type Change = readonly [from: string, to: string];

/** An allocator that breaks one rule. */
export interface Mutant {
  /** A sentence that reads well after "an allocator that". */
  readonly name: string;
  readonly breaks: AllocatorRule;
  readonly changes: readonly Change[];
  /** Declarations that the changes use. */
  readonly also?: string;
}

/** By the rules in the order of the catalogue. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "was written for another version of the contract",
    breaks: "plugin-shape",
    changes: [],
    also: "(reference as { api: number }).api = 0;",
  },
  {
    name: "cannot be made without options",
    breaks: "plugin-shape",
    changes: [
      ["openMemory(options);", "openMemory(options);\n  parseByteSize(options.maxBytes!, 'maxBytes');"],
    ],
    also: 'import { parseByteSize } from "@heapwright/core";',
  },
  {
    name: "has arenas that its traits do not tell of",
    breaks: "traits-told",
    changes: [["    arenas: true,\n", ""]],
  },
  {
    name: "has a reset that its traits do not tell of",
    breaks: "traits-told",
    changes: [["    resets: true,\n", ""]],
  },
  {
    name: "has pools that its traits do not tell of",
    breaks: "traits-told",
    changes: [["    pools: true,\n", ""]],
  },
  {
    name: "can be attached, which its traits do not tell",
    breaks: "traits-told",
    changes: [["    attaches: true,\n", ""]],
  },
  {
    name: "takes a negative maxBytes for the default",
    breaks: "bad-option",
    changes: [["openMemory(options);", "openMemory(Number(options.maxBytes) < 0 ? {} : options);"]],
  },

  {
    name: "aligns to 8 bytes",
    breaks: "aligned",
    changes: [
      [
        "Math.max(1, Math.ceil(bytes / BLOCK_ALIGNMENT)) * BLOCK_ALIGNMENT",
        "Math.max(1, Math.ceil(bytes / 8)) * 8",
      ],
    ],
  },
  {
    name: "tells of one usable byte too few",
    breaks: "usable-size",
    changes: [
      ["return find(address).block.bytes;", "return find(address).block.bytes - 1;"],
      ["if (visit({ address, bytes }) === false)", "if (visit({ address, bytes: bytes - 1 }) === false)"],
      [
        "(sum, { bytes }) => sum + bytes, 0),\n        footprint",
        "(sum, { bytes }) => sum + bytes - 1, 0),\n        footprint",
      ],
    ],
  },
  {
    name: "puts a block into a gap that is 32 bytes too short",
    breaks: "no-overlap",
    changes: [
      ["gapEnd - address >= bytes)", "gapEnd - address >= (next && bytes > 64 ? bytes - 32 : bytes))"],
    ],
  },
  {
    name: "grows a block by 32 bytes into its neighbour",
    breaks: "no-overlap",
    changes: [
      [
        "        const moved = allocate(bytes, domain);\n",
        `        const { block, chunk } = old;
        if (bytes > block.bytes && bytes <= block.bytes + 32 && address + bytes <= chunk.address + chunk.bytes) {
          chunk.blocks[chunk.blocks.indexOf(block)] = { ...block, bytes: block.bytes + 32 };
          return address;
        }
        const moved = allocate(bytes, domain);\n`,
      ],
    ],
  },
  {
    name: "returns 0 when asked for 0 bytes",
    breaks: "zero-size",
    changes: [
      [
        "    const usableBytes = usableBytesFor(bytes);\n",
        "    if (bytes === 0) return 0;\n    const usableBytes = usableBytesFor(bytes);\n",
      ],
    ],
  },
  {
    name: "frees a block that is reallocated to 0 bytes",
    breaks: "zero-size",
    changes: [
      [
        "        const moved = allocate(bytes, domain);\n",
        "        if (bytes === 0) return remove(old), 0;\n        const moved = allocate(bytes, domain);\n",
      ],
    ],
  },
  {
    name: "rounds down when the checks are off",
    breaks: "checks-off",
    changes: [
      [
        "    return Math.max(1, Math.ceil(",
        "    if (root[5] === 1) return Math.max(1, Math.floor(bytes / 256)) * 256;\n    return Math.max(1, Math.ceil(",
      ],
      [
        "  return referenceOver(memory, owned, at);",
        "  new Int32Array(memory.buffer, at)[5] = options.checks === false ? 1 : 0;\n  return referenceOver(memory, owned, at);",
      ],
    ],
  },

  {
    name: "does not clear what calloc returns",
    breaks: "calloc-clears",
    changes: [["        new Uint8Array(memory.buffer, address, product).fill(0);\n", ""]],
  },
  {
    name: "trusts new chunks to be 0",
    breaks: "calloc-clears",
    changes: [
      [
        "        const address = allocate(product, domain);\n",
        "        const before = chunks.length;\n        const address = allocate(product, domain);\n",
      ],
      [
        "        new Uint8Array(memory.buffer, address, product).fill(0);",
        "        if (chunks.length === before) new Uint8Array(memory.buffer, address, product).fill(0);",
      ],
    ],
  },
  {
    name: "leaves the last byte of calloc's block as it was",
    breaks: "calloc-clears",
    changes: [
      [
        "new Uint8Array(memory.buffer, address, product).fill(0)",
        "new Uint8Array(memory.buffer, address, product).fill(0, 0, -1)",
      ],
    ],
  },
  {
    name: "multiplies count and bytes in 32 bits",
    breaks: "calloc-overflow",
    changes: [
      ["checkSize(count) * checkSize(bytes);", "Math.imul(checkSize(count), checkSize(bytes)) >>> 0;"],
    ],
  },
  {
    name: "copies one byte too few when it reallocates",
    breaks: "realloc-keeps",
    changes: [["Math.min(old.block.bytes, bytes);", "Math.min(old.block.bytes, bytes) - 1;"]],
  },
  {
    name: "keeps only the first half of a block that shrinks",
    breaks: "realloc-keeps",
    changes: [
      ["Math.min(old.block.bytes, bytes);", "bytes < old.block.bytes ? bytes >> 1 : old.block.bytes;"],
    ],
  },
  {
    name: "finds no block at address 0 to reallocate",
    breaks: "realloc-null",
    changes: [["        if (address === 0) return allocate(bytes, domain);\n", ""]],
  },
  {
    name: "frees the old block before it has the new one",
    breaks: "realloc-failure",
    changes: [
      [
        "        const moved = allocate(bytes, domain);\n",
        "        old.chunk.blocks.splice(old.chunk.blocks.indexOf(old.block), 1);\n        const moved = allocate(bytes, domain);\n",
      ],
      ["        remove(old);\n", "        if (old.chunk.blocks.length === 0) releaseChunk(old.chunk);\n"],
    ],
  },
  {
    name: "shortens the old block when there is no room for a longer one",
    breaks: "realloc-failure",
    changes: [
      [
        "        const moved = allocate(bytes, domain);\n",
        `        const moved = attempt(() => allocate(bytes, domain), () => {
          const { block, chunk } = old;
          chunk.blocks[chunk.blocks.indexOf(block)] = { ...block, bytes: 16 };
        });\n`,
      ],
    ],
    also: `function attempt(call: () => Address, failed: () => void): Address {
  try {
    return call();
  } catch (error) {
    failed();
    throw error;
  }
}`,
  },
  {
    name: "throws when address 0 is freed",
    breaks: "free-null",
    changes: [["        if (address === 0) return;\n", ""]],
  },
  {
    name: "leaks what is freed",
    breaks: "reuses",
    changes: [
      ["    returns: true,\n", ""],
      [
        "  const freed = new Set<Address>();\n",
        "  const freed = new Set<Address>();\n  const tops = new Map<Chunk, Address>();\n",
      ],
      [
        "    let address = chunk.address + 2 * RECORD_BYTES;\n",
        `    const last = chunk.blocks.at(-1);
    const end = last ? last.address + last.bytes : chunk.address + RECORD_BYTES;
    let address = tops.get(chunk) ?? end + RECORD_BYTES;\n`,
      ],
      ["for (let index = 0; index <=", "for (let index = chunk.blocks.length; index <="],
      [
        "        chunk.blocks.splice(index, 0, {",
        "        tops.set(chunk, address + bytes + RECORD_BYTES);\n        chunk.blocks.splice(index, 0, {",
      ],
      ["    if (chunk.blocks.length === 0) releaseChunk(chunk);\n", ""],
    ],
  },
  {
    name: "keeps empty chunks",
    breaks: "returns",
    changes: [["    if (chunk.blocks.length === 0) releaseChunk(chunk);\n", ""]],
  },
  {
    name: "keeps empty chunks that are longer than an arena",
    breaks: "returns",
    changes: [
      [
        "if (chunk.blocks.length === 0) releaseChunk",
        "if (chunk.blocks.length === 0 && chunk.bytes === ARENA_BYTES) releaseChunk",
      ],
    ],
  },

  {
    name: "counts one block too many",
    breaks: "stats-count",
    changes: [["liveBlocks: blocks.length,", "liveBlocks: blocks.length + 1,"]],
  },
  {
    name: "leaves the smallest blocks out of the bytes it counts",
    breaks: "stats-count",
    changes: [
      [
        "(sum, { bytes }) => sum + bytes, 0),\n        footprint",
        "(sum, { bytes }) => (bytes > 16 ? sum + bytes : sum), 0),\n        footprint",
      ],
    ],
  },
  {
    name: "forgets the peak of its footprint",
    breaks: "stats-order",
    changes: [["        peakFootprintBytes,\n", "        peakFootprintBytes: footprintBytes(),\n"]],
  },
  {
    name: "tells of a peak below the footprint",
    breaks: "stats-order",
    changes: [
      ["        peakFootprintBytes,\n", "        peakFootprintBytes: Math.max(0, peakFootprintBytes - 1),\n"],
    ],
  },
  {
    name: "hands out the same figures again and again",
    breaks: "stats-snapshot",
    changes: [
      ["      return {\n        liveBlocks", "      return Object.assign(figures, {\n        liveBlocks"],
      ["total: totalArenas },\n      };", "total: totalArenas },\n      });"],
      [
        "  const freed = new Set<Address>();\n",
        "  const freed = new Set<Address>();\n  const figures = {} as AllocatorStats;\n",
      ],
    ],
    also: 'import type { AllocatorStats } from "@heapwright/core";',
  },
  {
    name: "forgets the peak of its arenas",
    breaks: "arena-stats",
    changes: [["peak: peakArenas,", "peak: arenaCount(),"]],
  },
  {
    name: "counts the arenas it has for those it ever had",
    breaks: "arena-stats",
    changes: [["total: totalArenas }", "total: arenaCount() }"]],
  },
  {
    name: "forgets a block in walk",
    breaks: "walk",
    changes: [["of liveBlocks()) if (visit", "of liveBlocks().slice(1)) if (visit"]],
  },
  {
    name: "shows a block twice in walk",
    breaks: "walk",
    changes: [["of liveBlocks()) if (visit", "of [...liveBlocks(), ...liveBlocks().slice(0, 1)]) if (visit"]],
  },
  {
    name: "shows another length in walk than usableSize tells",
    breaks: "walk",
    changes: [
      ["if (visit({ address, bytes }) === false)", "if (visit({ address, bytes: bytes - 16 }) === false)"],
    ],
  },
  {
    name: "walks on when visit returns false",
    breaks: "walk-stops",
    changes: [["if (visit({ address, bytes }) === false) return;", "visit({ address, bytes });"]],
  },

  {
    name: "complains in verify after a block has shrunk",
    breaks: "verify-passes",
    changes: [
      ["  let disposed = false;\n", "  let disposed = false;\n  let damaged = false;\n"],
      ["        remove(old);\n", "        remove(old);\n        damaged ||= bytes < old.block.bytes;\n"],
      ["if (lost.length > 0)", "if (lost.length > 0 || damaged)"],
    ],
  },
  {
    name: "complains about nothing in verify",
    breaks: "verify-complains",
    changes: [
      ["    if (lost.length > 0)", "    if (lost.length < 0)"],
      ["    memory.verify();\n", ""],
    ],
  },
  {
    name: "complains in verify after it refused a size",
    breaks: "after-errors",
    changes: [
      ["  let disposed = false;\n", "  let disposed = false;\n  let damaged = false;\n"],
      [
        "    if (bytes >= memory.maxBytes) throw",
        "    damaged ||= bytes >= memory.maxBytes;\n    if (bytes >= memory.maxBytes) throw",
      ],
      ["if (lost.length > 0)", "if (lost.length > 0 || damaged)"],
    ],
  },

  {
    name: "rounds fractions up",
    breaks: "bad-size",
    changes: [
      [
        "    assertUsable();\n    checkSize(bytes);\n",
        "    assertUsable();\n    bytes = checkSize(Math.ceil(bytes));\n",
      ],
    ],
  },
  {
    name: "takes what is no number for 0",
    breaks: "bad-size",
    changes: [
      [
        "    assertUsable();\n    checkSize(bytes);\n",
        "    assertUsable();\n    bytes = checkSize(bytes || 0);\n",
      ],
    ],
  },
  {
    name: "checks only the product of count and bytes",
    breaks: "bad-size",
    changes: [["checkSize(count) * checkSize(bytes);", "checkSize(count * bytes);"]],
  },
  {
    name: "returns 0 when the memory is full",
    breaks: "out-of-memory",
    changes: [
      ["    if (address === 0) throw outOfMemory(bytes);\n", "    if (address === 0) return undefined;\n"],
      [
        "        const moved = allocate(bytes, domain);\n",
        "        const moved = allocate(bytes, domain);\n        if (moved === 0) return 0;\n",
      ],
      [
        "place(takeChunk(usableBytes), usableBytes, domain)!;",
        "placeInNew(usableBytes, domain);\n    if (address === 0) return 0;",
      ],
      [
        "  function takeChunk(bytes: number): Chunk {",
        "  function placeInNew(bytes: number, domain: DomainName): Address {\n    const chunk = takeChunk(bytes);\n    return chunk ? place(chunk, bytes, domain)! : 0;\n  }\n\n  function takeChunk(bytes: number): Chunk | undefined {",
      ],
    ],
  },
  {
    name: "throws an error of its own for a huge size",
    breaks: "out-of-memory",
    changes: [
      [
        "    if (bytes >= memory.maxBytes) throw outOfMemory(bytes);",
        "    if (bytes >= memory.maxBytes) throw new RangeError(`${bytes} B`);",
      ],
    ],
  },
  {
    name: "takes a size modulo 4 GiB",
    breaks: "out-of-memory",
    changes: [
      [
        "malloc: (bytes) => allocate(bytes, domain),",
        "malloc: (bytes) => allocate(checkSize(bytes) % 2 ** 32, domain),",
      ],
    ],
  },
  {
    name: "does not ask the memory again after a refusal",
    breaks: "refused-growth",
    changes: [
      ["  let disposed = false;\n", "  let disposed = false;\n  let full = false;\n"],
      [
        "    if (address === 0) throw outOfMemory(bytes);",
        "    full ||= address === 0;\n    if (full) throw outOfMemory(bytes);",
      ],
      [
        "    memory.release(chunk.address, chunk.bytes);\n",
        "    memory.release(chunk.address, chunk.bytes);\n    full = false;\n",
      ],
    ],
  },
  {
    name: "keeps its root when there is no room for a second page",
    breaks: "refused-growth",
    changes: [
      [
        "  if (at === 0) {\n",
        "  const second = at === 0 ? 0 : memory.reserve(PAGE_BYTES, PAGE_BYTES, 4);\n  if (second !== 0) memory.release(second, PAGE_BYTES);\n  if (second === 0) {\n",
      ],
    ],
  },
  {
    name: "takes an address modulo 4 GiB",
    breaks: "bad-address",
    changes: [["    const chunk = chunks.find(", "    address %= 2 ** 32;\n    const chunk = chunks.find("]],
  },
  {
    name: "rounds an address down",
    breaks: "bad-address",
    changes: [
      [
        "    const chunk = chunks.find(",
        "    address = Math.floor(address);\n    const chunk = chunks.find(",
      ],
    ],
  },
  {
    name: "ignores free of an address that was never a block",
    breaks: "bad-address",
    changes: [
      [
        "        if (address === 0) return;\n",
        "        if (address === 0) return;\n        if (memory.useOf(address) !== POOL_USE && !freed.has(address) && !liveBlocks().some((block) => Math.floor(address / 16) * 16 >= block.address && address < block.address + block.bytes)) return;\n",
      ],
    ],
  },
  {
    name: "ignores a second free",
    breaks: "double-free",
    changes: [
      ["        if (address === 0) return;\n", "        if (address === 0 || freed.has(address)) return;\n"],
    ],
  },
  {
    name: "has the wrong code for a second free",
    breaks: "double-free",
    changes: [['"ERR_DOUBLE_FREE", `The block', '"ERR_BAD_ADDRESS", `The block']],
  },
  {
    name: "tells the usable size of a freed block",
    breaks: "use-after-free",
    changes: [
      [
        "      return find(address).block.bytes;",
        "      return freed.has(address) ? 16 : find(address).block.bytes;",
      ],
    ],
  },
  {
    name: "makes a new block when a freed one is reallocated",
    breaks: "use-after-free",
    changes: [
      ["if (address === 0) return allocate", "if (address === 0 || freed.has(address)) return allocate"],
    ],
  },
  {
    name: "ignores free of an address inside a block",
    breaks: "interior-address",
    changes: [
      [
        "        if (address === 0) return;\n",
        "        if (address === 0 || (address % 16 === 0 && isInside(address))) return;\n",
      ],
    ],
  },
  {
    name: "tells the usable size from an address inside a block on",
    breaks: "interior-address",
    changes: [
      [
        "      return find(address).block.bytes;",
        "      if (address % 16 === 0 && isInside(address)) return 16;\n      return find(address).block.bytes;",
      ],
    ],
  },

  {
    name: "throws when it is disposed twice",
    breaks: "dispose-twice",
    changes: [
      ["    if (disposed) return;", '    if (disposed) throw new HeapwrightError("ERR_DISPOSED", "twice");'],
    ],
  },
  {
    name: "does nothing at the end of a using block",
    breaks: "dispose-twice",
    changes: [["    [DISPOSE]: dispose,\n", "    [DISPOSE]: () => undefined,\n"]],
  },
  {
    name: "tells figures after it was disposed",
    breaks: "dispose-refuses",
    changes: [["    stats() {\n      assertUsable();\n", "    stats() {\n"]],
  },
  {
    name: "walks after it was disposed",
    breaks: "dispose-refuses",
    changes: [["    walk(visit) {\n      assertUsable();\n", "    walk(visit) {\n"]],
  },
  {
    name: "keeps its chunks when it is disposed",
    breaks: "dispose-runs",
    changes: [
      ["    for (const chunk of [...chunks]) releaseChunk(chunk);\n    if (owned)", "    if (owned)"],
    ],
  },
  {
    name: "keeps its buffer when it is disposed",
    breaks: "dispose-buffer",
    changes: [["    if (owned) memory.dispose();\n  }", "  }"]],
  },

  {
    name: "copies through a view that does not see a buffer grow",
    breaks: "memories",
    changes: [
      [
        "  const freed = new Set<Address>();\n",
        "  const bytesAtFirst = new Uint8Array(memory.buffer, 0, memory.buffer.byteLength);\n  const freed = new Set<Address>();\n",
      ],
      ["        new Uint8Array(memory.buffer).copyWithin(", "        bytesAtFirst.copyWithin("],
    ],
  },
  {
    name: "has the wrong code for a small buffer",
    breaks: "buffer-too-small",
    changes: [['"ERR_BUFFER_TOO_SMALL"', '"ERR_OUT_OF_MEMORY"']],
  },
  {
    name: "keeps a buffer that is too small",
    breaks: "buffer-too-small",
    changes: [["    if (owned) memory.dispose();\n    throw", "    throw"]],
  },
  {
    name: "does not look whether its buffer is detached",
    breaks: "buffer-detached",
    changes: [["    assertAttached(memory.buffer);\n", ""]],
  },
  {
    name: "takes a buffer from another allocator",
    breaks: "buffer-in-use",
    changes: [["openMemory(options);", "openAnyway(options);"]],
    also: `function openAnyway(options: AllocatorOptions): ReturnType<typeof openMemory> {
  try {
    return openMemory(options);
  } catch (error) {
    if (!HeapwrightError.is(error, "ERR_BUFFER_IN_USE")) throw error;
    new Uint8Array(options.memory as ArrayBuffer, 0, 64).fill(0);
    return openMemory(options);
  }
}`,
  },
  {
    name: "writes to the start of the buffer, whatever the offset is",
    breaks: "offset",
    changes: [
      [
        "  const freed = new Set<Address>();\n",
        "  new Uint8Array(memory.buffer)[60] = 1;\n  const freed = new Set<Address>();\n",
      ],
    ],
  },
  {
    name: "is made once and handed out twice",
    breaks: "independent",
    changes: [["  create: createReference,\n", "  create: createOnce,\n"]],
    also: `let living: BlockAllocator | undefined;
function createOnce(options: AllocatorOptions = {}): BlockAllocator {
  if (options.memory !== "buffer") return createReference(options);
  try {
    living?.verify();
  } catch {
    living = undefined;
  }
  return (living ??= createReference(options));
}`,
  },
  {
    name: "gives back the pages of all allocators when it is disposed",
    breaks: "shared-memory",
    changes: [
      [
        "    for (const chunk of [...chunks]) releaseChunk(chunk);\n    if (owned)",
        "    for (const { address, bytes, use } of memory.runs()) if (use === CHUNK_USE) memory.release(address, bytes);\n    if (owned)",
      ],
    ],
  },
  {
    name: "forgets a chunk when it is reset",
    breaks: "resets",
    changes: [
      [
        "releaseChunk(chunk);\n    freed.clear",
        "if (chunk !== chunks.at(-1)) releaseChunk(chunk);\n    freed.clear",
      ],
    ],
  },
  {
    name: "keeps the pages of its chunks when it is reset",
    breaks: "resets",
    changes: [
      [
        "    for (const chunk of [...chunks]) releaseChunk(chunk);\n    freed.clear",
        "    chunks.length = 0;\n    freed.clear",
      ],
    ],
  },
  {
    name: "does not count raw blocks",
    breaks: "domains",
    changes: [
      [
        "      const blocks = liveBlocks();\n",
        '      const blocks = liveBlocks().filter(({ domain }) => domain !== "raw");\n',
      ],
    ],
  },
  {
    name: "takes its own calls for those of mem",
    breaks: "domains",
    changes: [["    ...domains.obj,\n", "    ...domains.mem,\n"]],
  },
  {
    name: "hands out pools at any page",
    breaks: "pools",
    changes: [
      [
        "memory.reserve(POOL_BYTES, POOL_BYTES, POOL_USE)",
        "memory.reserve(POOL_BYTES, PAGE_BYTES, POOL_USE)",
      ],
    ],
  },
  {
    name: "hands out pools of which others get the end",
    breaks: "pools",
    changes: [
      [
        "memory.reserve(POOL_BYTES, POOL_BYTES, POOL_USE)",
        "memory.reserve(POOL_BYTES / 2, POOL_BYTES, POOL_USE)",
      ],
      ["      memory.release(address, POOL_BYTES);\n", "      memory.release(address, POOL_BYTES / 2);\n"],
      ["memory.release(pool, POOL_BYTES);", "memory.release(pool, POOL_BYTES / 2);"],
    ],
  },
  {
    name: "takes each pool for a block, too",
    breaks: "pools",
    changes: [
      [
        "of liveBlocks()) if (visit",
        "of [...liveBlocks(), ...[...heapPools].filter(Boolean).map((address) => ({ address, bytes: POOL_BYTES }))]) if (visit",
      ],
    ],
  },
  {
    name: "throws when there is no room for a pool",
    breaks: "pools",
    changes: [
      [
        "      if (address !== 0) heapPools[slot] = address;\n",
        "      if (address === 0) throw outOfMemory(POOL_BYTES);\n      heapPools[slot] = address;\n",
      ],
    ],
  },
  {
    name: "gives no pool back to the memory",
    breaks: "pools",
    changes: [["      memory.release(address, POOL_BYTES);\n", ""]],
  },
  {
    name: "does not mind what it is given back",
    breaks: "pools",
    changes: [
      ["      if (slot === -1) throw new", "      if (slot === -1) return;\n      if (slot < -1) throw new"],
    ],
  },
  {
    name: "keeps its pools when it is disposed",
    breaks: "pools",
    changes: [["    for (const pool of heapPools) if (pool !== 0) memory.release(pool, POOL_BYTES);\n", ""]],
  },
  {
    name: "finds the blocks of its last chunk only when it is attached",
    breaks: "attaches",
    changes: [
      ["blocks: blocksOf(memory, address) }));", "blocks: blocksOf(memory, address) }))\n    .slice(-1);"],
    ],
  },
  {
    name: "forgets its figures when it is attached",
    breaks: "attaches",
    changes: [["    root.set([totalArenas, peakArenas, peakFootprintBytes], 1);\n", ""]],
  },
  {
    name: "does not write down a block that was freed",
    breaks: "attaches",
    changes: [["    linkTo(chunk, index, chunk.blocks[index]?.address ?? 0);\n", ""]],
  },
  {
    name: "gives everything back when it is detached",
    breaks: "attaches",
    changes: [
      [
        "    if (!disposed && owned) memory.detach();\n",
        "    if (!disposed && owned) memory.detach();\n    else if (!disposed) dispose();\n",
      ],
    ],
  },
  {
    name: "goes on when it is detached",
    breaks: "attaches",
    changes: [
      [
        "    if (!disposed && owned) memory.detach();\n    disposed = true;\n",
        "    if (!disposed && owned) memory.detach();\n",
      ],
    ],
  },
  {
    name: "keeps a memory that was made for it when it is detached",
    breaks: "attaches",
    changes: [["    if (!disposed && owned) memory.detach();\n", ""]],
  },
  {
    name: "attaches to the first of several",
    breaks: "attaches",
    changes: [["  if (roots.length > 1)", "  if (roots.length < 1)"]],
  },
  {
    name: "attaches to what it has given back",
    breaks: "attaches",
    changes: [["    root[0] = 0;\n", ""]],
  },
];

const folder = new URL("../temp/mutants/", import.meta.url);

/** Writes a mutant's source into `temp/` and loads it. */
export async function loadMutant({ name, changes, also = "" }: Mutant): Promise<AllocatorPlugin> {
  let text = readFileSync(new URL("reference-allocator.ts", import.meta.url), "utf8");
  for (const [from, to] of changes) {
    if (text.split(from).length !== 2)
      throw new Error(`${JSON.stringify(from)} must be in the reference once.`);
    text = text.replace(from, () => to);
  }
  const file = new URL(`${name.replaceAll(/\W+/g, "-")}.ts`, folder);
  writeAtOnce(file, `${text}\n${also}\n`);
  const { reference } = (await import(fileURLToPath(file))) as { readonly reference: AllocatorPlugin };
  return reference;
}

/** Several test files load the same mutant at the same time: none may find half of it. */
function writeAtOnce(file: URL, text: string): void {
  mkdirSync(folder, { recursive: true });
  const draft = new URL(`${file.href}.${process.pid}`);
  writeFileSync(draft, text);
  renameSync(draft, file);
}
