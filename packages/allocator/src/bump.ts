/**
 * bump: the allocator that only goes forward.
 *
 * A pointer moves up by each request, and nothing is reused until `reset()` takes
 * it back to the start, at once. Right for work that allocates, finishes and
 * forgets: a request, a frame, a parse. Freeing is checked and counted, but brings
 * no room back.
 *
 * ```text
 *   chunk of pages, at least 64 KiB
 *   +----------+--------+---------+--------+----------------+--------------------+
 *   | 24 bytes | header | block   | header | block          | not handed out yet |
 *   +----------+--------+---------+--------+----------------+--------------------+
 *    word 0  next chunk   word 0  bytes of the block         ^ top (byte address)
 *         1  its bytes         1  mark, see below
 *         2  its top
 *    (the first chunk goes on with the control words, 32 bytes; `bump-layout.ts`)
 *
 *   mark  31                        12 11              1   0
 *         +---------------------------+-----------------+---+
 *         | page of the first chunk   | era             |LIV|
 *         +---------------------------+-----------------+---+
 * ```
 *
 * The mark tells a block from what others left in the pages: the page says whose
 * block it is, the era counts resets, the last bit is cleared when it is freed.
 */

import {
  DISPOSE,
  HeapwrightError,
  PAGE_BYTES,
  assertAttached,
  checkElements,
  checkSize,
  defineAllocator,
  openMemory,
  type Address,
  type AllocatorOptions,
  type AllocatorPlugin,
  type AttachOptions,
  type BlockAllocator,
  type Memory,
} from "@heapwright/core";

import {
  CHUNK,
  CHUNK_BYTES,
  CHUNK_HEADER_BYTES,
  CONTROL,
  MARK,
  USE_BUMP,
  findFirstChunk,
  startOf as startOfChunk,
} from "./bump-layout.js";
import { markTables } from "./table-run.js";

const HEADER_BYTES = 8;

const ERA_MASK = 0x7ff;

/** An allocator that only goes forward, made by {@link createBump}. */
export interface Bump extends BlockAllocator {
  /** Frees every block at once. Their addresses are handed out again. */
  reset(): void;
  /** Where its first chunk is; {@link attachBump} finds it there. */
  readonly at: Address;
  /**
   * Lets go of all blocks and leaves every byte as it is, for {@link attachBump}. A memory that was made for the allocator
   * is detached with it.
   */
  detach(): void;
}

/**
 * Makes an allocator that only goes forward.
 *
 * @throws HeapwrightError those of `createMemory`, and `ERR_BUFFER_TOO_SMALL` when the memory has no free run of 64 KiB
 *
 * @example
 * ```ts
 * const frame = createBump({ maxBytes: "1MiB" });
 * const address = frame.malloc(100);
 * frame.reset(); // every block is gone
 * frame.dispose();
 * ```
 */
export function createBump(options: AllocatorOptions = {}): Bump {
  const { memory, owned } = openMemory(options);
  return bumpOver(memory, owned, firstChunk(memory, owned));
}

/**
 * Makes an allocator over the blocks that another one left in a memory: in this thread or another, before a transfer or
 * after. The memory stays the caller's.
 *
 * The chunks are checked; the blocks are not, which `verify()` does.
 *
 * @param memory - from `attachMemory`, or one on which the last allocator was detached
 * @param options - which of several
 * @throws HeapwrightError `ERR_NO_HEAP` when no such allocator left its blocks there, `ERR_CORRUPT_MEMORY` when its chunks
 * are damaged, `ERR_BAD_OPTION` when there are several; `ERR_DISPOSED`, `ERR_BUFFER_DETACHED`
 */
export function attachBump(memory: Memory, options: AttachOptions = {}): Bump {
  return bumpOver(memory, false, findFirstChunk(memory, options));
}

/**
 * @param owned - the memory was made for the allocator
 * @param first - word index of the first chunk
 */
function bumpOver(memory: Memory, owned: boolean, first: number): Bump {
  const { buffer } = memory;
  const words =
    memory.kind === "resizable"
      ? new Int32Array(buffer)
      : new Int32Array(buffer, 0, Math.floor(memory.maxBytes / 4));
  const memoryBytes =
    memory.kind === "resizable" ? new Uint8Array(buffer) : new Uint8Array(buffer, 0, memory.maxBytes);
  let closed: "disposed" | "detached" | undefined;

  const figure = (word: number): number => words[first + word]! >>> 0;
  const startOf = (chunk: number): Address => startOfChunk(chunk, first);
  const endOf = (chunk: number): Address => chunk * 4 + (words[chunk + CHUNK.bytes]! >>> 0);
  const topOf = (chunk: number): Address => words[chunk + CHUNK.top]! >>> 0;
  const headerOf = (address: Address): number => address / 4 - HEADER_BYTES / 4;
  const liveMark = (): number => (first << 2) | ((figure(CONTROL.era) & ERA_MASK) << 1) | 1;

  function malloc(bytes: number): Address {
    assertUsable();
    const length = blockBytesFor(checkSize(bytes));
    let chunk = words[first + CONTROL.current]!;
    if (topOf(chunk) + HEADER_BYTES + length > endOf(chunk)) chunk = takeChunk(length);
    const address = topOf(chunk) + HEADER_BYTES;
    words[chunk + CHUNK.top] = address + length;
    words[headerOf(address)] = length;
    words[headerOf(address) + 1] = liveMark();
    words[first + CONTROL.liveBlocks]!++;
    words[first + CONTROL.allocated]! += length;
    return address;
  }

  function takeChunk(blockBytes: number): number {
    const needed = CHUNK_HEADER_BYTES + HEADER_BYTES + blockBytes;
    const length = Math.max(CHUNK_BYTES, Math.ceil(needed / PAGE_BYTES) * PAGE_BYTES);
    const address = length > memory.maxBytes ? 0 : memory.reserve(length, PAGE_BYTES, USE_BUMP);
    if (address === 0) {
      throw new HeapwrightError(
        "ERR_OUT_OF_MEMORY",
        `No room for ${length} B more: ${memory.usage().takenBytes} B of ${memory.maxBytes} B are taken. reset() frees all.`,
      );
    }
    const chunk = address / 4;
    words[chunk + CHUNK.next] = 0;
    words[chunk + CHUNK.bytes] = length;
    words[chunk + CHUNK.top] = startOf(chunk);
    words[words[first + CONTROL.current]! + CHUNK.next] = chunk;
    words[first + CONTROL.current] = chunk;
    words[first + CONTROL.taken]! += length;
    words[first + CONTROL.peak] = Math.max(figure(CONTROL.peak), figure(CONTROL.taken));
    return chunk;
  }

  function calloc(count: number, bytes: number): Address {
    const total = checkElements(count, bytes);
    const address = malloc(total);
    memoryBytes.fill(0, address, address + total);
    return address;
  }

  function realloc(address: Address, bytes: number): Address {
    if (address === 0) return malloc(bytes);
    const size = usableSize(address);
    const length = blockBytesFor(checkSize(bytes));
    const chunk = words[first + CONTROL.current]!;
    const isLast = address + size === topOf(chunk);
    if (length <= size || (isLast && address + length <= endOf(chunk))) {
      if (!isLast) return address;
      words[chunk + CHUNK.top] = address + length;
      words[headerOf(address)] = length;
      words[first + CONTROL.allocated]! += length - size;
      return address;
    }
    const moved = malloc(bytes);
    memoryBytes.copyWithin(moved, address, address + size);
    free(address);
    return moved;
  }

  function free(address: Address): void {
    if (address === 0 && !closed) return;
    const size = usableSize(address);
    words[headerOf(address) + 1] = liveMark() - 1;
    words[first + CONTROL.liveBlocks]!--;
    words[first + CONTROL.allocated]! -= size;
  }

  function usableSize(address: Address): number {
    assertUsable();
    const header = headerOf(address);
    const inside = address >>> 0 === address && address % 16 === 0 && memory.useOf(header * 4) === USE_BUMP;
    const mark = inside ? words[header + 1]! : 0;
    if (mark === liveMark()) return words[header]! >>> 0;
    if (mark !== liveMark() - 1)
      throw new HeapwrightError("ERR_BAD_ADDRESS", `No live block starts at ${String(address)}.`);
    throw new HeapwrightError("ERR_DOUBLE_FREE", `The block at ${address} was freed before.`);
  }

  /** Back to the start of the first chunk; the others are given back. */
  function reset(): void {
    assertUsable();
    for (let chunk = words[first + CHUNK.next]!; chunk !== 0;) {
      const next = words[chunk + CHUNK.next]!;
      memory.release(chunk * 4, words[chunk + CHUNK.bytes]! >>> 0);
      chunk = next;
    }
    words[first + CHUNK.next] = 0;
    words[first + CHUNK.top] = startOf(first);
    words[first + CONTROL.current] = first;
    words[first + CONTROL.era]!++;
    words[first + CONTROL.liveBlocks] = 0;
    words[first + CONTROL.allocated] = 0;
    words[first + CONTROL.taken] = CHUNK_BYTES;
  }

  /** Every block of this era, live or freed. */
  function* blocks(): Generator<{ address: Address; bytes: number; live: boolean }> {
    const seen = new Set<number>(); // a damaged link must not lead round in a circle
    for (let chunk = first; chunk > 0 && !seen.has(chunk); chunk = words[chunk + CHUNK.next]!) {
      if (memory.useOf(chunk * 4) !== USE_BUMP) return;
      seen.add(chunk);
      for (let at = startOf(chunk); at < topOf(chunk);) {
        const bytes = words[at / 4]! >>> 0;
        const live = words[at / 4 + 1] === liveMark();
        yield { address: at + HEADER_BYTES, bytes, live };
        at += HEADER_BYTES + bytes;
      }
    }
  }

  function isGone(): boolean {
    return memory.useOf(first * 4) !== USE_BUMP;
  }

  function assertUsable(): void {
    if (closed) throw new HeapwrightError("ERR_DISPOSED", `This allocator was ${closed}.`);
    assertAttached(buffer);
    if (isGone()) {
      throw new HeapwrightError("ERR_DISPOSED", "The memory below was disposed, or its buffer shortened.");
    }
  }

  function dispose(): void {
    if (closed) return;
    if (!owned && !isGone()) {
      reset();
      words.fill(0, first, startOf(first) / 4); // the mark, too: others may take the pages as they are
      memory.release(first * 4, CHUNK_BYTES);
    }
    if (owned) memory.dispose();
    closed = "disposed";
  }

  return {
    memory,
    at: first * 4,
    malloc,
    calloc,
    realloc,
    free,
    usableSize,
    reset,

    walk(visit) {
      assertUsable();
      for (const { address, bytes, live } of blocks()) {
        if (live && visit({ address, bytes }) === false) return;
      }
    },

    stats() {
      assertUsable();
      return {
        liveBlocks: figure(CONTROL.liveBlocks),
        allocatedBytes: figure(CONTROL.allocated),
        footprintBytes: figure(CONTROL.taken),
        peakFootprintBytes: figure(CONTROL.peak),
      };
    },

    verify() {
      memory.verify(); // first: a page map that was wiped is damage, not an end
      assertUsable();
      const counted = { blocks: 0, bytes: 0 };
      for (const { address, bytes, live } of blocks()) {
        const mark = words[headerOf(address) + 1]!;
        if (bytes === 0 || bytes % 16 !== 8 || (mark | 1) !== liveMark()) {
          throw new HeapwrightError(
            "ERR_CORRUPT_MEMORY",
            `The header of the block at ${address} is damaged.`,
          );
        }
        if (live) counted.blocks++;
        if (live) counted.bytes += bytes;
      }
      if (counted.blocks !== figure(CONTROL.liveBlocks) || counted.bytes !== figure(CONTROL.allocated)) {
        throw new HeapwrightError(
          "ERR_CORRUPT_MEMORY",
          `${counted.blocks} blocks of ${counted.bytes} B are live, the counters say ${figure(CONTROL.liveBlocks)} and ${figure(CONTROL.allocated)} B.`,
        );
      }
    },

    detach() {
      if (closed) return;
      closed = "detached";
      if (owned) memory.detach();
    },

    dispose,
    [DISPOSE]: dispose,
  };
}

/** Takes the first chunk, or gives an own memory back before it throws. */
function firstChunk(memory: Memory, owned: boolean): number {
  const address = memory.reserveZeroed(CHUNK_BYTES, PAGE_BYTES, USE_BUMP);
  if (address !== 0) return setUp(memory, address);
  const { maxBytes } = memory;
  if (owned) memory.dispose();
  throw new HeapwrightError(
    "ERR_BUFFER_TOO_SMALL",
    `The memory of ${maxBytes} B has no room for a chunk of ${CHUNK_BYTES} B.`,
  );
}

/** Writes the words of a first chunk, all of which are 0. Returns its word index. */
function setUp(memory: Memory, address: Address): number {
  const words = new Int32Array(memory.buffer, address, CHUNK_BYTES / 4);
  const first = address / 4;
  words[CHUNK.bytes] = CHUNK_BYTES;
  words[CHUNK.top] = startOfChunk(first, first);
  words[CONTROL.current] = first;
  words[CONTROL.era] = 1;
  words[CONTROL.taken] = CHUNK_BYTES;
  words[CONTROL.peak] = CHUNK_BYTES;
  markTables(memory, address, MARK);
  return first;
}

/** Usable bytes for a request: 8 short of a multiple of 16, so that header and block keep the next block aligned. */
function blockBytesFor(bytes: number): number {
  return Math.ceil((bytes + HEADER_BYTES) / 16) * 16 - HEADER_BYTES;
}

/**
 * The allocator that only goes forward, as a plugin.
 *
 * @example
 * ```ts
 * const region = bump().create({ maxBytes: "1MiB" });
 * ```
 */
export function bump(): AllocatorPlugin<Bump> {
  return defineAllocator({
    name: "bump",
    summary: "only goes forward; room comes back at reset()",
    traits: { resets: true, attaches: true, detects: ["double-free"] },
    create: createBump,
    attach: attachBump,
  });
}
