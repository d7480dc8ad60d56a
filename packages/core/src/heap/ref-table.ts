/**
 * Tables from references to numbers, in the memory: what few objects have need not be in the header of all.
 *
 * ```text
 *   +------+-----+-------+-----+-------+-----+-------+
 *   | size |  0  |  ref  | num |   0   |  0  |  ref  | ...    open addressing: pairs from word 2 on, a power of two of them
 *   +------+-----+-------+-----+-------+-----+-------+
 * ```
 *
 * A reference stands in the first free pair from its own place on; taking one out moves up what it had pushed on (linear
 * probing without tombstones).
 */

import { HeapwrightError } from "../errors.js";
import type { Memory } from "../memory.js";
import type { RefTable } from "./counter.js";
import { openRun } from "./run.js";

const FIRST_PAIR = 2;
const FIRST_PAIRS = 256;

/** Opens the table in a run. */
export function openRefTable(memory: Memory, control: Int32Array, number: number): RefTable {
  const run = openRun(memory, control, number);

  const size = (): number => (run.words.length === 0 ? 0 : run.words[0]!);
  /** A power of two; the rest of the run is not used. */
  const pairs = (): number => 1 << (31 - Math.clz32((run.words.length - FIRST_PAIR) >> 1));

  /** The word of the pair of a reference, or of the free one where it belongs. */
  function find(words: Int32Array, mask: number, ref: number): number {
    let pair = Math.imul(ref >>> 2, 0x9e37_79b1) >>> 7;
    for (;;) {
      const word = FIRST_PAIR + 2 * (pair & mask);
      if (words[word] === ref || words[word] === 0) return word;
      pair++;
    }
  }

  function build(wanted: number): boolean {
    return run.grow(FIRST_PAIR + 2 * wanted, (before, after) => {
      const mask = pairs() - 1;
      after[0] = before.length === 0 ? 0 : before[0]!;
      for (let word = FIRST_PAIR; word < before.length - 1; word += 2) {
        if (before[word] === 0) continue;
        const to = find(after, mask, before[word]!);
        after[to] = before[word]!;
        after[to + 1] = before[word + 1]!;
      }
    });
  }

  function makeRoom(): void {
    const has = run.words.length === 0 ? 0 : pairs();
    if (4 * (size() + 1) <= 3 * has) return;
    if (build(Math.max(FIRST_PAIRS, 2 * has)) || size() + 1 < has) return;
    throw new HeapwrightError(
      "ERR_OUT_OF_MEMORY",
      `The memory of ${memory.maxBytes} B has no room for a table of ${16 * Math.max(FIRST_PAIRS, has)} B. Free objects, or make the heap with a larger maxBytes.`,
    );
  }

  function remove(ref: number): void {
    const { words } = run;
    const mask = pairs() - 1;
    let gap = find(words, mask, ref);
    if (words[gap] === 0) return;
    words[0]!--;
    words[gap] = 0;
    // What follows without a gap may have been pushed on by what went: each finds its place anew.
    for (let pair = ((gap - FIRST_PAIR) >> 1) + 1; ; pair++) {
      const word = FIRST_PAIR + 2 * (pair & mask);
      const moved = words[word]!;
      if (moved === 0) return;
      const value = words[word + 1]!;
      words[word] = 0;
      gap = find(words, mask, moved);
      words[gap] = moved;
      words[gap + 1] = value;
    }
  }

  return {
    get size() {
      return size();
    },

    get(ref) {
      if (size() === 0) return 0;
      const { words } = run;
      const word = find(words, pairs() - 1, ref);
      return words[word] === 0 ? 0 : words[word + 1]!;
    },

    set(ref, value) {
      if (value === 0) {
        if (size() > 0) remove(ref);
        return;
      }
      const known = size() > 0 && run.words[find(run.words, pairs() - 1, ref)] !== 0;
      if (!known) makeRoom();
      const { words } = run;
      const word = find(words, pairs() - 1, ref);
      if (words[word] === 0) words[0]!++;
      words[word] = ref;
      words[word + 1] = value;
    },

    *entries() {
      const { words } = run;
      if (size() === 0) return;
      const end = FIRST_PAIR + 2 * pairs();
      for (let word = FIRST_PAIR; word < end; word += 2) {
        if (words[word] !== 0) yield [words[word]!, words[word + 1]!] as const;
      }
    },

    dispose() {
      run.dispose();
    },
  };
}

/** Sentences on a table whose size is wrong, or that does not find what is in it. */
export function tableProblems(table: RefTable, what: string): string[] {
  let entries = 0;
  for (const [ref, value] of table.entries()) {
    if (table.get(ref) !== value) return [`The table of ${what} does not find its entry for ${ref}.`];
    entries++;
  }
  return entries === table.size
    ? []
    : [`The table of ${what} has ${entries} entries and counts ${table.size}.`];
}
