import type { BlockAllocator } from "@heapwright/core";

import { demand } from "../demand.js";
import { demandMarked, mallocMarked, type MarkedBlock } from "./contents.js";
import { fillUp } from "./fill.js";
import { pictureOf } from "./picture.js";
import { memoryFor, withAllocator, type Draft, type Subject } from "./subject.js";

/** Two allocators of one plugin: apart, and side by side on one memory. */
export function sharingCases(subject: Subject): Draft[] {
  return [
    {
      id: "independent/own-memories",
      rule: "independent",
      title: "keeps two allocators apart that have a memory each",
      run: () =>
        withAllocator(subject, (one) => {
          withAllocator(subject, (other) => demandApart(one, other));
        }),
    },
    {
      id: "shared-memory/side-by-side",
      rule: "shared-memory",
      title: "keeps the blocks of two allocators on one memory apart",
      run: () => {
        const memory = memoryFor(subject);
        withAllocator(
          subject,
          (one) => {
            withAllocator(subject, (other) => demandNoOverlap(one, other), { memory });
          },
          { memory },
        );
      },
    },
    {
      id: "shared-memory/one-disposed",
      rule: "shared-memory",
      title: "leaves the pages of the other allocator taken when one is disposed",
      run: () => demandSurvives(subject),
    },
  ];
}

function demandApart(one: BlockAllocator, other: BlockAllocator): void {
  demand(
    one.memory.buffer !== other.memory.buffer,
    "Two allocators that make their memory must not share a buffer.",
  );
  const blocks = mallocSome(other);
  const before = figuresOf(other);
  const addresses = [...fillUp(one, 64, 500), ...fillUp(one, 20_000, 10)];
  for (const address of addresses) one.free(address);
  one.dispose();
  const after = figuresOf(other);
  demand(
    before === after,
    `What one allocator does must not show in another. Before: ${before} After: ${after}`,
  );
  for (const block of blocks) demandMarked(other, block);
}

function figuresOf(allocator: BlockAllocator): string {
  return `${pictureOf(allocator)} ${JSON.stringify(allocator.stats())}`;
}

function mallocSome(allocator: BlockAllocator): MarkedBlock[] {
  return [64, 64, 600, 20_000].map((bytes, index) => mallocMarked(allocator, bytes, index));
}

function demandNoOverlap(one: BlockAllocator, other: BlockAllocator): void {
  const blocks: [BlockAllocator, MarkedBlock][] = [];
  for (let i = 0; i < 400; i++) {
    const allocator = i % 2 === 0 ? one : other;
    blocks.push([allocator, mallocMarked(allocator, 1 + ((i * 61) % 900), i)]);
  }
  for (let i = 0; i < 8; i++) {
    const allocator = i % 2 === 0 ? one : other;
    blocks.push([allocator, mallocMarked(allocator, 20_000, 100 + i)]);
  }
  for (const [allocator, block] of blocks) demandMarked(allocator, block);
  for (const [allocator, { address }] of blocks) allocator.free(address);
}

function demandSurvives(subject: Subject): void {
  const memory = memoryFor(subject);
  const one = subject.create({ memory });
  withAllocator(
    subject,
    (other) => {
      mallocSome(one);
      const blocks = mallocSome(other);
      one.dispose();
      for (const { address } of blocks) {
        demand(
          memory.useOf(address) !== 0,
          `The page of a live block at ${address} must stay taken when another allocator is disposed.`,
        );
      }
      mallocSome(other);
      for (const block of blocks) demandMarked(other, block);
    },
    { memory },
  );
}
