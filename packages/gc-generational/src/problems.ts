/**
 * What can be wrong with ages and births. For `verify()`: it looks at every cell.
 */

import type { HeapImage } from "@heapwright/core";

import { MIDDLE, OLD, YOUNG } from "./ages.js";
import { KIND_SHIFT, MAX_AGE, STRIDE_MASK, TRACKED_POOL, UNTRACKED, WORK_SHIFT } from "./bits.js";
import { BIRTHS, MIDDLE_ONLY, NO_BIRTHS } from "./work-bytes.js";

/**
 * Sentences on everything that is wrong.
 *
 * @param reaping - the pipeline is at work: what is condemned, or was taken out of that, has no age
 */
export function ageProblems(image: HeapImage, reaping: boolean): string[] {
  const problems: string[] = [];
  for (let pool = image.poolsStart(); pool < image.poolsEnd(); pool++) {
    if (image.pools[pool] !== 0) problems.push(...poolProblems(image, pool, reaping));
  }
  return problems;
}

function poolProblems(
  { words, work, pools, births, poolShift }: HeapImage,
  pool: number,
  reaping: boolean,
): string[] {
  const problems: string[] = [];
  const poolWord = pools[pool]!;
  const stride = poolWord & STRIDE_MASK;
  const isTracked = poolWord >>> KIND_SHIFT === TRACKED_POOL;
  const birth = births[pool]!;
  if (birth > MIDDLE_ONLY || (birth !== NO_BIRTHS && !isTracked)) {
    problems.push(`Pool ${pool} has the births byte ${birth}.`);
  }

  const start = pool << poolShift;
  const end = start + (1 << poolShift);
  for (let granule = start >> WORK_SHIFT; granule < end >>> WORK_SHIFT; granule++) {
    const age = work[granule]!;
    if (age === OLD || (reaping && age > MAX_AGE)) continue;
    const offset = (granule << WORK_SHIFT) - start;
    const cell = start + Math.ceil(offset / stride) * stride;
    const begins = isTracked && cell >> WORK_SHIFT === granule && cell + stride <= end;
    if (!begins || words[cell] === 0 || (words[cell]! & UNTRACKED) !== 0) {
      problems.push(
        `The work byte ${age} in pool ${pool}, at word ${start + offset}, is of no tracked object.`,
      );
    } else if (age !== YOUNG && age !== MIDDLE) {
      problems.push(`Object ${cell} has the work byte ${age}, which is no age.`);
    } else if (birth !== BIRTHS && !(birth === MIDDLE_ONLY && age === MIDDLE)) {
      problems.push(`Object ${cell} has the age ${age}, and the births byte of its pool is ${birth}.`);
    }
  }
  return problems;
}
