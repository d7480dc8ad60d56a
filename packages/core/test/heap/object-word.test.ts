import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  BELOW_COUNT,
  COUNT_SHIFT,
  FINALIZED,
  HAS_WEAKREFS,
  IMMORTAL,
  LAYOUT_MASK,
  LOGGED,
  LOOK_TWICE,
  ONE_COUNT,
  OVERFLOWED,
  SPILL,
  SPILL_COUNT,
  UNTRACKED,
} from "../../src/heap/object-word.js";
import { KIND_SHIFT, LEAF_POOL, STRIDE_MASK, TRACKED_POOL } from "../../src/heap/pool-word.js";
import {
  CONDEMNED,
  GRANULE_WORDS,
  MAX_AGE,
  MIN_TRACKED_WORDS,
  WORK_SHIFT,
} from "../../src/heap/work-byte.js";

const FLAGS = { LOGGED, UNTRACKED, HAS_WEAKREFS, FINALIZED, IMMORTAL, OVERFLOWED };

describe("the object word", () => {
  it("has fields that do not overlap and leave no bit over", () => {
    const fields = [LAYOUT_MASK, ...Object.values(FLAGS), -ONE_COUNT];
    for (const [place, field] of fields.entries()) {
      for (const other of fields.slice(place + 1)) expect(field & other).toBe(0);
    }
    expect(fields.reduce((all, field) => all | field, 0)).toBe(-1);
    expect(BELOW_COUNT).toBe(ONE_COUNT - 1);
    expect(ONE_COUNT).toBe(1 << COUNT_SHIFT);
    expect(LAYOUT_MASK).toBe(4095);
  });

  it.each(Object.entries(FLAGS))("has one bit for %s, between layout and count", (_, flag) => {
    expect(Math.log2(flag) % 1).toBe(0);
    expect(flag).toBeGreaterThan(LAYOUT_MASK);
    expect(flag).toBeLessThan(ONE_COUNT);
  });

  it("shows an overflow by its sign, and a count of 0 by one comparison, whatever the flags", () => {
    fc.assert(
      fc.property(fc.nat(BELOW_COUNT), fc.integer({ min: 0, max: 2 * SPILL }), (below, count) => {
        const header = (count << COUNT_SHIFT) | below | 0;
        expect(header < 0).toBe(count === 2 * SPILL);
        expect(header < ONE_COUNT).toBe(count === 0 || count === 2 * SPILL);
        expect(header >>> COUNT_SHIFT).toBe(count);
        expect(header & BELOW_COUNT).toBe(below);
      }),
    );
  });

  it("spills half of its field, a multiple of 256, so that the field alone is right modulo 256", () => {
    expect(SPILL).toBe(4096);
    expect(SPILL % 256).toBe(0);
    expect(SPILL_COUNT).toBe(SPILL * ONE_COUNT);
    expect(((2 * SPILL) << COUNT_SHIFT) - SPILL_COUNT).toBe(-(2 ** 31) - SPILL_COUNT);
    expect((((2 * SPILL) << COUNT_SHIFT) - SPILL_COUNT) | 0).toBe(SPILL << COUNT_SHIFT);
  });

  it("is to be looked at twice when a byte does not hold its count, or its count is not all there is", () => {
    fc.assert(
      fc.property(fc.nat(BELOW_COUNT), fc.integer({ min: 0, max: 2 * SPILL }), (below, count) => {
        const header = (count << COUNT_SHIFT) | below | 0;
        const expected = count >= 256 || (below & (OVERFLOWED | IMMORTAL)) !== 0;
        expect((header & LOOK_TWICE) !== 0).toBe(expected);
      }),
    );
  });
});

describe("the pool word", () => {
  it("has a length and a kind that do not overlap, and is 0 only where no cells are", () => {
    expect(STRIDE_MASK).toBeLessThan(1 << KIND_SHIFT);
    expect(new Set([0, TRACKED_POOL, LEAF_POOL]).size).toBe(3);
    expect(((LEAF_POOL << KIND_SHIFT) | STRIDE_MASK) >> KIND_SHIFT).toBe(LEAF_POOL);
  });
});

describe("the work byte", () => {
  it("is one cell's alone, where cells are tracked", () => {
    expect(MIN_TRACKED_WORDS).toBe(1 << WORK_SHIFT);
    expect(GRANULE_WORDS).toBeLessThan(MIN_TRACKED_WORDS);
  });

  it("tells ages from the mark of the dead", () => {
    expect(MAX_AGE).toBeLessThan(CONDEMNED);
    expect(CONDEMNED).toBe(255);
  });
});
