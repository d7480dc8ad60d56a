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
 *        +-+-------------+   use  0 = free, else a number of the owner's choosing
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

/** The largest number that names a use. */
export const MAX_USE: number = USE_MASK;

/** Words of the memory's header that belong to the page map. */
export const PAGE_MAP_WORDS = {
  /** Every page below this one is taken. */
  lowestFree: 0,
  /** One more than the highest page that was ever taken. */
  touchedEnd: 1,
  /** Pages taken now. */
  taken: 2,
  /** Most pages taken at once. */
  peakTaken: 3,
} as const;

const { lowestFree, touchedEnd, taken, peakTaken } = PAGE_MAP_WORDS;

/** Pages that were taken together. */
export interface PageRun {
  /** First page. */
  readonly page: number;
  /** How many pages. */
  readonly pages: number;
  /** What the owner takes them for, 1 to 127. */
  readonly use: number;
}

/** Takes and gives back runs of pages; see `page-map.ts`. */
export interface PageMap {
  /** Takes `pages` pages, the first one a multiple of `alignment` pages. Returns the first, or 0 for "no room". */
  take(pages: number, alignment: number, use: number): number;
  /** Gives back the run that begins at `page`; false when no run of that length begins there. */
  give(page: number, pages: number): boolean;
  /** The use of a page, 0 when it is free or outside the memory. */
  useOf(page: number): number;
  /** The page after the last one that is taken. */
  takenEnd(): number;
  /** All runs, by rising address. */
  runs(): PageRun[];
  /** Sentences on everything that is wrong; none when the map is sound. */
  problems(): string[];
}

/**
 * Makes a page map over bytes and words of a memory.
 *
 * @param map - one byte a page, all 0 in a fresh memory
 * @param words - four words, see {@link PAGE_MAP_WORDS}; all 0 in a fresh memory
 */
export function createPageMap(map: Uint8Array, words: Int32Array): PageMap {
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

  return {
    take(pages, alignment, use) {
      const page = findRun(pages, alignment);
      if (page === 0) return 0;
      map[page] = use;
      map.fill(use | CONTINUES, page + 1, page + pages);
      if (page === words[lowestFree]) words[lowestFree] = page + pages;
      words[touchedEnd] = Math.max(words[touchedEnd]!, page + pages);
      words[taken]! += pages;
      words[peakTaken] = Math.max(words[peakTaken]!, words[taken]!);
      return page;
    },

    give(page, pages) {
      const begins = page > 0 && page < map.length && map[page] !== FREE && (map[page]! & CONTINUES) === 0;
      if (!begins || runAt(page).pages !== pages) return false;
      map.fill(FREE, page, page + pages);
      words[lowestFree] = Math.min(words[lowestFree]!, page);
      words[taken]! -= pages;
      return true;
    },

    useOf: (page) => (map[page] ?? FREE) & USE_MASK,

    takenEnd() {
      let end = words[touchedEnd]!;
      while (map[end - 1] === FREE) end--;
      return end;
    },

    runs,

    problems() {
      const all = runs();
      const pages = all.reduce((sum, run) => sum + run.pages, 0);
      const found: string[] = [];
      if (pages !== words[taken])
        found.push(`The page map has ${pages} taken pages, its counter ${words[taken]!}.`);
      if (map[0] === FREE) found.push("Page 0, the memory's header, is marked free.");
      for (const { page, use } of all) {
        if (use === FREE || (map[page]! & CONTINUES) !== 0) found.push(`Page ${page} continues no run.`);
      }
      const firstFree = map.indexOf(FREE);
      if (firstFree >= 0 && firstFree < words[lowestFree]!) {
        found.push(`Page ${firstFree} is free, below the lowest free page ${words[lowestFree]!}.`);
      }
      return found;
    },
  };
}

/** The page that a byte address lies in. */
export function pageOf(address: number): number {
  return address >>> PAGE_SHIFT;
}
