import type { AllocatorStats, ArenaStats } from "@heapwright/core";

import { demand } from "../demand.js";
import { fillUp, freeScattered } from "./fill.js";
import { checkPrograms, type Law, type World } from "./play.js";
import { partOf, withAllocator, without, type Draft, type Subject } from "./subject.js";

/** `stats`: what is counted, in which order the figures stand, and that they are a snapshot. */
export function figureCases(subject: Subject): Draft[] {
  return [
    {
      id: "stats-count/programs",
      rule: "stats-count",
      title: "counts the live blocks and their usable bytes through a random program",
      run: () => checkPrograms(subject, () => ({ stepped: demandCounted })),
    },
    {
      id: "stats-count/all-freed",
      rule: "stats-count",
      title: "counts 0 blocks and 0 bytes before the first block and after the last is freed",
      run: () =>
        withAllocator(subject, (allocator) => {
          demandCounted({ allocator, live: [] });
          freeScattered(allocator, fillUp(allocator, 100, 1000));
          freeScattered(allocator, fillUp(allocator, 5000, 50));
          demandCounted({ allocator, live: [] });
        }),
    },
    {
      id: "stats-order/programs",
      rule: "stats-order",
      title: "keeps allocated <= footprint <= peak through a random program, and never lowers the peak",
      run: () => checkPrograms(subject, keepsOrder),
    },
    {
      id: "stats-order/all-freed",
      rule: "stats-order",
      title: "keeps the peak of the footprint when everything is freed",
      run: () =>
        withAllocator(subject, (allocator) => {
          const law = keepsOrder();
          const blocks = fillUp(allocator, partOf(subject, 80), 40);
          law.stepped?.({ allocator, live: [] });
          freeScattered(allocator, blocks);
          law.stepped?.({ allocator, live: [] });
        }),
    },
    {
      id: "stats-snapshot/later-calls",
      rule: "stats-snapshot",
      title: "leaves a snapshot as it is when blocks come and go",
      run: () =>
        withAllocator(subject, (allocator) => {
          const snapshot = allocator.stats();
          const text = JSON.stringify(snapshot);
          freeScattered(allocator, fillUp(allocator, 100, 1000));
          fillUp(allocator, 300, 1000);
          allocator.stats();
          demand(
            text === JSON.stringify(snapshot),
            `A snapshot was ${text}; now it is ${JSON.stringify(snapshot)}.`,
          );
        }),
    },
    {
      id: "arena-stats/programs",
      rule: "arena-stats",
      title: "keeps current <= peak <= total through a random program",
      origin: "sys._debugmallocstats, CPython 3.11",
      skip: without(subject, "arenas"),
      run: () => checkPrograms(subject, countsArenas),
    },
    {
      id: "arena-stats/filled-and-freed",
      rule: "arena-stats",
      title: "counts arenas as they are taken, and forgets no peak and no total when all is freed",
      origin: "sys._debugmallocstats, CPython 3.11",
      skip: without(subject, "arenas"),
      run: () =>
        withAllocator(subject, (allocator) => {
          const law = countsArenas();
          const step = (): void => law.stepped?.({ allocator, live: [] });
          step();
          const blocks = fillUp(allocator, 256, partOf(subject, 1024));
          step();
          freeScattered(allocator, blocks);
          step();
        }),
    },
  ];
}

function demandCounted({ allocator, live }: World): void {
  const { liveBlocks, allocatedBytes } = allocator.stats();
  const usable = live.reduce((sum, { address }) => sum + allocator.usableSize(address), 0);
  demand(liveBlocks === live.length, `liveBlocks must be ${live.length}; it is ${liveBlocks}.`);
  demand(
    allocatedBytes === usable,
    `allocatedBytes must be ${usable}, the usable sizes of ${live.length} live blocks; it is ${allocatedBytes}.`,
  );
}

function keepsOrder(): Law {
  let highest = 0;
  return {
    stepped: ({ allocator }) => {
      const stats = allocator.stats();
      const { allocatedBytes, footprintBytes, peakFootprintBytes } = stats;
      highest = Math.max(highest, footprintBytes);
      demand(
        0 <= allocatedBytes && allocatedBytes <= footprintBytes && footprintBytes <= peakFootprintBytes,
        `allocatedBytes <= footprintBytes <= peakFootprintBytes must hold; they are ${figuresOf(stats)}.`,
      );
      demand(
        peakFootprintBytes >= highest,
        `peakFootprintBytes must be ${highest} or more, as it was before; it is ${peakFootprintBytes}.`,
      );
      highest = peakFootprintBytes;
    },
  };
}

function figuresOf({ allocatedBytes, footprintBytes, peakFootprintBytes }: AllocatorStats): string {
  return [allocatedBytes, footprintBytes, peakFootprintBytes].join(", ");
}

function countsArenas(): Law {
  let last: ArenaStats | undefined;
  return {
    stepped: ({ allocator }) => {
      const { arenas, footprintBytes } = allocator.stats();
      demand(arenas !== undefined, "stats().arenas must be there.");
      const { arenaBytes, current, peak, total } = arenas;
      const figures = `current ${current}, peak ${peak}, total ${total}`;
      demand(
        0 <= current && current <= peak && peak <= total,
        `current <= peak <= total must hold; it is ${figures}.`,
      );
      demand(
        arenaBytes > 0 && current * arenaBytes <= footprintBytes,
        `${current} arenas of ${arenaBytes} B must fit into the footprint of ${footprintBytes} B.`,
      );
      demand(
        last === undefined || (peak >= last.peak && total >= last.total),
        `Neither peak ${last?.peak ?? 0} nor total ${last?.total ?? 0} may fall; now it is ${figures}.`,
      );
      last = arenas;
    },
  };
}
