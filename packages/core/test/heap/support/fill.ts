/** Memories without room. */

import type { Memory } from "../../../src/memory.js";

const HOG_USE = 99;

/**
 * Takes every free page of a memory.
 *
 * @param butPages - pages to leave
 * @returns gives so many pages back, the highest first; all of them when nothing is said
 */
export function fill(memory: Memory, butPages = 0): (pages?: number) => void {
  const taken: number[] = [];
  for (let page = memory.reserve(4096, 4096, HOG_USE); page !== 0;) {
    taken.push(page);
    page = memory.reserve(4096, 4096, HOG_USE);
  }
  const giveBack = (pages: number = taken.length): void => {
    for (let page = 0; page < pages; page++) memory.release(taken.pop()!, 4096);
  };
  giveBack(butPages);
  return giveBack;
}
