/**
 * What not every allocator has: `reset` and `domains`.
 */

import type { AllocationDomain, Address, BlockAllocator, DomainName } from "@heapwright/core";

import { demand } from "../demand.js";
import { bytesAt, demandBytes } from "./contents.js";
import { fillUp } from "./fill.js";
import { blocksOf } from "./picture.js";
import { withAllocator, without, type Draft, type Subject } from "./subject.js";

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
          fillUp(allocator, 100, 500);
          fillUp(allocator, 20_000, 10);
          allocator.reset?.();
          const { liveBlocks, allocatedBytes } = allocator.stats();
          const shown = blocksOf(allocator).length;
          demand(
            liveBlocks === 0 && allocatedBytes === 0 && shown === 0,
            `After reset nothing may be live; there are ${liveBlocks} blocks of ${allocatedBytes} B, and walk shows ${shown}.`,
          );
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
      run: () => withAllocator(subject, (allocator) => demandServes(allocator, name)),
    })),
    {
      id: "domains/own-calls",
      rule: "domains",
      title: "takes its own calls for those of obj",
      skip: noDomains,
      run: () =>
        withAllocator(subject, (allocator) => {
          const { obj } = domainsOf(allocator);
          obj.free(allocator.malloc(100));
          allocator.free(obj.malloc(100));
          obj.free(allocator.malloc(20_000));
          demandLive(allocator, 0, "obj and the allocator's own calls");
        }),
    },
  ];
}

function fillThrice(subject: Subject, allocator: BlockAllocator): void {
  const bytes = Math.ceil(subject.maxBytes / 1000);
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

function demandServes(allocator: BlockAllocator, name: DomainName): void {
  const domain = domainsOf(allocator)[name];
  const others = DOMAINS.filter((other) => other !== name).map((other) =>
    domainsOf(allocator)[other].malloc(40),
  );
  for (const bytes of [1, 512, 513, 20_000]) {
    const cleared = domain.calloc(1, bytes);
    demandBytes(allocator, cleared, bytes, 0, `domains.${name}.calloc(1, ${bytes})`);
    const block = domain.malloc(bytes);
    bytesAt(allocator, block, bytes).fill(7);
    const longer: Address = domain.realloc(block, bytes + 1000);
    demandBytes(allocator, longer, bytes, 7, `domains.${name}.realloc(address, ${bytes + 1000})`);
    demandLive(allocator, others.length + 2, `domains.${name}`);
    domain.free(longer);
    domain.free(cleared);
    domain.free(0);
    demandLive(allocator, others.length, `domains.${name}`);
  }
}

function demandLive(allocator: BlockAllocator, expected: number, what: string): void {
  const { liveBlocks } = allocator.stats();
  demand(liveBlocks === expected, `With ${what}, ${expected} blocks must be live; ${liveBlocks} are.`);
}
