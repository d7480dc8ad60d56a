import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";

import {
  HEADER_USE,
  MAX_USE,
  PAGE_BYTES,
  PAGE_MAP_WORDS,
  createPageMap,
  type PageMap,
  type PageRun,
} from "../src/page-map.js";

const PAGES = 64;

/** What a page map has to do, done by looking at every page. */
interface Model extends Pick<PageMap, "take" | "give"> {
  picture(): unknown;
  runs(): readonly PageRun[];
}

function createModel(headerPages: number, committablePages: number): Model {
  let runs: PageRun[] = [{ page: 0, pages: headerPages, use: HEADER_USE }];
  let [touched, peakTaken] = [headerPages, headerPages];

  const endOf = ({ page, pages }: PageRun): number => page + pages;
  const runAround = (page: number): PageRun | undefined =>
    runs.find((run) => page >= run.page && page < endOf(run));
  const countTaken = (): number => runs.reduce((sum, { pages }) => sum + pages, 0);

  function isFree(page: number, pages: number): boolean {
    const all = Array.from({ length: pages }, (_, k) => page + k);
    return page + pages <= PAGES && all.every((each) => !runAround(each));
  }

  return {
    runs: () => runs,

    take(pages, alignment, use) {
      for (let page = 0; page < PAGES; page += alignment) {
        if (!isFree(page, pages)) continue;
        if (page + pages > committablePages) return 0;
        runs = [...runs, { page, pages, use }].sort((a, b) => a.page - b.page);
        touched = Math.max(touched, page + pages);
        peakTaken = Math.max(peakTaken, countTaken());
        return page;
      }
      return 0;
    },

    give(page, pages) {
      const run = runs.slice(1).find((each) => each.page === page && each.pages === pages);
      runs = runs.filter((each) => each !== run);
      return run !== undefined;
    },

    picture: () => ({
      runs,
      figures: { touched, taken: countTaken(), peakTaken },
      takenEnd: endOf(runs.at(-1)!),
      uses: ADDRESSES.map((address) => runAround(Math.floor(address / PAGE_BYTES))?.use ?? 0),
      problems: [],
    }),
  };
}

function pictureOf(map: PageMap): unknown {
  return {
    runs: map.runs(),
    figures: map.figures(),
    takenEnd: map.takenEnd(),
    uses: ADDRESSES.map((address) => map.useAt(address)),
    problems: map.problems(),
  };
}

/** The first and the last byte of every page, and bytes outside. */
const ADDRESSES = Array.from({ length: PAGES + 2 }, (_, page) => [
  (page - 1) * PAGE_BYTES,
  page * PAGE_BYTES - 1,
]).flat();

type Step =
  | { readonly kind: "take"; readonly pages: number; readonly alignment: number; readonly use: number }
  | { readonly kind: "give"; readonly nth: number }
  | { readonly kind: "give anything"; readonly page: number; readonly pages: number };

const steps = fc.array(
  fc.oneof(
    fc.record<Step & { kind: "take" }>({
      kind: fc.constant("take"),
      pages: fc.integer({ min: 1, max: 12 }),
      alignment: fc.constantFrom(1, 1, 2, 4, 8, 32, 128),
      use: fc.integer({ min: 1, max: MAX_USE }),
    }),
    fc.record<Step & { kind: "give" }>({ kind: fc.constant("give"), nth: fc.nat(20) }),
    fc.record<Step & { kind: "give anything" }>({
      kind: fc.constant("give anything"),
      page: fc.integer({ min: -2, max: PAGES + 1 }),
      pages: fc.integer({ min: 0, max: 12 }),
    }),
  ),
  { maxLength: 60, size: "max" },
);

function perform(on: Pick<PageMap, "take" | "give">, step: Step, runs: readonly PageRun[]): number | boolean {
  if (step.kind === "take") return on.take(step.pages, step.alignment, step.use);
  if (step.kind === "give anything") return on.give(step.page, step.pages);
  const run = runs[step.nth % runs.length]!;
  return on.give(run.page, run.pages);
}

describe("a page map", () => {
  it("takes the lowest aligned pages that fit, and agrees with a naive model after each step", () => {
    const headers = fc.integer({ min: 1, max: 5 });
    const committable = fc.oneof(fc.constant(PAGES), fc.integer({ min: 5, max: PAGES }));
    fc.assert(
      fc.property(headers, committable, steps, (headerPages, committablePages, program) => {
        const map = createPageMap(
          new Uint8Array(PAGES),
          new Int32Array(PAGE_MAP_WORDS),
          (end) => end <= committablePages,
        );
        map.takeHeader(headerPages);
        const model = createModel(headerPages, committablePages);
        for (const step of program) {
          const runs = model.runs();
          expect(perform(map, step, runs)).toBe(perform(model, step, runs));
          expect(pictureOf(map)).toEqual(model.picture());
        }
      }),
    );
  });

  it("can be filled to the last page and emptied again", () => {
    const map = createPageMap(new Uint8Array(PAGES), new Int32Array(PAGE_MAP_WORDS));
    map.takeHeader(1);
    for (let page = 1; page < PAGES; page++) expect(map.take(1, 1, 1)).toBe(page);
    expect(map.take(1, 1, 1)).toBe(0);
    for (let page = 1; page < PAGES; page++) expect(map.give(page, 1)).toBe(true);
    expect(map.take(PAGES, 1, 1)).toBe(0);
    expect(map.take(PAGES - 1, 1, 1)).toBe(1);
  });

  it("forgets what was touched, but not below what is taken", () => {
    const map = createPageMap(new Uint8Array(PAGES), new Int32Array(PAGE_MAP_WORDS));
    map.takeHeader(2);
    const run = map.take(10, 1, 1);
    map.give(run, 10);
    map.forgetFrom(map.takenEnd());
    expect(map.figures()).toEqual({ touched: 2, taken: 2, peakTaken: 12 });
    map.forgetFrom(40);
    expect(map.figures().touched).toBe(2);
  });

  it.each([NaN, -1, -4096, 0.5 - 1, PAGES * PAGE_BYTES, 2 ** 32, 2 ** 32 + PAGE_BYTES, 2 ** 53, Infinity])(
    "has nothing at the address %d",
    (address) => {
      const map = createPageMap(new Uint8Array(PAGES).fill(5), new Int32Array(PAGE_MAP_WORDS));
      expect(map.useAt(address)).toBe(0);
    },
  );
});

describe("a damaged page map", () => {
  let bytes: Uint8Array;
  let words: Int32Array;
  let map: PageMap;

  /** Pages 0 to 1 are the header, 2 to 4 have use 5, 5 to 7 are free, 8 has use 6. */
  beforeEach(() => {
    bytes = new Uint8Array(16);
    words = new Int32Array(PAGE_MAP_WORDS);
    map = createPageMap(bytes, words);
    map.takeHeader(2);
    map.take(3, 1, 5);
    const gap = map.take(3, 1, 7);
    map.take(1, 1, 6);
    map.give(gap, 3);
    expect(map.problems()).toEqual([]);
  });

  it("is reported, whichever page was taken or freed behind its back", () => {
    fc.assert(
      fc.property(fc.nat(15), fc.integer({ min: 1, max: 255 }), (page, mark) => {
        const before = bytes[page]!;
        bytes[page] = before === 0 ? mark : 0;
        expect(map.problems()).not.toEqual([]);
        bytes[page] = before;
      }),
    );
  });

  it.each<[what: string, damage: () => void, problem: string]>([
    ["a page of another use inside a run", () => (bytes[3] = 0x86), "Page 3 belongs to no run."],
    ["a page that goes on with nothing", () => (bytes[6] = 0x85), "Page 6 belongs to no run."],
    ["a use of 0 in a run", () => (bytes[8] = 0x80), "Page 8 belongs to no run."],
    ["a header that is free", () => (bytes[0] = 0), "Page 0 is not the memory's header."],
    ["a counter of taken pages", () => (words[2] = 7), "The page map has 6 taken pages, its counter 7."],
    ["a peak below the counter", () => (words[3] = 5), "At most 5 pages were taken at once, yet 6 are."],
    [
      "touched pages that end too early",
      () => (words[1] = 8),
      "The touched pages end at 8, the taken ones at 9 of 16.",
    ],
    [
      "touched pages that end outside",
      () => (words[1] = 17),
      "The touched pages end at 17, the taken ones at 9 of 16.",
    ],
    [
      "a search that begins too late",
      () => (words[0] = 6),
      "The lowest free page is 5; the search for it begins at 6.",
    ],
    [
      "a search that begins nowhere",
      () => (words[0] = -1),
      "The lowest free page is 5; the search for it begins at -1.",
    ],
  ])("is reported: %s", (_what, damage, problem) => {
    damage();
    expect(map.problems()).toContain(problem);
  });

  it("is reported when it was wiped", () => {
    bytes.fill(0);
    expect(map.problems()).toContain("Page 0 is not the memory's header.");
  });
});
