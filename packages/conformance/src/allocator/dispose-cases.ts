import { DISPOSE, type Address, type AllocationDomain } from "@heapwright/core";

import { demand, demandRefusal } from "../demand.js";
import { fillUp } from "./fill.js";
import { memoryFor, partOf, type Draft, type Subject } from "./subject.js";

/** `dispose`: what is given back, and what is refused afterwards. */
export function disposeCases(subject: Subject): Draft[] {
  return [
    {
      id: "dispose-twice/twice",
      rule: "dispose-twice",
      title: "does not mind being disposed twice, by either method",
      run: () => {
        const allocator = subject.create();
        allocator.malloc(100);
        allocator.dispose();
        allocator.dispose();
        allocator[DISPOSE]();
      },
    },
    {
      id: "dispose-twice/using",
      rule: "dispose-twice",
      title: "is disposed by the method that using calls",
      run: () => {
        const allocator = subject.create();
        allocator[DISPOSE]();
        demandRefusal("malloc(16) after a using block", ["ERR_DISPOSED"], () => allocator.malloc(16));
        allocator[DISPOSE]();
      },
    },
    {
      id: "dispose-refuses/every-call",
      rule: "dispose-refuses",
      title: "refuses every call once it is disposed",
      run: () => demandAllRefused(subject),
    },
    {
      id: "dispose-runs/memory",
      rule: "dispose-runs",
      title: "gives every run of pages back to a memory that was handed in",
      run: () => {
        const memory = memoryFor(subject);
        const before = JSON.stringify(memory.runs());
        const allocator = subject.create({ memory });
        fillUp(allocator, 100, 2000);
        fillUp(allocator, partOf(subject, 80), 30);
        allocator.dispose();
        const after = JSON.stringify(memory.runs());
        demand(after === before, `The memory's runs must be ${before} after dispose; they are ${after}.`);
      },
    },
    {
      id: "dispose-runs/still-open",
      rule: "dispose-runs",
      title: "leaves a memory that was handed in open for its owner",
      run: () => {
        const memory = memoryFor(subject);
        subject.create({ memory }).dispose();
        memory.verify();
        demand(
          memory.reserve(4096, 4096, 1) !== 0,
          "A memory that was handed in must stay usable after dispose.",
        );
      },
    },
    {
      id: "dispose-buffer/again",
      rule: "dispose-buffer",
      title: "lets another allocator have the buffer afterwards",
      run: () => {
        const buffer = new ArrayBuffer(subject.maxBytes);
        for (let round = 0; round < 3; round++) {
          const allocator = subject.create({ memory: buffer });
          allocator.malloc(100);
          allocator.dispose();
        }
      },
    },
  ];
}

function demandAllRefused(subject: Subject): void {
  const allocator = subject.create();
  const address = allocator.malloc(100);
  const calls: Record<string, () => unknown> = {
    "usableSize(address)": () => allocator.usableSize(address),
    "walk(visit)": () => allocator.walk(() => undefined),
    "stats()": () => allocator.stats(),
    "verify()": () => allocator.verify(),
    ...callsOf(allocator, "", address),
  };
  if (allocator.reset) calls["reset()"] = () => allocator.reset?.();
  for (const [name, domain] of Object.entries(allocator.domains ?? {})) {
    Object.assign(calls, callsOf(domain, `domains.${name}.`, domain.malloc(100)));
  }

  allocator.dispose();
  for (const [name, call] of Object.entries(calls))
    demandRefusal(`${name} after dispose`, ["ERR_DISPOSED"], call);
}

function callsOf(domain: AllocationDomain, prefix: string, address: Address): Record<string, () => unknown> {
  return {
    [`${prefix}malloc(16)`]: () => domain.malloc(16),
    [`${prefix}calloc(1, 16)`]: () => domain.calloc(1, 16),
    [`${prefix}realloc(0, 16)`]: () => domain.realloc(0, 16),
    [`${prefix}realloc(address, 16)`]: () => domain.realloc(address, 16),
    [`${prefix}free(address)`]: () => domain.free(address),
  };
}
