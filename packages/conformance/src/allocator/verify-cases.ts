import type { BlockAllocator } from "@heapwright/core";

import { demandRefusal, quietly } from "../demand.js";
import { fillUp, freeScattered } from "./fill.js";
import { checkLongPrograms, checkPrograms, type Law } from "./play.js";
import { partOf, withAllocator, type Draft, type Subject } from "./subject.js";
import { markBlock } from "./contents.js";

/** `verify`: silent while all is well, and only then. */
export function verifyCases(subject: Subject): Draft[] {
  return [
    {
      id: "verify-passes/programs",
      rule: "verify-passes",
      title: "passes after each step of a random program that writes to every byte of its blocks",
      run: () =>
        checkPrograms(subject, () => ({
          allocated: ({ address, mark }, { allocator }) => {
            markBlock(allocator, address, mark);
          },
          stepped: ({ allocator }) => allocator.verify(),
        })),
    },
    {
      id: "verify-passes/long-programs",
      rule: "verify-passes",
      title: "passes now and then in a long program, in which much is live and then little",
      run: () => checkLongPrograms(subject, verifiesNowAndThen),
    },
    {
      id: "verify-passes/filled-and-freed",
      rule: "verify-passes",
      title: "passes when the memory is full and when it is empty again",
      run: () =>
        withAllocator(subject, (allocator) => {
          allocator.verify();
          const blocks = fillUp(allocator, partOf(subject, 4000));
          allocator.verify();
          freeScattered(allocator, blocks);
          allocator.verify();
        }),
    },
    {
      id: "verify-complains/wiped-memory",
      rule: "verify-complains",
      title: "complains when all bytes of the memory were cleared",
      run: () => {
        const allocator = subject.create();
        fillUp(allocator, 100, 100);
        fillUp(allocator, 20_000, 3);
        new Uint8Array(allocator.memory.buffer).fill(0);
        try {
          demandRefusal("verify() over a memory that was cleared", ["ERR_CORRUPT_MEMORY"], () =>
            allocator.verify(),
          );
        } finally {
          quietly(() => allocator.dispose());
        }
      },
    },
    {
      id: "after-errors/each-kind",
      rule: "after-errors",
      title: "passes verify and goes on after each kind of error",
      run: () => withAllocator(subject, (allocator) => demandGoesOn(subject, allocator)),
    },
  ];
}

function verifiesNowAndThen(): Law {
  let steps = 0;
  return {
    stepped: ({ allocator }) => {
      if (++steps % 50 === 0) allocator.verify();
    },
  };
}

function demandGoesOn(subject: Subject, allocator: BlockAllocator): void {
  const small = allocator.malloc(40);
  const large = allocator.malloc(20_000);
  const mistakes: (() => unknown)[] = [
    () => allocator.malloc(-1),
    () => allocator.malloc(subject.maxBytes),
    () => allocator.calloc(2 ** 32, 2 ** 32),
    () => allocator.realloc(small, subject.maxBytes),
    () => allocator.realloc(large, 0.5),
    () => allocator.free(8),
    () => allocator.free(2 ** 32),
    () => allocator.usableSize(Number.NaN),
  ];
  for (const mistake of mistakes) {
    quietly(mistake);
    allocator.verify();
    allocator.free(allocator.malloc(40));
    allocator.free(allocator.malloc(20_000));
    allocator.verify();
  }
}
