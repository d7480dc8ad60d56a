/**
 * Every allocator with every collector, with and without a counter: the legal combinations are put to work, the others say
 * what to do. Core sees nothing of them but their traits.
 */

import { bump, pymalloc } from "@heapwright/allocator";
import { conformance, runCases, summarize } from "@heapwright/conformance";
import {
  HeapwrightError,
  createHeap,
  negotiate,
  type Heap,
  type HeapPlugins,
  type Mismatch,
  type Owned,
} from "@heapwright/core";
import { generational } from "@heapwright/gc-generational";
import { markSweep } from "@heapwright/gc-mark-sweep";
import { none, refcount } from "@heapwright/refcount";
import { describe, expect, it } from "vitest";

interface Combination extends HeapPlugins {
  readonly name: string;
  readonly mismatches: readonly Mismatch[];
}

const COMBINATIONS: readonly Combination[] = [pymalloc(), bump()].flatMap((allocator) =>
  [generational(), markSweep(), none()].flatMap((collector) =>
    [refcount(), undefined].map((counter) => {
      const plan = negotiate({
        allocator: allocator.traits,
        collector: collector.traits,
        counter: counter?.traits,
      });
      return {
        name: `${allocator.name} × ${collector.name} ${counter ? `× ${counter.name}` : "without a counter"}`,
        allocator,
        collector,
        ...(counter !== undefined && { counter }),
        mismatches: Array.isArray(plan) ? plan : [],
      };
    }),
  ),
);

const LEGAL = COMBINATIONS.filter(({ mismatches }) => mismatches.length === 0);
const ILLEGAL = COMBINATIONS.filter(({ mismatches }) => mismatches.length > 0);

describe("the matrix of plugins", () => {
  it("has six legal combinations: each collector takes counts, or leaves them alone", () => {
    expect(LEGAL.map(({ name }) => name)).toEqual([
      "pymalloc × gc-generational × refcount",
      "pymalloc × gc-mark-sweep without a counter",
      "pymalloc × none × refcount",
      "bump × gc-generational × refcount",
      "bump × gc-mark-sweep without a counter",
      "bump × none × refcount",
    ]);
  });

  for (const combination of LEGAL) {
    it(`runs a program on ${combination.name}`, () => {
      using heap = createHeap({ ...combination, memory: "buffer", maxBytes: "16MiB" });
      keepSociety(heap, combination.collector.traits.cycles);
    });
  }

  for (const { name, allocator, collector, counter } of LEGAL) {
    it(`keeps the rules of collectors on ${name}`, async () => {
      const options = { allocators: [allocator], ...(counter && { counter }), runs: 10 };
      const report = await runCases(conformance.collector(collector, options));
      expect(report.failed.length, summarize(report)).toBe(0);
      expect(report.passed.length).toBeGreaterThan(80);
    });
  }

  for (const combination of ILLEGAL) {
    it(`refuses ${combination.name}, and says how to mend it`, () => {
      const error = errorOf(() => createHeap({ ...combination, maxBytes: "16MiB" }));
      expect(HeapwrightError.is(error, "ERR_PLUGIN_MISMATCH")).toBe(true);
      for (const { need, have, fix } of combination.mismatches) {
        for (const part of [need, have, fix]) expect((error as Error).message).toContain(part);
        console.log(`${combination.name}\n  ${need}; ${have}.\n  Fix: ${fix}.`);
      }
    });
  }
});

const PEOPLE = 2000;

/**
 * People in lists of friends, who come, make friends and leave. Who left stays as long as somebody who is there knows them,
 * by whatever way.
 */
function keepSociety(heap: Heap, freesCycles: boolean): void {
  const Person = heap.layout({ name: "Person", scan: "prefix", slots: 2, words: 3 });
  const Friends = heap.layout({ name: "Friends", scan: "items" });
  const Name = heap.layout({ name: "Name", scan: "leaf" });
  heap.gc.setThreshold(500, 5, 5);

  heap.scope((outside) => {
    const members = outside.create(Friends);
    for (let number = 0; number < PEOPLE; number++) {
      heap.scope((scope) => {
        const [person, friends, name] = [scope.create(Person), scope.create(Friends), scope.create(Name, 2)];
        heap.words[name + 1] = number;
        heap.words[person + 3] = number;
        heap.set(person, 0, friends);
        heap.set(person, 1, name);
        befriend(heap, person, person);
        if (number > 0) {
          const other = heap.items.get(members, (number * 7919) % heap.items.count(members));
          befriend(heap, person, other as Owned);
          befriend(heap, other as Owned, person);
        }
        if (heap.items.count(members) < 100) heap.items.append(members, person);
        else heap.items.set(members, (number * 31) % 100, person);
      });
      if (number % 500 === 0) heap.verify();
    }
    heap.gc.collect();
    heap.verify();

    const known = knownFrom(heap, members);
    for (const person of known) {
      expect(heap.words[heap.get(person as Owned, 1) + 1]).toBe(heap.words[person + 3]);
    }
    expect(known.size).toBeGreaterThanOrEqual(100);
    // Three objects for each, and the list of members.
    if (freesCycles) expect(heap.stats().objects).toBe(3 * known.size + 1);
    else expect(heap.stats().objects).toBe(3 * PEOPLE + 1);

    heap.items.truncate(members, 0);
    heap.gc.collect();
    heap.verify();
    expect(heap.stats().objects).toBe(freesCycles ? 1 : 3 * PEOPLE + 1);
  });
}

function befriend(heap: Heap, person: Owned, other: Owned): void {
  heap.items.append(heap.get(person, 0), other);
}

/** Everybody who is known to a member, or to somebody who is. */
function knownFrom(heap: Heap, members: Owned): Set<number> {
  const known = new Set<number>(heap.referentsOf(members));
  for (const person of known) {
    for (const friend of heap.referentsOf(heap.get(person as Owned, 0))) known.add(friend);
  }
  return known;
}

function errorOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}
