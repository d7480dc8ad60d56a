import { CONDEMNED, type Deaths } from "@heapwright/core";
import { describe, expect, it } from "vitest";

import { markBit } from "../src/marks.js";
import { createSweeper, type Sweeper } from "../src/sweep.js";
import { createRandomImage, type Node, type RandomImage } from "./random-image.js";

/** An image of some nodes, of which those with the numbers given have marks. */
function swept(
  nodes: readonly Node[],
  marked: readonly number[],
  bury?: Deaths["bury"],
): RandomImage & { sweeper: Sweeper } {
  const random = createRandomImage(nodes, 7);
  for (const node of marked) random.image.work[random.refs[node]! >> 3]! |= markBit(random.refs[node]!);
  const deaths = {
    bury: bury ?? ((cell: number) => (random.image.words[cell] = 0)),
  } as Partial<Deaths> as Deaths;
  return { ...random, sweeper: createSweeper(random.image, deaths) };
}

const leaf: Node = { shape: "leaf", targets: [] };
const pair: Node = { shape: "pair", targets: [] };

describe("condemning", () => {
  it("gathers tracked cells without a mark by address, and leaves ages behind", () => {
    const { image, refs, sweeper } = swept([pair, pair, leaf, { ...pair, shape: "tuple" }], [1]);
    const { refs: found, count, live } = sweeper.condemn();
    expect([...found.subarray(0, count)]).toEqual([refs[0]!, refs[3]!].sort((a, b) => a - b));
    expect(live).toBe(1);
    expect([0, 1, 3].map((node) => image.work[refs[node]! >> 3])).toEqual([CONDEMNED, 0, CONDEMNED]);
  });

  it("has room for a heap that is dead as a whole", () => {
    const nodes = Array.from({ length: 5000 }, () => pair);
    const { refs, sweeper } = swept(nodes, []);
    const { refs: found, count } = sweeper.condemn();
    expect([...found.subarray(0, count)]).toEqual([...refs].sort((a, b) => a - b));
  });

  it("can be turned around, and back", () => {
    const { image, refs, sweeper } = swept([pair, pair, leaf], [1, 2]);
    sweeper.condemn();
    const verdict = image.work.slice();
    sweeper.absolve();
    expect(refs.map((ref) => (image.work[ref >> 3]! & markBit(ref)) !== 0)).toEqual([false, true, false]);
    sweeper.convict();
    image.work[refs[2]! >> 3]! |= markBit(refs[2]!);
    expect(image.work).toEqual(verdict);
  });
});

describe("burying leaves", () => {
  it("buries those without a mark, and leaves no marks behind", () => {
    const buried: number[] = [];
    const { image, refs, sweeper } = swept(
      [leaf, leaf, leaf, leaf],
      [1, 2],
      (cell) => void buried.push(cell),
    );
    expect(sweeper.buryLeaves()).toBe(2);
    expect(buried).toEqual([refs[0]!, refs[3]!].sort((a, b) => a - b));
    expect(image.work.every((byte) => byte === 0)).toBe(true);
  });

  it("leaves a pool alone that went back with its last leaf", () => {
    const buried: number[] = [];
    const { image, refs, sweeper } = swept([leaf], [], (cell) => {
      const pool = cell >> image.poolShift;
      image.pools[pool] = 0;
      // It is another's now, who writes what he likes.
      image.words.fill(-1, pool << image.poolShift, (pool + 1) << image.poolShift);
      buried.push(cell);
    });
    sweeper.buryLeaves();
    expect(buried).toEqual(refs);
  });
});

it("tells of pools with work bytes other than 0", () => {
  const { image, refs, sweeper } = swept([pair, leaf], [0, 1]);
  expect(sweeper.problems()).toHaveLength(2);
  sweeper.clear();
  expect(sweeper.problems()).toEqual([]);
  expect(image.work[refs[0]! >> 3]).toBe(0);
});
