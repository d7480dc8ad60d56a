import fc from "fast-check";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { createMemory } from "../src/memory.js";
import type * as Recycler from "../src/recycler.js";
import type { LentWasmMemory } from "../src/recycler.js";
import { countingWasmMemories } from "./hosts.js";

const WASM_PAGE_BYTES = 65_536;
const MIB = 1024 * 1024;

let takeWasmMemory: typeof Recycler.takeWasmMemory;

/** An empty shelf for each test. */
beforeEach(async () => {
  vi.resetModules();
  ({ takeWasmMemory } = await import("../src/recycler.js"));
});

function bytesOf({ memory }: LentWasmMemory): Uint8Array {
  return new Uint8Array(memory.buffer);
}

/** How many of these caps, in wasm pages, have to be made anew. */
function countMade(caps: readonly number[]): number {
  return countingWasmMemories(() => caps.forEach((pages) => takeWasmMemory(pages)));
}

describe("the recycler", () => {
  it("hands a memory out again to whom asks for the same cap, and to nobody else", () => {
    takeWasmMemory(3).giveBack(0);
    expect(countMade([2, 4])).toBe(2);
    expect(countMade([3])).toBe(0);
    expect(countMade([3])).toBe(1);
  });

  it("zeroes what was touched", () => {
    const first = takeWasmMemory(2);
    bytesOf(first).fill(0xa5, 0, 5000);
    first.giveBack(5000);
    expect(bytesOf(takeWasmMemory(2)).every((byte) => byte === 0)).toBe(true);
  });

  it("takes views away from whom had the memory before", () => {
    const lent = takeWasmMemory(1);
    const stale = bytesOf(lent);
    lent.giveBack(WASM_PAGE_BYTES);
    const fresh = bytesOf(takeWasmMemory(1));
    stale[0] = 7;
    expect(stale.byteLength).toBe(0);
    expect(fresh[0]).toBe(0);
  });

  it("keeps eight memories, those that came last", () => {
    const caps = [11, 12, 13, 14, 15, 16, 17, 18, 19];
    for (const lent of caps.map((pages) => takeWasmMemory(pages))) lent.giveBack(0);
    expect(countMade(caps.slice(1))).toBe(0);
    expect(countMade([11])).toBe(1);
  });

  it("keeps 256 MiB of committed bytes, those that came last", () => {
    const [first, second] = [takeWasmMemory(4096), takeWasmMemory(4097)];
    first.giveBack(200 * MIB);
    second.giveBack(57 * MIB);
    expect(countMade([4096])).toBe(1);
  });

  it("does not keep a memory that alone has more, nor lets the others go for it", () => {
    const [small, large] = [takeWasmMemory(1), takeWasmMemory(8192)];
    small.giveBack(0);
    large.giveBack(257 * MIB);
    expect(countMade([8192])).toBe(1);
    expect(countMade([1])).toBe(0);
  });

  it("remembers what an earlier owner committed", () => {
    takeWasmMemory(16).giveBack(MIB);
    takeWasmMemory(16).giveBack(0); // still 1 MiB of pages
    takeWasmMemory(4096).giveBack(255.5 * MIB);
    expect(countMade([16])).toBe(1);
  });

  it("lets its spares go when the host refuses another cap, and asks again", () => {
    takeWasmMemory(5).giveBack(0);
    const asked = countingWasmMemories(
      () => takeWasmMemory(6),
      (nth) => nth === 1,
    );
    expect(asked).toBe(2);
    expect(countMade([5])).toBe(1);
  });

  it("passes the refusal on when it has no spares", () => {
    let thrown: unknown;
    const asked = countingWasmMemories(
      () => {
        try {
          takeWasmMemory(7);
        } catch (error) {
          thrown = error;
        }
      },
      () => true,
    );
    expect(asked).toBe(1);
    expect(thrown).toBeInstanceOf(RangeError);
  });

  it("lends every memory to one at a time, zeroed, whatever the order", () => {
    const step = fc.record({
      pages: fc.integer({ min: 1, max: 3 }),
      gives: fc.boolean(),
      dirty: fc.nat(WASM_PAGE_BYTES),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (program) => {
        const lent: LentWasmMemory[] = [];
        for (const { pages, gives, dirty } of program) {
          if (gives && lent.length > 0) {
            const [oldest] = lent.splice(0, 1);
            bytesOf(oldest!).fill(0xa5, 0, dirty);
            oldest!.giveBack(dirty);
            continue;
          }
          const next = takeWasmMemory(pages);
          expect(next.memory.buffer.byteLength).toBe(pages * WASM_PAGE_BYTES);
          expect(bytesOf(next).findIndex((byte) => byte !== 0)).toBe(-1);
          expect(lent.some(({ memory }) => memory === next.memory)).toBe(false);
          lent.push(next);
        }
        for (const each of lent) each.giveBack(0);
      }),
    );
  });
});

describe("a disposed wasm memory", () => {
  it("serves the next one of its cap, zeroed", () => {
    const made = countingWasmMemories(() => {
      for (let round = 0; round < 3; round++) {
        const memory = createMemory({ memory: "wasm", maxBytes: "1984KiB" });
        const bytes = memory.maxBytes - memory.usage().takenBytes;
        const address = memory.reserveZeroed(bytes, 4096, 1);
        const run = new Uint8Array(memory.buffer, address, bytes);
        expect(run.every((byte) => byte === 0)).toBe(true);
        run.fill(0xa5);
        memory.dispose();
      }
    });
    expect(made).toBe(1);
  });

  it("is zeroed for the next one even if its header was overwritten", () => {
    const first = createMemory({ memory: "wasm", maxBytes: "1856KiB" });
    const run = first.reserve(MIB, 4096, 1);
    new Uint8Array(first.buffer, run, MIB).fill(0xa5);
    new Uint8Array(first.buffer, 0, 4096).fill(0);
    first.dispose();
    const made = countingWasmMemories(() => {
      const { buffer } = createMemory({ memory: "wasm", maxBytes: "1856KiB" });
      expect(new Uint8Array(buffer, 4096).findIndex((byte) => byte !== 0)).toBe(-1);
    });
    expect(made).toBe(0);
  });

  it("is there again when a memory cannot be made on it", () => {
    const made = countingWasmMemories(() => {
      for (let round = 0; round < 3; round++) {
        const make = (): unknown => createMemory({ memory: "wasm", maxBytes: "1920KiB", offset: "4MiB" });
        expect(make).toThrow("behind an offset of 4194304 B");
      }
    });
    expect(made).toBe(1);
  });

  it("lets a program make and dispose 2,000 of one cap, and of any cap", () => {
    for (let round = 0; round < 2000; round++) {
      const maxBytes = round % 2 === 0 ? MIB : (1 + (round % 100)) * MIB;
      const memory = createMemory({ memory: "wasm", maxBytes });
      new Uint8Array(memory.buffer, memory.reserve(4096, 4096, 1), 4096).fill(1);
      memory.dispose();
    }
  });
});
