import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { NO_SLOT, addSlot, createSlotTable, findSlot, removeSlot } from "../src/slot-table.js";

/** A small generator of pseudo-random numbers, so that long programs cost fast-check nothing. */
function random(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state = Math.imul(state, 1664525) + 1013904223;
    return (state >>> 8) % below;
  };
}

describe("slot table", () => {
  it("gives the slot that was freed last to the next block", () => {
    const table = createSlotTable();
    expect([addSlot(table), addSlot(table), addSlot(table)]).toEqual([0, 1, 2]);
    expect(removeSlot(table, 1)).toBe(1);
    expect(removeSlot(table, 0)).toBe(2);
    expect([addSlot(table), addSlot(table), addSlot(table)]).toEqual([2, 1, 3]);
  });

  it("knows a freed block as freed, also long after", () => {
    const table = createSlotTable();
    for (let i = 0; i < 5; i++) addSlot(table);
    expect(removeSlot(table, 4)).toBe(0);
    expect(findSlot(table, 4)).toBe(NO_SLOT);
    for (let i = 0; i < 200_000; i++) {
      addSlot(table);
      removeSlot(table, 0);
    }
    expect(removeSlot(table, 200_004)).toBe(NO_SLOT);
    expect(findSlot(table, 200_003)).toBe(1);
  });

  it("agrees with a map on any program, and needs as many slots as blocks were alive at once", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 40_000 }), (seed, steadyCount) => {
        const next = random(seed);
        const table = createSlotTable();
        const slotOf = new Map<number, number>();
        const numbers: number[] = [];
        let peak = 0;
        for (let step = 0; step < 150_000; step++) {
          if (numbers.length === 0 || next(2 * steadyCount) >= numbers.length) {
            const number = table.blockCount;
            const slot = addSlot(table);
            slotOf.set(number, slot);
            numbers.push(number);
            peak = Math.max(peak, numbers.length);
            continue;
          }
          // Half of the time a young block, otherwise any.
          const index = next(2) === 0 ? next(numbers.length) : numbers.length - 1;
          const number = numbers[index]!;
          const back = table.blockCount - 1 - number;
          if (findSlot(table, back) !== slotOf.get(number))
            throw new Error(`find(${back}) is wrong at step ${step}`);
          if (next(4) === 0) continue;
          if (removeSlot(table, back) !== slotOf.get(number))
            throw new Error(`remove(${back}) is wrong at step ${step}`);
          if (removeSlot(table, back) !== NO_SLOT)
            throw new Error(`remove(${back}) works twice at step ${step}`);
          slotOf.delete(number);
          numbers[index] = numbers.at(-1)!;
          numbers.pop();
        }
        expect(new Set(slotOf.values()).size).toBe(slotOf.size);
        expect(table.slotCount).toBe(peak);
      }),
      { numRuns: 12 },
    );
  });
});
