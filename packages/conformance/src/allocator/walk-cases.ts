import type { BlockAllocator } from "@heapwright/core";

import { demand } from "../demand.js";
import { fillUp } from "./fill.js";
import { blocksOf } from "./picture.js";
import { checkPrograms, type World } from "./play.js";
import { withAllocator, type Draft, type Subject } from "./subject.js";

/** `walk`: each live block once, until it is told to stop. */
export function walkCases(subject: Subject): Draft[] {
  return [
    {
      id: "walk/programs",
      rule: "walk",
      title: "shows each live block exactly once through a random program",
      run: () => checkPrograms(subject, () => ({ stepped: demandShown })),
    },
    {
      id: "walk/many-blocks",
      rule: "walk",
      title: "shows each of a thousand small blocks and some large ones",
      run: () =>
        withAllocator(subject, (allocator) => {
          const addresses = [...fillUp(allocator, 24, 1000), ...fillUp(allocator, 20_000, 10)];
          const live = addresses.map((address, i) => ({ name: `block ${i}`, address, bytes: 0, mark: 0 }));
          demandShown({ allocator, live });
        }),
    },
    {
      id: "walk-stops/on-false",
      rule: "walk-stops",
      title: "ends the walk when visit returns false",
      run: () =>
        withAllocator(subject, (allocator) => {
          fillUp(allocator, 24, 40);
          fillUp(allocator, 20_000, 4);
          for (const visits of [1, 2, 39, 43]) demandStops(allocator, visits);
        }),
    },
  ];
}

function demandShown({ allocator, live }: World): void {
  const expected = new Map(live.map((block) => [block.address, block]));
  const seen = new Set<number>();
  for (const [address, bytes] of blocksOf(allocator)) {
    const block = expected.get(address);
    demand(block !== undefined, `walk must show live blocks only; it showed ${bytes} B at ${address}.`);
    demand(!seen.has(address), `walk must show ${block.name} once; it showed ${address} again.`);
    seen.add(address);
    const usable = allocator.usableSize(address);
    demand(
      bytes === usable,
      `walk must show the usable size of ${block.name}, ${usable} B; it showed ${bytes} B.`,
    );
  }
  const missed = live.find(({ address }) => !seen.has(address));
  demand(
    missed === undefined,
    `walk must show ${missed?.name ?? ""} at ${missed?.address ?? 0}; it did not.`,
  );
}

function demandStops(allocator: BlockAllocator, visits: number): void {
  let visited = 0;
  allocator.walk(() => ++visited < visits);
  demand(
    visited === visits,
    `walk must stop after the visit that returns false, number ${visits}; it made ${visited}.`,
  );
}
