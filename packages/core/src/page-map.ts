/**
 * The page map: which pages of a memory are taken, and for what.
 *
 * A memory is handed out in runs of 4 KiB pages. The map spends one byte on a
 * page, so a run is found by scanning bytes (a native `indexOf`), and the owner
 * of any address is one load away. Runs are few and large (an arena, a table, a
 * chunk of large blocks): first fit by lowest address is fast enough, and keeps
 * the high end of the memory free.
 *
 * ```text
 *   bit   7 6 5 4 3 2 1 0
 *        +-+-------------+
 *        |C|     use     |   C    this page goes on with the run of the page before
 *        +-+-------------+   use  0 = free, 127 = the header, else the owner's choice
 * ```
 *
 * Everything is in the memory itself: the counters are words of its header.
 */

/** Bytes in a page, the unit in which a memory is handed out. */
export const PAGE_BYTES = 4096;

const PAGE_SHIFT = 12;
const FREE = 0;
const CONTINUES = 0x80;
const USE_MASK = 0x7f;

/** What the pages at the start are taken for, those of the header. */
export const HEADER_USE: number = USE_MASK;

/** The largest number that an owner may choose for a use. */
export const MAX_USE: number = HEADER_USE - 1;

/** The page map's words in the memory's header. */
const WORDS = {
  /** Every page below this one is taken. */
  lowestFree: 0,
  /** One more than the highest page that may hold anything but 0. */
  touchedEnd: 1,
  /** Pages taken now. */
  taken: 2,
  /** Most pages taken at once. */
  peakTaken: 3,
} as const;

/** How many words of the memory's header belong to the page map. */
export const PAGE_MAP_WORDS = 4;

/** Pages that were taken together. */
export interface PageRun {
  /** First page. */
  readonly page: number;
  /** How many pages. */
  readonly pages: number;
  /** What the owner takes them for. */
  readonly use: number;
}

/** Figures of a page map, in pages. `taken <= touched`, `taken <= peakTaken`. */
export interface PageFigures {
  /** From page 0 to the highest page that may hold anything but 0. */
  readonly touched: number;
  /** Taken now. */
  readonly taken: number;
  /** Most taken at once. */
  readonly peakTaken: number;
}

/** Takes and gives back runs of pages; see `page-map.ts`. */
export interface PageMap {
  /** Takes the first `pages` pages of a fresh memory for the header, for good. */
  takeHeader(pages: number): void;
  /** Takes `pages` pages, the first one a multiple of `alignment` pages. Returns the first, or 0 for "no room". */
  take(pages: number, alignment: number, use: number): number;
  /** Gives back the run that begins at `page`; false when no run of that length begins there. */
  give(page: number, pages: number): boolean;
  /** The page after the last one that is taken. */
  takenEnd(): number;
  /** Notes that all pages from `end` on were given back to the system, and are 0 when they come again. */
  forgetFrom(end: number): void;
  /** The use of the page around a byte address, 0 when it is free or outside the memory. */
  useAt(address: number): number;
  /** All runs, by rising address, the header's first. */
  runs(): PageRun[];
  /** A snapshot of the figures. */
  figures(): PageFigures;
  /** Sentences on everything that is wrong; none when the map is sound. */
  problems(): string[];
}

/**
 * Makes a page map over bytes and words of a memory.
 *
 * @param map - one byte a page, all 0 in a fresh memory
 * @param words - {@link PAGE_MAP_WORDS} words, all 0 in a fresh memory
 * @param commit - makes the pages below `end` usable before they are taken; false when the host refuses
 */
export function createPageMap(
  map: Uint8Array,
  words: Int32Array,
  commit: (end: number) => boolean = () => true,
): PageMap {
  const { lowestFree, touchedEnd, taken, peakTaken } = WORDS;

  /** First fit: the lowest free pages that are long enough and aligned. */
  function findRun(pages: number, alignment: number): number {
    for (let start = map.indexOf(FREE, words[lowestFree]); start > 0; start = map.indexOf(FREE, start)) {
      start = Math.ceil(start / alignment) * alignment;
      const end = start + pages;
      if (end > map.length) return 0;
      let page = start;
      while (page < end && map[page] === FREE) page++;
      if (page === end) return start;
      start = page + 1;
    }
    return 0;
  }

  function mark(page: number, pages: number, use: number): void {
    const end = page + pages;
    map[page] = use;
    map.fill(use | CONTINUES, page + 1, end);
    if (page === words[lowestFree]) words[lowestFree] = end;
    words[touchedEnd] = Math.max(words[touchedEnd]!, end);
    words[taken]! += pages;
    words[peakTaken] = Math.max(words[peakTaken]!, words[taken]!);
  }

  function runAt(page: number): PageRun {
    let end = page + 1;
    while (end < map.length && (map[end]! & CONTINUES) !== 0) end++;
    return { page, pages: end - page, use: map[page]! & USE_MASK };
  }

  function runs(): PageRun[] {
    const found: PageRun[] = [];
    let page = 0;
    while (page < map.length) {
      if (map[page] === FREE) {
        page++;
        continue;
      }
      const run = runAt(page);
      found.push(run);
      page += run.pages;
    }
    return found;
  }

  function takenEnd(): number {
    let end = Math.min(words[touchedEnd]!, map.length);
    while (map[end - 1] === FREE) end--;
    return end;
  }

  /** The first page of a run that is marked otherwise than the run begins, or undefined. */
  function strayPage({ page, pages, use }: PageRun): number | undefined {
    const begins = use !== FREE && map[page] === use;
    if (!begins) return page;
    const length = map.subarray(page + 1, page + pages).findIndex((mark) => mark !== (use | CONTINUES));
    return length < 0 ? undefined : page + 1 + length;
  }

  return {
    takeHeader: (pages) => mark(0, pages, HEADER_USE),

    take(pages, alignment, use) {
      const page = findRun(pages, alignment);
      if (page === 0 || !commit(page + pages)) return 0;
      mark(page, pages, use);
      return page;
    },

    give(page, pages) {
      // A page that is no whole number is none: it reads as undefined.
      const use = map[page] ?? FREE;
      const begins = page > 0 && use !== FREE && (use & CONTINUES) === 0;
      if (!begins || runAt(page).pages !== pages) return false;
      map.fill(FREE, page, page + pages);
      words[lowestFree] = Math.min(words[lowestFree]!, page);
      words[taken]! -= pages;
      return true;
    },

    takenEnd,

    forgetFrom(end) {
      words[touchedEnd] = Math.min(words[touchedEnd]!, end);
    },

    // On the way of every `free` of a large block; the range is checked first, for a shift would wrap at 4 GiB.
    useAt: (address) =>
      address >= 0 && address < 2 ** 32 ? (map[address >>> PAGE_SHIFT] ?? FREE) & USE_MASK : FREE,

    runs,

    figures: () => ({
      touched: words[touchedEnd]!,
      taken: words[taken]!,
      peakTaken: words[peakTaken]!,
    }),

    problems() {
      const all = runs();
      const found: string[] = [];
      const pages = all.reduce((sum, run) => sum + run.pages, 0);
      if (pages !== words[taken]) {
        found.push(`The page map has ${pages} taken pages, its counter ${words[taken]!}.`);
      }
      if (words[peakTaken]! < words[taken]!) {
        found.push(`At most ${words[peakTaken]!} pages were taken at once, yet ${words[taken]!} are.`);
      }
      const end = Math.max(0, ...all.slice(-1).map((run) => run.page + run.pages));
      if (words[touchedEnd]! < end || words[touchedEnd]! > map.length) {
        found.push(
          `The touched pages end at ${words[touchedEnd]!}, the taken ones at ${end} of ${map.length}.`,
        );
      }
      const firstFree = map.indexOf(FREE);
      if (words[lowestFree]! < 0 || words[lowestFree]! > (firstFree < 0 ? map.length : firstFree)) {
        found.push(
          `The lowest free page is ${firstFree}; the search for it begins at ${words[lowestFree]!}.`,
        );
      }
      if (map[0] !== HEADER_USE) found.push("Page 0 is not the memory's header.");
      for (const run of all) {
        const stray = strayPage(run);
        if (stray !== undefined) found.push(`Page ${stray} belongs to no run.`);
      }
      return found;
    },
  };
}
