/**
 * Where the tables of an allocator are: the run of pages that it left in a memory.
 *
 * Who attaches knows the memory and nothing else. The page map tells which runs
 * were taken for tables, but the uses of runs are small numbers that others may
 * have chosen, too; so tables bear a stamp, and beside it their own address, which a
 * copy of them elsewhere does not.
 */

import { HeapwrightError, type AttachOptions, type Memory, type MemoryRun } from "@heapwright/core";

/** What the tables of a sort of allocator are known by. */
export interface TableMark {
  /** The allocator's name, for messages. */
  readonly name: string;
  /** What their run is taken for. */
  readonly use: number;
  /** Letters and a version. */
  readonly stamp: number;
  /** The word of the run where the stamp stands; the run's address is in the next one. */
  readonly word: number;
}

/** Marks a run as one of tables. */
export function markTables(memory: Memory, address: number, { stamp, word }: TableMark): void {
  new Int32Array(memory.buffer, address + 4 * word, 2).set([stamp, address]);
}

/**
 * Finds the tables to stand on.
 *
 * @throws HeapwrightError `ERR_NO_HEAP`, `ERR_BAD_OPTION`, and those of `memory.verify()`
 */
export function findTables(memory: Memory, { at }: AttachOptions, mark: TableMark): MemoryRun {
  assertMemory(memory);
  memory.verify();
  const marked = memory.runs().filter((run) => isMarked(memory, run, mark));
  const [first, second] = at === undefined ? marked : marked.filter(({ address }) => address === at);
  if (second) {
    const addresses = marked.map(({ address }) => address).join(", ");
    throw badOption(`The memory has tables of ${mark.name} at ${addresses}. Say with at which are meant.`);
  }
  if (first) return first;
  if (at !== undefined && typeof at !== "number") {
    throw badOption(`at must be the address of tables, not ${String(at)}.`);
  }
  const where = at === undefined ? "in the memory" : `at ${at}`;
  throw new HeapwrightError("ERR_NO_HEAP", `No tables of ${mark.name} of this version are ${where}.`);
}

function isMarked(memory: Memory, run: MemoryRun, { use, stamp, word }: TableMark): boolean {
  if (run.use !== use) return false;
  const [found, address] = new Int32Array(memory.buffer, run.address + 4 * word, 2);
  return found === stamp && address! >>> 0 === run.address;
}

function assertMemory(memory: unknown): void {
  if (typeof (memory as Partial<Memory> | null | undefined)?.runs === "function") return;
  const found = Object.prototype.toString.call(memory);
  throw badOption(`attach needs a Memory, as attachMemory() returns it, not ${found}.`);
}

function badOption(message: string): HeapwrightError {
  return new HeapwrightError("ERR_BAD_OPTION", message);
}
