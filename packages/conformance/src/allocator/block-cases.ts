import fc from "fast-check";

import { BLOCK_ALIGNMENT, type Address, type BlockAllocator } from "@heapwright/core";

import { demand, succeeds } from "../demand.js";
import { demandMarked, markBlock, type MarkedBlock } from "./contents.js";
import { checkLongPrograms, checkPrograms, checkProperty, play, type Law, type ModelBlock } from "./play.js";
import { EDGE_SIZES, programs, type Step } from "./program.js";
import { withAllocator, type Draft, type Subject } from "./subject.js";

/** What a block is: its address, its length, its bytes. */
export function blockCases(subject: Subject): Draft[] {
  return [
    {
      id: "aligned/edges",
      rule: "aligned",
      title: `aligns blocks of every length to ${BLOCK_ALIGNMENT} B, inside the memory`,
      origin: "ALIGNMENT, Objects/obmalloc.c, CPython 3.11",
      run: () =>
        withAllocator(subject, (allocator) => {
          for (const bytes of EDGE_SIZES)
            demandAligned(allocator, `malloc(${bytes})`, allocator.malloc(bytes));
          for (const bytes of EDGE_SIZES)
            demandAligned(allocator, `calloc(1, ${bytes})`, allocator.calloc(1, bytes));
        }),
    },
    {
      id: "aligned/programs",
      rule: "aligned",
      title: "aligns every block of a random program",
      run: () =>
        checkPrograms(subject, () => ({
          allocated: ({ name, address }, { allocator }) => demandAligned(allocator, name, address),
        })),
    },
    {
      id: "usable-size/programs",
      rule: "usable-size",
      title: "gives every block of a random program at least the bytes that were asked for",
      run: () =>
        checkPrograms(subject, () => ({
          stepped: ({ live, allocator }) => live.forEach((block) => demandRoom(allocator, block)),
        })),
    },
    {
      id: "no-overlap/small-blocks",
      rule: "no-overlap",
      title: "keeps a thousand small blocks apart",
      run: () => withAllocator(subject, keepApart),
    },
    {
      id: "no-overlap/growing",
      rule: "no-overlap",
      title: "keeps the neighbours of a block that grows a little",
      run: () => {
        for (const bytes of EDGE_SIZES.filter((each) => each <= subject.maxBytes / 16)) {
          withAllocator(subject, (allocator) => growAmong(allocator, bytes));
        }
      },
    },
    {
      id: "no-overlap/holes",
      rule: "no-overlap",
      title: "keeps blocks apart that fill the holes of others, of about their length",
      run: () => {
        for (const bytes of [100, 512, 3000])
          withAllocator(subject, (allocator) => fillHoles(allocator, bytes));
      },
    },
    {
      id: "no-overlap/programs",
      rule: "no-overlap",
      title: "keeps the bytes of every block through a random program",
      run: () => checkPrograms(subject, keepsBytes),
    },
    {
      id: "no-overlap/long-programs",
      rule: "no-overlap",
      title: "keeps the bytes of every block through a long program, in which much is live and then little",
      run: () => checkLongPrograms(subject, keepsBytes),
    },
    {
      id: "zero-size/malloc",
      rule: "zero-size",
      title: "gives each malloc(0) a block of its own",
      origin: "test_pymem_alloc0, Modules/_testcapimodule.c, CPython 3.11",
      run: () =>
        withAllocator(subject, (allocator) =>
          demandOwnBlocks(allocator, "malloc(0)", () => allocator.malloc(0)),
        ),
    },
    {
      id: "zero-size/calloc",
      rule: "zero-size",
      title: "gives each calloc(0, 8) and calloc(8, 0) a block of its own",
      origin: "test_pymem_alloc0, Modules/_testcapimodule.c, CPython 3.11",
      run: () =>
        withAllocator(subject, (allocator) => {
          demandOwnBlocks(allocator, "calloc(0, 8)", () => allocator.calloc(0, 8));
          demandOwnBlocks(allocator, "calloc(8, 0)", () => allocator.calloc(8, 0));
        }),
    },
    {
      id: "zero-size/realloc",
      rule: "zero-size",
      title: "keeps a block live when it is reallocated to 0 bytes",
      origin: "PyMem_Realloc, Doc/c-api/memory.rst, CPython 3.11",
      run: () =>
        withAllocator(subject, (allocator) => {
          demandOwnBlocks(allocator, "realloc(malloc(40), 0)", () =>
            allocator.realloc(allocator.malloc(40), 0),
          );
        }),
    },
    {
      id: "checks-off/programs",
      rule: "checks-off",
      title: "keeps the bytes of every block with checks: false where it does with checks: true",
      run: () =>
        checkProperty(
          subject,
          fc.property(programs(), (steps) => demandAsWithChecks(subject, steps)),
        ),
    },
  ];
}

function demandAligned(allocator: BlockAllocator, what: string, address: Address): void {
  const end = address + Math.max(1, allocator.usableSize(address));
  const { byteLength } = allocator.memory.buffer;
  demand(
    address > 0 && address % BLOCK_ALIGNMENT === 0,
    `${what} must be at a multiple of ${BLOCK_ALIGNMENT} above 0; it is at ${address}.`,
  );
  demand(end <= byteLength, `${what} must end inside the ${byteLength} B of the memory; it ends at ${end}.`);
}

function demandRoom(allocator: BlockAllocator, { name, address, bytes }: ModelBlock): void {
  const usable = allocator.usableSize(address);
  demand(
    usable >= bytes,
    `${name} must have room for the ${bytes} B asked for; its usable size is ${usable} B.`,
  );
}

function keepApart(allocator: BlockAllocator): void {
  const blocks: MarkedBlock[] = [];
  for (let i = 0; i < 1000; i++) {
    const address = allocator.malloc(1 + ((i * 37) % 640));
    blocks.push(markBlock(allocator, address, 1 + (i % 251)));
  }
  blocks.forEach((block, i) => demandMarked(allocator, block, `block ${i}`));
}

/** Reallocates the block in the middle of three to a little more than it has room for. */
function growAmong(allocator: BlockAllocator, bytes: number): void {
  const blocks = [1, 2, 3].map((mark) => markBlock(allocator, allocator.malloc(bytes), mark));
  const middle = blocks[1]!;
  const longer = allocator.realloc(middle.address, middle.bytes + 1);
  blocks[1] = markBlock(allocator, longer, 4);
  for (const block of blocks)
    demandMarked(allocator, block, `a block of ${bytes} B, after its neighbour grew`);
}

/** Frees every second block, and asks for some that are as long, a little shorter and a little longer. */
function fillHoles(allocator: BlockAllocator, bytes: number): void {
  const all = Array.from({ length: 40 }, (_, i) => markBlock(allocator, allocator.malloc(bytes), 1 + i));
  for (const { address } of all.filter((_, i) => i % 2 === 1)) allocator.free(address);
  const blocks = all.filter((_, i) => i % 2 === 0);
  for (const change of [0, -32, -16, -1, 1, 16, 32, 48]) {
    blocks.push(markBlock(allocator, allocator.malloc(bytes + change), 101 + change));
  }
  for (const block of blocks) demandMarked(allocator, block, `a block of about ${bytes} B among holes`);
}

/** Every block is filled over its whole usable size, and nothing else that is called changes it. */
function keepsBytes(): Law {
  const marked = new Map<string, MarkedBlock>();
  const demandKept = (allocator: BlockAllocator, name: string): void =>
    demandMarked(allocator, marked.get(name)!, name);
  return {
    allocated: ({ name, address, mark }, { allocator }) => {
      marked.set(name, markBlock(allocator, address, mark));
    },
    leaving: ({ name }, { allocator }) => demandKept(allocator, name),
    ended: ({ live, allocator }) => live.forEach(({ name }) => demandKept(allocator, name)),
  };
}

/** Plays a program with checks first: what goes wrong there is another rule's business. */
function demandAsWithChecks(subject: Subject, steps: readonly Step[]): void {
  const playWith = (checks: boolean): void =>
    withAllocator(subject, (allocator) => play(allocator, steps, keepsBytes()), { checks });
  if (succeeds(() => playWith(true))) playWith(false);
}

function demandOwnBlocks(allocator: BlockAllocator, what: string, make: () => Address): void {
  const neighbour = allocator.malloc(16);
  const addresses = [neighbour, make(), make(), make()];
  demand(!addresses.includes(0), `${what} must return a block; it returned 0.`);
  demand(
    new Set(addresses).size === addresses.length,
    `${what} must return another block each time; it returned ${addresses.slice(1).join(", ")}.`,
  );
  for (const address of addresses) allocator.free(address);
}
