import * as core from "@heapwright/core";
import { describe, expect, it } from "vitest";

import * as bits from "../src/bits.js";
import { FULL_HOT, YOUNG_HOT } from "../src/work-bytes.js";

describe("numbers that are written again for speed", () => {
  it.each(Object.entries(bits))("%s is core's", (name, number) => {
    expect(number).toBe(core[name as keyof typeof bits]);
  });

  it("a header is hot when its count does not fit into a byte, or the field does not tell it", () => {
    const flags = core.IMMORTAL | core.OVERFLOWED;
    expect(FULL_HOT).toBe((-256 * core.ONE_COUNT) | flags);
    expect(FULL_HOT).toBe(core.LOOK_TWICE);
    expect(YOUNG_HOT).toBe((-128 * core.ONE_COUNT) | flags);
  });
});
