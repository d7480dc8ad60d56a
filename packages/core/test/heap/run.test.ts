import { describe, expect, it } from "vitest";

import { RUNS } from "../../src/heap/control.js";
import { openRun, releaseRuns, RUN } from "../../src/heap/run.js";
import { openTables } from "./support/tables.js";

const PAGE_WORDS = 1024;

/** Takes all pages but so many; they are given back from the highest down. */
function fill(memory: ReturnType<typeof openTables>["memory"], butPages = 0): (pages: number) => void {
  const taken: number[] = [];
  for (let page = memory.reserve(4096, 4096, 1); page !== 0; page = memory.reserve(4096, 4096, 1))
    taken.push(page);
  const giveBack = (pages: number): void => {
    for (let page = 0; page < pages; page++) memory.release(taken.pop()!, 4096);
  };
  giveBack(butPages);
  return giveBack;
}

describe("a run", () => {
  it("is empty at first, and takes no page", () => {
    const { memory, control } = openTables();
    const before = memory.usage().takenBytes;
    const run = openRun(memory, control, RUN.handles);
    expect(run.words).toHaveLength(0);
    expect(run.grow(0)).toBe(true);
    run.shrink(0);
    run.dispose();
    expect(memory.usage().takenBytes).toBe(before);
  });

  it("grows to whole pages, twice as much as it was at least, with what was there and zeros", () => {
    const { memory, control } = openTables();
    const run = openRun(memory, control, RUN.pins);
    expect(run.grow(1)).toBe(true);
    expect(run.words).toHaveLength(PAGE_WORDS);
    run.words.fill(7);
    expect(run.grow(PAGE_WORDS)).toBe(true);
    expect(run.words).toHaveLength(PAGE_WORDS);
    expect(run.grow(PAGE_WORDS + 1)).toBe(true);
    expect(run.words).toHaveLength(2 * PAGE_WORDS);
    expect(run.grow(10 * PAGE_WORDS + 1)).toBe(true);
    expect(run.words).toHaveLength(11 * PAGE_WORDS);
    expect(run.words.every((word, index) => word === (index < PAGE_WORDS ? 7 : 0))).toBe(true);
    expect(memory.runs().filter(({ use }) => use === 17)).toHaveLength(1);
  });

  it("is found again through its control words", () => {
    const { memory, control } = openTables();
    openRun(memory, control, RUN.counter).grow(5);
    openRun(memory, control, RUN.counter).words[3] = 42;
    expect(openRun(memory, control, RUN.counter).words[3]).toBe(42);
    expect(control[RUNS + 2 * RUN.counter + 1]).toBe(PAGE_WORDS);
  });

  it("can be carried over in another way than word by word", () => {
    const { memory, control } = openTables();
    const run = openRun(memory, control, RUN.pins);
    run.grow(1);
    run.words[0] = 5;
    run.grow(2000, (before, after) => (after[1999] = before[0]!));
    expect([run.words[0], run.words[1999]]).toEqual([0, 5]);
  });

  it("takes just enough when there is no room for twice as much, and says so when there is none at all", () => {
    const { memory, control } = openTables();
    const run = openRun(memory, control, RUN.handles);
    run.grow(4 * PAGE_WORDS);
    run.words[9] = 9;
    const giveBack = fill(memory, 4);
    expect(run.grow(4 * PAGE_WORDS + 1)).toBe(false);
    expect([run.words.length, run.words[9]]).toEqual([4 * PAGE_WORDS, 9]);
    giveBack(1);
    expect(run.grow(4 * PAGE_WORDS + 1)).toBe(true);
    expect([run.words.length, run.words[9]]).toEqual([5 * PAGE_WORDS, 9]);
    memory.verify();
  });

  it("shrinks to what is used and one word more, when that is less than an eighth", () => {
    const { memory, control } = openTables();
    const run = openRun(memory, control, RUN.handles);
    run.grow(40 * PAGE_WORDS);
    run.words.forEach((_, index) => (run.words[index] = index));
    run.shrink(5 * PAGE_WORDS + 1);
    expect(run.words).toHaveLength(40 * PAGE_WORDS);
    run.shrink(5 * PAGE_WORDS);
    expect(run.words).toHaveLength(6 * PAGE_WORDS);
    expect(run.words.every((word, index) => word === index)).toBe(true);
    expect(memory.usage().takenBytes).toBeLessThan(400_000);
    run.shrink(0);
    expect(run.words).toHaveLength(6 * PAGE_WORDS); // short enough
    memory.verify();
  });

  it("stays as it is when there is no room to shrink into", () => {
    const { memory, control } = openTables();
    const run = openRun(memory, control, RUN.handles);
    run.grow(40 * PAGE_WORDS);
    run.words[0] = 1;
    fill(memory);
    run.shrink(0);
    expect(run.words).toHaveLength(40 * PAGE_WORDS);
    expect(run.words[0]).toBe(1);
  });

  it("gives its pages back, one or all", () => {
    const { memory, control } = openTables();
    const before = memory.usage().takenBytes;
    const run = openRun(memory, control, RUN.handles);
    run.grow(1);
    run.dispose();
    run.dispose();
    expect(memory.usage().takenBytes).toBe(before);
    for (let number = 0; number < 8; number++) openRun(memory, control, number).grow(3000);
    releaseRuns(memory, control);
    expect(memory.usage().takenBytes).toBe(before);
    expect(control.subarray(RUNS, RUNS + 16).every((word) => word === 0)).toBe(true);
  });
});
