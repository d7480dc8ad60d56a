/**
 * What `heap.verify()` holds against each other: everything that is written down twice.
 */

import type { BlockAllocator } from "../allocator.js";
import { HeapwrightError } from "../errors.js";
import type { Cells } from "./cells.js";
import type { Collector } from "./collector.js";
import {
  BUFFERS,
  COLLECTING,
  ENABLED,
  EVENT_WORDS,
  HANDLES,
  LAYOUTS,
  NEVER,
  PINS,
  POOLS_END,
  POOLS_START,
  SPARE_ROOTS,
  SPARE_ROOT_WORDS,
  TRIGGER_COUNT,
  TRIGGER_LIMIT,
  WANTED_LIMIT,
} from "./control.js";
import type { Counter } from "./counter.js";
import { createEdgeBuffer } from "./edge-buffer.js";
import type { Edges } from "./edges.js";
import { LAYOUT } from "./heap-image.js";
import { EVENT_BUFFER_WORDS, type HeapTables } from "./heap-tables.js";
import { HAS_WEAKREFS, IMMORTAL, LAYOUT_MASK, UNTRACKED } from "./object-word.js";
import { KIND_SHIFT, LEAF_POOL, STRIDE_MASK } from "./pool-word.js";
import { BUFFER_CAPACITY, BUFFER_COUNT, BUFFER_FIRST, ITEMS } from "./scan.js";
import type { Layouts } from "./layouts.js";
import type { HeldRoots } from "./roots.js";
import type { WeakLists } from "./weak-lists.js";
import { MAX_AGE, WORK_SHIFT } from "./work-byte.js";

/** What is checked. */
export interface VerifyParts {
  readonly tables: HeapTables;
  readonly cells: Cells;
  readonly edges: Edges;
  readonly layouts: Layouts;
  readonly roots: HeldRoots;
  readonly weak: WeakLists;
  readonly counter: Counter | undefined;
  readonly collector: Collector;
  readonly allocator: BlockAllocator;
}

/** Control words that say yes or no. */
const FLAGS = [
  ["Automatic collection", ENABLED],
  ["A collection under way", COLLECTING],
] as const;

/** A list of problems that ends with "and so on": a damaged heap has thousands. */
const MOST_PROBLEMS = 20;

/**
 * Checks a heap, its memory and its allocator.
 *
 * @throws HeapwrightError `ERR_CORRUPT_MEMORY` naming what was found wrong
 */
export function verifyHeap(parts: VerifyParts): void {
  parts.tables.memory.verify();
  parts.allocator.verify();
  const found = heapProblems(parts);
  if (found.length > 0) throw new HeapwrightError("ERR_CORRUPT_MEMORY", found.join(" "));
}

/** Sentences on everything that is wrong; none when the heap is sound. */
function heapProblems(parts: VerifyParts): string[] {
  const found: string[] = [];
  const checks = [
    () => controlProblems(parts),
    () => parts.layouts.problems(),
    () => parts.cells.problems(),
    () => headerProblems(parts),
    () => bufferProblems(parts),
    () => edgeProblems(parts),
    () => rootProblems(parts),
    () => parts.weak.problems(parts.cells),
    () => countProblems(parts),
    () => parts.counter?.problems() ?? [],
    () => parts.collector.problems(),
  ];
  for (const check of checks) {
    // Later checks follow what earlier ones found sound.
    found.push(...check());
    if (found.length > MOST_PROBLEMS)
      return [...found.slice(0, MOST_PROBLEMS), `And ${found.length - MOST_PROBLEMS} more.`];
    if (found.length > 0) return found;
  }
  return found;
}

function controlProblems({ tables: { control } }: VerifyParts): string[] {
  const found: string[] = [];
  for (const [name, word] of FLAGS) {
    if (control[word] !== 0 && control[word] !== 1)
      found.push(`${name} is ${control[word]!}, neither 0 nor 1.`);
  }
  const limit = control[ENABLED] === 1 ? control[WANTED_LIMIT]! : NEVER;
  if (control[TRIGGER_LIMIT] !== limit) {
    found.push(`The collector is asked at ${control[TRIGGER_LIMIT]!} births, and wants ${limit}.`);
  }
  if (control[TRIGGER_COUNT]! < 0) found.push(`${control[TRIGGER_COUNT]!} objects are counted as born.`);
  if (control[EVENT_WORDS]! < 0 || control[EVENT_WORDS]! > EVENT_BUFFER_WORDS) {
    found.push(`The event buffer has ${control[EVENT_WORDS]!} words.`);
  }
  return found;
}

function headerProblems({ tables, cells, weak }: VerifyParts): string[] {
  const { words, control, pools, poolShift, work, layoutFlags, cellWords } = tables;
  const found: string[] = [];
  for (const object of cells.objects()) {
    const header = words[object]!;
    const layout = header & LAYOUT_MASK;
    if (layout === 0 || layout > control[LAYOUTS]!) {
      found.push(`Object ${object} has the layout ${layout}, of ${control[LAYOUTS]!}.`);
      continue;
    }
    const stride = pools[object >> poolShift]! & STRIDE_MASK;
    if (cellWords[layout]! > stride) {
      found.push(`Object ${object} of ${cellWords[layout]!} words is in a cell of ${stride}.`);
    }
    const isLeaf = (layoutFlags[layout]! & LAYOUT.leaf) !== 0;
    if (isLeaf && (header & UNTRACKED) === 0) found.push(`Leaf ${object} is tracked.`);
    if (pools[object >> poolShift]! >> KIND_SHIFT === LEAF_POOL && !isLeaf) {
      found.push(`Object ${object} is no leaf and is in a pool of leaves.`);
    }
    if ((header & HAS_WEAKREFS) !== 0 && weak.heads.get(object) === 0) {
      found.push(`Object ${object} has weak references, and the table does not know any.`);
    }
  }
  if (control[COLLECTING] === 0) {
    const end = control[POOLS_END]! << (poolShift - WORK_SHIFT);
    const start = control[POOLS_START]! << (poolShift - WORK_SHIFT);
    for (let granule = start; granule < end; granule++) {
      if (work[granule]! > MAX_AGE)
        found.push(`The work byte of word ${granule << WORK_SHIFT} is ${work[granule]!}, no age.`);
    }
  }
  return found;
}

function bufferProblems({ tables, cells, allocator }: VerifyParts): string[] {
  const { words, control, layoutFlags, scan } = tables;
  const found: string[] = [];
  const owners = new Map<number, number>();
  for (const object of cells.objects()) {
    const layout = words[object]! & LAYOUT_MASK;
    if ((layoutFlags[layout]! & LAYOUT.buffer) === 0) continue;
    const first = words[object + BUFFER_FIRST]!;
    const count = words[object + BUFFER_COUNT]!;
    const capacity = words[object + BUFFER_CAPACITY]!;
    if (scan[layout] === ITEMS && (count < 0 || count > capacity)) {
      found.push(`Object ${object} has ${count} items in a buffer of ${capacity} words.`);
    }
    if (first === 0) {
      if (capacity !== 0) found.push(`Object ${object} has a capacity of ${capacity} words and no buffer.`);
      continue;
    }
    if (owners.has(first)) found.push(`Objects ${owners.get(first)!} and ${object} have the same buffer.`);
    owners.set(first, object);
    if (usableWords(allocator, first) < capacity) {
      found.push(`The buffer of object ${object}, at word ${first}, is no block of ${capacity} words.`);
    }
  }
  if (owners.size !== control[BUFFERS]) {
    found.push(`Objects have ${owners.size} buffers, ${control[BUFFERS]!} are counted.`);
  }
  return found;
}

function usableWords(allocator: BlockAllocator, first: number): number {
  try {
    return allocator.usableSize(first * 4) / 4;
  } catch {
    return -1;
  }
}

function edgeProblems({ cells, edges }: VerifyParts): string[] {
  const found: string[] = [];
  for (const object of cells.objects()) {
    const { refs, length } = edges.of(object);
    for (let edge = 0; edge < length; edge++) {
      if (!cells.isObject(refs[edge]!)) {
        found.push(`Object ${object} refers to ${refs[edge]!}, where no object is.`);
      }
    }
    if (found.length > MOST_PROBLEMS) break;
  }
  return found;
}

function rootProblems({ tables, cells, roots }: VerifyParts): string[] {
  const { control } = tables;
  const found = roots.problems();
  if (found.length > 0) return found;
  const held = createEdgeBuffer();
  roots.gather(held);
  for (let index = 0; index < held.length; index++) {
    if (!cells.isObject(held.refs[index]!))
      found.push(`A root refers to ${held.refs[index]!}, where no object is.`);
  }
  if (roots.pinned().length !== control[PINS]) {
    found.push(`There are ${roots.pinned().length} pins, ${control[PINS]!} are counted.`);
  }
  return found;
}

/** Each count is what refers to the object from inside and from roots, and a surplus; all surplus is `retain`'s. */
function countProblems({ tables, cells, edges, roots, counter }: VerifyParts): string[] {
  if (!counter) return [];
  const { words, control } = tables;
  const expected = new Map<number, number>();
  const expect = (object: number): void => {
    expected.set(object, (expected.get(object) ?? 0) + 1);
  };
  for (const object of cells.objects()) {
    const { refs, length } = edges.of(object);
    for (let edge = 0; edge < length; edge++) expect(refs[edge]!);
  }
  for (let place = 0; place < control[HANDLES]!; place++) if (roots.at(place) > 0) expect(roots.at(place));
  for (const object of roots.pinned()) expect(object);
  for (const object of counter.waiting()) expect(object);
  for (let spare = 0; spare < SPARE_ROOT_WORDS; spare++) {
    if (control[SPARE_ROOTS + spare]! > 0) expect(control[SPARE_ROOTS + spare]!);
  }

  const found: string[] = [];
  let surplus = 0;
  let immortals = 0;
  for (const object of cells.objects()) {
    if ((words[object]! & IMMORTAL) !== 0) {
      immortals++;
      continue;
    }
    const count = counter.count(object);
    const known = expected.get(object) ?? 0;
    if (count < known || count < 1)
      found.push(`Object ${object} has a count of ${count}; ${known} references to it are known.`);
    surplus += count - known;
  }
  const retained = tables.retained[0]!;
  // What is held of an immortal object cannot be told from its count.
  const fits = immortals === 0 ? surplus === retained : surplus <= retained;
  if (found.length === 0 && !fits) {
    found.push(`Counts exceed the known references by ${surplus}; ${retained} are held from outside.`);
  }
  return found;
}
