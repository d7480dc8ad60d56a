/**
 * Random programs of blocks and pools, and a naive model of what they must find.
 */

import { HeapwrightError, type BlockAllocator } from "@heapwright/core";
import fc from "fast-check";
import { expect } from "vitest";

/** A step of a random program; what it works on is chosen among what is there. */
export type Step =
  | { readonly do: "malloc"; readonly bytes: number }
  | { readonly do: "free" | "give"; readonly which: number }
  | { readonly do: "realloc"; readonly which: number; readonly bytes: number }
  | { readonly do: "take" };

const lengths = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 512 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 3000 }) },
);
const which = fc.nat({ max: 1000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("malloc" as const), bytes: lengths }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("free" as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("realloc" as const), which, bytes: lengths }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("take" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("give" as const), which }) },
);

/** Programs of 20 to 200 steps. */
export const steps: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 20, maxLength: 200 });

/** Which blocks and pools there are, each filled with a byte of its own. */
export class Model {
  readonly #blocks = new Map<number, { readonly bytes: number; readonly fill: number }>();
  readonly #pools = new Map<number, number>();
  #allocator: BlockAllocator;
  #fill = 0;

  constructor(allocator: BlockAllocator) {
    this.#allocator = allocator;
  }

  /** From now on another allocator must have what this one had. */
  goOnWith(allocator: BlockAllocator): void {
    this.#allocator = allocator;
  }

  play(step: Step): void {
    const allocator = this.#allocator;
    switch (step.do) {
      case "malloc": {
        const address = this.#attempt(() => allocator.malloc(step.bytes));
        if (address !== undefined) this.#write(address, step.bytes);
        return;
      }
      case "free": {
        const address = pick(this.#blocks, step.which);
        if (address === undefined) return;
        allocator.free(address);
        this.#blocks.delete(address);
        return;
      }
      case "realloc": {
        const address = pick(this.#blocks, step.which);
        if (address === undefined) return;
        const { bytes, fill } = this.#blocks.get(address)!;
        const moved = this.#attempt(() => allocator.realloc(address, step.bytes));
        if (moved === undefined) return;
        this.#blocks.delete(address);
        this.#expectFilled(moved, Math.min(bytes, step.bytes), fill);
        this.#write(moved, step.bytes);
        return;
      }
      case "take": {
        const pool = allocator.pools?.take() ?? 0;
        if (pool === 0) return;
        expect(this.#pools.has(pool)).toBe(false);
        this.#pools.set(pool, this.#nextFill());
        this.#view.fill(this.#fill, pool, pool + this.#poolBytes);
        return;
      }
      case "give": {
        const pool = pick(this.#pools, step.which);
        if (pool === undefined) return;
        allocator.pools?.give(pool);
        this.#pools.delete(pool);
      }
    }
  }

  /** Throws when the allocator is not sound, or has other blocks and pools, or their bytes are others. */
  check(): void {
    this.#allocator.verify();
    for (const [address, { bytes, fill }] of this.#blocks) this.#expectFilled(address, bytes, fill);
    for (const [pool, fill] of this.#pools) this.#expectFilled(pool, this.#poolBytes, fill);
    const shown: number[] = [];
    this.#allocator.walk(({ address }) => void shown.push(address));
    expect(shown.sort()).toEqual([...this.#blocks.keys()].sort());
    expect(this.#allocator.stats()).toMatchObject({
      liveBlocks: this.#blocks.size,
      ...(this.#allocator.pools && { heapPools: this.#pools.size }),
    });
  }

  /** Anew each time: a resizable buffer has another length, a transferred one is another. */
  get #view(): Uint8Array {
    return new Uint8Array(this.#allocator.memory.buffer);
  }

  get #poolBytes(): number {
    return this.#allocator.pools?.poolBytes ?? 0;
  }

  #expectFilled(address: number, bytes: number, fill: number): void {
    const wrong = this.#view.subarray(address, address + bytes).findIndex((byte) => byte !== fill);
    if (wrong >= 0) throw new Error(`Byte ${wrong} of what is at ${address} is not what was written.`);
  }

  #write(address: number, bytes: number): void {
    this.#blocks.set(address, { bytes, fill: this.#nextFill() });
    this.#view.fill(this.#fill, address, address + bytes);
  }

  #nextFill(): number {
    return (this.#fill = (this.#fill % 255) + 1);
  }

  /** What a call returns, or undefined when the memory is full. */
  #attempt(call: () => number): number | undefined {
    try {
      return call();
    } catch (error) {
      if (HeapwrightError.is(error, "ERR_OUT_OF_MEMORY")) return undefined;
      throw error;
    }
  }
}

/** One of the keys, chosen by a number. */
function pick(map: ReadonlyMap<number, unknown>, which: number): number | undefined {
  return [...map.keys()][which % map.size];
}
