import * as core from "@heapwright/core";
import { describe, expect, it } from "vitest";

import * as bits from "../src/bits.js";

describe("numbers that are written again for speed", () => {
  const { LEAF, ENTRIES, SPEAKS, LEAF_OR_SPEAKS, WHOLE_COUNT, COUNT_AND_WEAKREFS, ...same } = bits;
  const { leaf, entries, finalizer, legacyFinalizer, weakReference } = core.LAYOUT;

  it.each(Object.entries(same))("%s is core's", (name, number) => {
    expect(number).toBe(core[name as keyof typeof same]);
  });

  it("those that are put together are what they say", () => {
    expect(WHOLE_COUNT).toBe(~core.BELOW_COUNT | core.OVERFLOWED | core.IMMORTAL);
    expect(COUNT_AND_WEAKREFS).toBe(WHOLE_COUNT | core.HAS_WEAKREFS);
    expect([LEAF, ENTRIES]).toEqual([leaf, entries]);
    expect(SPEAKS).toBe(finalizer | legacyFinalizer | weakReference);
    expect(LEAF_OR_SPEAKS).toBe(SPEAKS | leaf);
  });
});
