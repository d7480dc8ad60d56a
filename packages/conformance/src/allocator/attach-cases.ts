/**
 * `detach` and `attach`: letting go of what is in a memory, and going on from there.
 *
 * What is seen of the allocator before is compared with what is seen afterwards, so that what it counts and shows wrongly
 * is left to the rules about that.
 */

import {
  attachMemory,
  createMemory,
  type Address,
  type AttachOptions,
  type BlockAllocator,
  type Memory,
} from "@heapwright/core";

import { demand, demandRefusal, quietly } from "../demand.js";
import { demandMarked, mallocMarked, type MarkedBlock } from "./contents.js";
import { pictureOf } from "./picture.js";
import { memoryFor, without, type Draft, type Subject } from "./subject.js";

/** What comes with the trait `attaches`. */
export function attachCases(subject: Subject): Draft[] {
  const skip = without(subject, "attaches");
  const common = { rule: "attaches", skip } as const;
  return [
    ...subject.memories.map((kind): Draft => ({
      ...common,
      id: `attaches/${kind}`,
      title: `goes on where it was detached, on ${kind} memory`,
      run: () => demandGoesOn(subject, createMemory({ memory: kind, maxBytes: subject.maxBytes })),
    })),
    {
      ...common,
      id: "attaches/elsewhere",
      title: "goes on in a copy of the buffer, as after a transfer",
      run: () => demandGoesOnElsewhere(subject),
    },
    {
      ...common,
      id: "attaches/pools",
      title: "takes back the pools that were taken before it was detached",
      skip: skip ?? without(subject, "pools"),
      run: () => {
        const memory = memoryFor(subject);
        const first = subject.create({ memory });
        const pool = first.pools?.take() ?? 0;
        first.detach?.();
        const second = attach(subject, memory);
        const other = second.pools?.take() ?? 0;
        demand(other !== pool, `The pool at ${pool} was taken before detach; attach must not hand it out.`);
        second.pools?.give(pool);
        if (other !== 0) second.pools?.give(other);
        second.verify();
        second.dispose();
      },
    },
    {
      ...common,
      id: "attaches/detached",
      title: "refuses calls once it is detached, and gives nothing back",
      run: () => demandLetsGo(subject),
    },
    {
      ...common,
      id: "attaches/own-memory",
      title: "detaches a memory that was made for it, and no other",
      run: () => {
        const memory = memoryFor(subject);
        subject.create({ memory }).detach?.();
        memory.verify();
        const own = subject.create();
        own.detach?.();
        demandRefusal("memory.verify() after detach", ["ERR_DISPOSED"], () => own.memory.verify());
        attach(subject, attachMemory(own.memory.buffer)).verify();
      },
    },
    {
      ...common,
      id: "attaches/several",
      title: "finds the tables that at names, and asks which where there are several",
      run: () => demandToldApart(subject),
    },
    {
      ...common,
      id: "attaches/nothing",
      title: "finds no tables where there are none, or none any more",
      run: () => demandNothingFound(subject),
    },
    {
      ...common,
      id: "attaches/wiped",
      title: "refuses tables that were wiped",
      run: () => {
        const memory = memoryFor(subject);
        const allocator = subject.create({ memory });
        mallocSome(allocator);
        const tables = tablesOf(memory, allocator);
        allocator.detach?.();
        new Uint8Array(memory.buffer, tables.address, tables.bytes).fill(0);
        demandRefusal("attach(memory)", ["ERR_NO_HEAP", "ERR_CORRUPT_MEMORY"], () => attach(subject, memory));
      },
    },
  ];
}

function attach({ plugin }: Subject, memory: Memory, options?: AttachOptions): BlockAllocator {
  demand(plugin.attach !== undefined, "The trait attaches promises attach; there is none.");
  return plugin.attach(memory, options);
}

/** Blocks of several lengths, each with a mark of its own, and holes between them. */
function mallocSome(allocator: BlockAllocator): MarkedBlock[] {
  const blocks = Array.from({ length: 60 }, (_, index) =>
    mallocMarked(allocator, index % 20 === 19 ? 40_000 : 1 + ((index * 7) % 64), index),
  );
  for (let index = 0; index < 60; index += 4) allocator.free(blocks[index]!.address);
  return blocks.filter((_, index) => index % 4 !== 0);
}

/** What can be seen of an allocator. */
function viewOf(allocator: BlockAllocator): string {
  return `${pictureOf(allocator)} ${JSON.stringify(allocator.stats())} at ${String(allocator.at)}`;
}

function demandGoesOn(subject: Subject, memory: Memory): void {
  const first = subject.create({ memory });
  const blocks = mallocSome(first);
  const before = viewOf(first);
  const runs = JSON.stringify(memory.runs());
  const words = new Int32Array(memory.buffer).slice();
  first.detach?.();
  const now = new Int32Array(memory.buffer);
  const changed = words.findIndex((word, index) => word !== now[index]);
  demand(changed === -1, `detach must leave every byte as it is; it changed some at ${4 * changed}.`);

  const second = attach(subject, memory);
  demandSameView(before, viewOf(second));
  const runsNow = JSON.stringify(memory.runs());
  demand(
    runsNow === runs,
    `detach and attach must take and give no pages. Before: ${runs} After: ${runsNow}`,
  );
  demandWorks(second, blocks);
  second.dispose();
}

function demandGoesOnElsewhere(subject: Subject): void {
  const memory = createMemory({ memory: "buffer", maxBytes: subject.maxBytes });
  const first = subject.create({ memory });
  const blocks = mallocSome(first);
  const before = viewOf(first);
  first.detach?.();
  memory.detach();

  const elsewhere = attachMemory(memory.buffer.slice(0));
  const second = attach(subject, elsewhere);
  demand(second.memory === elsewhere, "attach must stand on the memory that it is given.");
  demandSameView(before, viewOf(second));
  demandWorks(second, blocks);
  second.dispose();
}

function demandSameView(before: string, after: string): void {
  demand(before === after, `attach must find what detach left. Before: ${before} After: ${after}`);
}

/** New blocks keep out of the old ones, and the old ones can be freed. */
function demandWorks(allocator: BlockAllocator, blocks: readonly MarkedBlock[]): void {
  allocator.verify();
  const more = Array.from({ length: 60 }, (_, index) =>
    mallocMarked(allocator, 1 + (index % 64), 100 + index),
  );
  for (const block of [...blocks, ...more]) demandMarked(allocator, block);
  for (const { address } of blocks) allocator.free(address);
  allocator.verify();
  for (const block of more) demandMarked(allocator, block);
  for (const { address } of more) allocator.free(address);
  allocator.verify();
}

function demandLetsGo(subject: Subject): void {
  const memory = memoryFor(subject);
  const allocator = subject.create({ memory });
  const { address } = mallocMarked(allocator, 100, 0);
  const before = JSON.stringify(memory.runs());
  allocator.detach?.();
  allocator.detach?.();
  demandRefusal("malloc(16) after detach", ["ERR_DISPOSED"], () => allocator.malloc(16));
  demandRefusal("free(address) after detach", ["ERR_DISPOSED"], () => allocator.free(address));
  quietly(() => allocator.dispose());
  const after = JSON.stringify(memory.runs());
  demand(
    after === before,
    `dispose must give nothing back after detach. The runs were ${before}; they are ${after}.`,
  );
  attach(subject, memory).verify();
}

function demandToldApart(subject: Subject): void {
  const memory = memoryFor(subject);
  const allocators = [1, 2].map((blocks) => {
    const allocator = subject.create({ memory });
    for (let index = 0; index < blocks; index++) allocator.malloc(100);
    return allocator;
  });
  const views = allocators.map(viewOf);
  for (const allocator of allocators) allocator.detach?.();
  demandRefusal("attach(memory), of two", ["ERR_BAD_OPTION"], () => attach(subject, memory));
  allocators.forEach(({ at }, index) => {
    demand(at !== undefined, "The trait attaches promises at; there is none.");
    demandSameView(views[index]!, viewOf(attach(subject, memory, { at })));
  });
  const nowhere = memory.maxBytes - 16;
  demandRefusal(`attach(memory, { at: ${nowhere} })`, ["ERR_NO_HEAP"], () =>
    attach(subject, memory, { at: nowhere }),
  );
}

function demandNothingFound(subject: Subject): void {
  const memory = memoryFor(subject);
  const demandNone = (): void =>
    demandRefusal("attach(memory), of none", ["ERR_NO_HEAP"], () => attach(subject, memory));
  demandNone();
  const allocator = subject.create({ memory });
  mallocSome(allocator);
  const { bytes, use } = tablesOf(memory, allocator);
  allocator.dispose();
  demandNone();
  // The next owner of the pages may have them for the same use and find there what was left.
  memory.reserve(bytes, 4096, use);
  demandNone();
}

/** The run of pages that has the tables. */
function tablesOf(
  memory: Memory,
  { at }: BlockAllocator,
): { readonly address: Address; readonly bytes: number; readonly use: number } {
  const run = memory
    .runs()
    .find(({ address, bytes }) => at !== undefined && at >= address && at < address + bytes);
  demand(run !== undefined, `at must be an address in a run of the memory; it is ${String(at)}.`);
  return run;
}
