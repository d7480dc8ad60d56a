import { readFileSync } from "node:fs";

import { createMemory, type Address, type Memory } from "@heapwright/core";
import { describe, expect, it } from "vitest";

import { createPymalloc, type PymallocStats } from "../src/index.js";

/** What `sys._debugmallocstats()` prints. */
interface Printed {
  /** Rows of size, pools, blocks in use, blocks available. */
  classes: number[][];
  lines: Record<string, number>;
}

interface Run {
  seed: number;
  steps: number;
  hashes: number[];
  arenas: number[];
  stats: Printed[];
}

// What CPython did: made by fixtures/record-placements.py.
const recorded = JSON.parse(readFileSync(new URL("fixtures/placements.json", import.meta.url), "utf8")) as {
  python: string;
  runs: Run[];
};

const ARENA_BYTES = 1024 * 1024;
const MAX_LIVE = 400_000;

/** A memory that knows its arenas by the order in which they were taken. */
function watchArenas(): { memory: Memory; arenas: Address[] } {
  const inner = createMemory({ memory: "buffer", maxBytes: "64MiB" });
  const arenas: Address[] = [];
  const memory: Memory = {
    ...inner,
    reserve(bytes, alignment, use) {
      const address = inner.reserve(bytes, alignment, use);
      if (bytes === ARENA_BYTES) arenas.push(address);
      return address;
    },
    release(address, bytes) {
      inner.release(address, bytes);
      if (bytes === ARENA_BYTES) arenas[arenas.lastIndexOf(address)] = 0;
    },
  };
  return { memory, arenas };
}

/** The program of fixtures/placements.c, step by step. */
function runProgram({ seed, steps }: Pick<Run, "seed" | "steps">): Omit<Run, "seed" | "steps"> {
  const { memory, arenas } = watchArenas();
  using heap = createPymalloc({ memory, checks: false });
  arenas.length = 0; // the allocator tried whether one fits

  let state = seed;
  const random = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const randomSize = (): number => {
    const r = random();
    if (r % 100 < 90) return 1 + ((r >>> 8) % 128);
    if (r % 100 < 99) return 1 + ((r >>> 8) % 512);
    return (r >>> 8) % 600;
  };
  let hash = 2166136261;
  const note = (value: number): void => {
    hash = Math.imul(hash ^ value, 16777619);
  };
  const notePlace = (address: Address): void => {
    const arena = arenas.findIndex((base) => base !== 0 && address >= base && address < base + ARENA_BYTES);
    note(arena);
    if (arena >= 0) note(address - arenas[arena]!);
  };

  const live: Address[] = [];
  const result: Omit<Run, "seed" | "steps"> = { hashes: [], arenas: [], stats: [] };
  for (let step = 1; step <= steps; step++) {
    const growing = Math.floor(step / 150000) % 2 === 0;
    const choice = random() % 100;
    if (live.length === 0 || (choice < (growing ? 70 : 15) && live.length < MAX_LIVE)) {
      live.push(heap.malloc(randomSize()));
      notePlace(live.at(-1)!);
    } else if (choice < (growing ? 90 : 97)) {
      const i = random() % live.length;
      heap.free(live[i]!);
      live[i] = live.at(-1)!;
      live.pop();
    } else {
      const i = random() % live.length;
      live[i] = heap.realloc(live[i]!, randomSize());
      notePlace(live[i]);
    }
    if (step % 1000 === 0) {
      result.hashes.push(hash >>> 0);
      result.arenas.push(arenas.filter((address) => address !== 0).length);
    }
    if (step % 150000 === 0) {
      heap.verify();
      result.stats.push(print(heap.stats()));
    }
  }
  return result;
}

/** Our figures under CPython's names; its arena map has no counterpart here. */
function print({ classes, arenas, bytesInArenas }: PymallocStats): Printed {
  return {
    classes: classes
      .filter(({ pools }) => pools > 0)
      .map(({ blockBytes, pools, liveBlocks, freeBlocks }) => [blockBytes, pools, liveBlocks, freeBlocks]),
    lines: {
      "arenas allocated total": arenas.total,
      "arenas reclaimed": arenas.total - arenas.current,
      "arenas highwater mark": arenas.peak,
      "arenas allocated current": arenas.current,
      "arenas * 1048576 bytes/arena": arenas.current * arenas.arenaBytes,
      "bytes in allocated blocks": bytesInArenas.allocated,
      "bytes in available blocks": bytesInArenas.available,
      "unused pools * 16384 bytes": bytesInArenas.unusedPools,
      "bytes lost to pool headers": bytesInArenas.poolHeaders,
      "bytes lost to quantization": bytesInArenas.quantization,
      "bytes lost to arena alignment": bytesInArenas.arenaAlignment,
    },
  };
}

describe(`placements of CPython ${recorded.python}`, () => {
  it.each(recorded.runs)(
    "puts every block of random program $seed where CPython puts it, and counts as it does",
    (run) => {
      const { hashes, arenas, stats } = runProgram(run);
      expect(arenas).toEqual(run.arenas);
      expect(hashes).toEqual(run.hashes);
      expect(run.stats).toHaveLength(stats.length);
      stats.forEach((ours, i) => expect(run.stats[i]).toMatchObject(ours));
    },
  );
});
