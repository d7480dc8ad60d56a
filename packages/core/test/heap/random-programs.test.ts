import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createMemory, type Memory } from "../../src/memory.js";
import { PLANS, openHeap, type OpenHeap, type OpenOptions, type Plan } from "./support/open-heap.js";
import { createPlayer, programs, type Player } from "./support/random-program.js";

interface Playing extends OpenHeap {
  readonly player: Player;
}

/** A finalizer that allocates, makes garbage, collects, throws and looks at everything; what it resurrects dies again. */
function openPlaying(plan: Plan, options: OpenOptions = {}): Playing {
  let calls = 0;
  const opened = openHeap(plan, {
    finalize(object, heap) {
      calls++;
      heap.scope((s) => {
        const made = s.create(heap.layoutNamed("plain")!);
        heap.set(made, 0, made);
        heap.set(made, 1, s.own(object));
        heap.gc.collect();
        if (calls % 2 === 0) heap.weak.create(s, object, { callback: () => {} });
        heap.set(made, 1, 0 as never);
      });
      if (calls % 3 === 0) throw new Error("from a finalizer");
    },
    ...options,
  });
  return { ...opened, player: createPlayer(opened.heap) };
}

function livingIn({ heap }: OpenHeap): Set<number> {
  const weak = heap.layoutNamed("weakref")!;
  return new Set([...heap.objects()].filter((object) => heap.layoutOf(object) !== weak));
}

describe.each(PLANS)("random programs $name", (plan) => {
  it("leave alive what can be reached, and after a collection nothing else", () => {
    fc.assert(
      fc.property(programs, (program) => {
        const playing = openPlaying(plan, { naive: { threshold: 25 } });
        const { heap, player } = playing;
        for (const step of program) {
          expect(player.play(step)).toBe("");
          heap.verify();
          expect(player.differences()).toEqual([]);
          const living = livingIn(playing);
          for (const object of player.reachable()) expect(living.has(object)).toBe(true);
        }
        // Once for what finalizers make, once more for what they leave.
        for (let round = 0; round < 3; round++) heap.gc.collect();
        expect(livingIn(playing)).toEqual(player.reachable());
        player.end();
        for (let round = 0; round < 3; round++) heap.gc.collect();
        heap.verify();
        expect(heap.stats()).toMatchObject({
          objects: 0,
          buffers: 0,
          handles: 0,
          pins: 0,
          weakReferences: 0,
        });
        heap.dispose();
      }),
      { numRuns: 40 },
    );
  });

  it("stop at an error, and at nothing worse, wherever the memory gives out", () => {
    fc.assert(
      fc.property(programs, fc.nat(30), fc.boolean(), (program, after, forGood) => {
        const { memory, refuse } = refusing(createMemory({ memory: "buffer", maxBytes: "1MiB" }));
        const before = memory.runs();
        const playing = openPlaying(plan, { memory, naive: { threshold: 25 } });
        const { heap, player } = playing;
        refuse(after, forGood);
        const codes = new Set<string>();
        for (const step of program) {
          codes.add(player.play(step));
          heap.verify();
          expect(player.differences()).toEqual([]);
          const living = livingIn(playing);
          for (const object of player.reachable()) expect(living.has(object)).toBe(true);
        }
        expect([...codes].filter((code) => code !== "" && code !== "ERR_OUT_OF_MEMORY")).toEqual([]);
        refuse(Infinity, false);
        player.end();
        for (let round = 0; round < 3; round++) heap.gc.collect();
        heap.verify();
        expect(heap.stats()).toMatchObject({
          objects: 0,
          buffers: 0,
          handles: 0,
          pins: 0,
          weakReferences: 0,
        });
        heap.dispose();
        expect(memory.runs()).toEqual(before);
      }),
      { numRuns: 150 },
    );
  });
});

/** A memory that refuses runs of pages: the one after so many, or all from there on. */
function refusing(own: Memory): { memory: Memory; refuse(after: number, forGood: boolean): void } {
  let left = Infinity;
  let keepsRefusing = false;
  const mayTake = (): boolean => {
    left--;
    return left >= 0 || (left < -1 && !keepsRefusing);
  };
  return {
    memory: {
      ...own,
      reserve: (...run) => (mayTake() ? own.reserve(...run) : 0),
      reserveZeroed: (...run) => (mayTake() ? own.reserveZeroed(...run) : 0),
    },
    refuse(after, forGood) {
      left = after;
      keepsRefusing = forGood;
    },
  };
}
