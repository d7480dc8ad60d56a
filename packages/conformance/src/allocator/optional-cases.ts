/**
 * What not every allocator has: `reset` and `domains`.
 */

import type { AllocationDomain, BlockAllocator, DomainName } from "@heapwright/core";

import { demand } from "../demand.js";
import { fillUp } from "./fill.js";
import { demandSame, observe } from "./observe.js";
import { pictureOf } from "./picture.js";
import { partOf, withAllocator, without, type Draft, type Subject } from "./subject.js";

const DOMAINS: readonly DomainName[] = ["raw", "mem", "obj"];

/** Members that come with a trait. */
export function optionalCases(subject: Subject): Draft[] {
  const noReset = without(subject, "resets");
  const noDomains = without(subject, "domains");
  return [
    {
      id: "resets/frees-all",
      rule: "resets",
      title: "frees every block at once",
      skip: noReset,
      run: () =>
        withAllocator(subject, (allocator) => {
          const empty = pictureOf(allocator);
          fillUp(allocator, 100, 500);
          fillUp(allocator, 20_000, 10);
          allocator.reset?.();
          const after = pictureOf(allocator);
          demand(after === empty, `After reset it must be as at first, ${empty}; it is ${after}.`);
          allocator.malloc(100);
          allocator.verify();
        }),
    },
    {
      id: "resets/room",
      rule: "resets",
      title: "has all its room again after a reset",
      skip: noReset,
      run: () => withAllocator(subject, (allocator) => fillThrice(subject, allocator)),
    },
    ...DOMAINS.map((name): Draft => ({
      id: `domains/${name}`,
      rule: "domains",
      title: `serves all four calls in the domain ${name}, and counts its blocks`,
      origin: "test_pymem_alloc0, Modules/_testcapimodule.c, CPython 3.11",
      skip: noDomains,
      run: () => {
        const expected = observeCalls(subject, (allocator) => allocator);
        const found = observeCalls(subject, (allocator) => domainsOf(allocator)[name]);
        demandSame(`domains.${name}`, expected, found);
      },
    })),
    {
      id: "domains/own-calls",
      rule: "domains",
      title: "takes its own calls for those of obj",
      skip: noDomains,
      run: () =>
        withAllocator(subject, (allocator) => {
          const { obj } = domainsOf(allocator);
          for (const bytes of [100, 20_000]) {
            obj.free(allocator.malloc(bytes));
            allocator.free(obj.malloc(bytes));
            allocator.free(obj.realloc(allocator.malloc(bytes), 2 * bytes));
          }
        }),
    },
  ];
}

function fillThrice(subject: Subject, allocator: BlockAllocator): void {
  const bytes = partOf(subject, 1000);
  const first = fillUp(allocator, bytes).length;
  for (let round = 0; round < 2; round++) {
    allocator.reset?.();
    const again = fillUp(allocator, bytes).length;
    demand(again >= first, `The memory held ${first} blocks of ${bytes} B; after a reset it held ${again}.`);
  }
}

function domainsOf(allocator: BlockAllocator): Readonly<Record<DomainName, AllocationDomain>> {
  demand(allocator.domains !== undefined, "The trait domains promises domains; there are none.");
  return allocator.domains;
}

/** What is seen of one sort of calls, while every domain has a block. */
function observeCalls(subject: Subject, callsOf: (allocator: BlockAllocator) => AllocationDomain): string[] {
  let lines: string[] = [];
  withAllocator(subject, (allocator) => {
    for (const name of DOMAINS) domainsOf(allocator)[name].malloc(40);
    lines = observe(allocator, callsOf(allocator));
  });
  return lines;
}
