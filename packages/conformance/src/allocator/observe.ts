/**
 * What can be seen of an allocator while a fixed program runs: two that should behave alike are compared by it.
 *
 * So the rules about other kinds of memory and about domains say "as elsewhere", and need not say again what every other
 * rule says.
 */

import type { AllocationDomain, Address, BlockAllocator } from "@heapwright/core";

import { demand } from "../demand.js";
import { bytesAt } from "./contents.js";

const LENGTHS: readonly number[] = [1, 40, 512, 513, 5000, 70_000];
const MARK = 0x5a;

/**
 * Runs a program that uses each call at small and large lengths.
 *
 * @param calls - the calls to use: the allocator's own, or those of a domain
 * @returns a line for each step: whether there is a block, which bytes it kept, how many blocks are live
 */
export function observe(allocator: BlockAllocator, calls: AllocationDomain = allocator): string[] {
  const lines: string[] = [];
  const atFirst = allocator.stats().liveBlocks;

  function note(what: string, address: Address, bytes: number, value: number): void {
    const live = allocator.stats().liveBlocks - atFirst;
    const found = address === 0 ? 0 : countBytes(bytesAt(allocator, address, bytes), value);
    lines.push(`${what}: ${found} of ${bytes} B are ${value}, ${live} more blocks are live`);
  }

  const cleared = LENGTHS.map((bytes) => {
    const made = calls.malloc(bytes);
    bytesAt(allocator, made, bytes).fill(MARK);
    note(`malloc(${bytes})`, made, bytes, MARK);
    const zeroed = calls.calloc(1, bytes);
    note(`calloc(1, ${bytes})`, zeroed, bytes, 0);
    const longer = calls.realloc(made, 2 * bytes);
    note(`realloc(address, ${2 * bytes})`, longer, bytes, MARK);
    const shorter = calls.realloc(longer, Math.ceil(bytes / 2));
    note(`realloc(address, ${Math.ceil(bytes / 2)})`, shorter, Math.ceil(bytes / 2), MARK);
    calls.free(shorter);
    note("free", zeroed, bytes, 0);
    return zeroed;
  });
  for (const address of cleared) calls.free(address);
  note("free of all", 0, 0, 0);
  return lines;
}

function countBytes(bytes: Uint8Array, value: number): number {
  let count = 0;
  let index = bytes.indexOf(value);
  while (index !== -1) {
    count++;
    index++;
    if (bytes[index] !== value) index = bytes.indexOf(value, index);
  }
  return count;
}

/** Demands that two observations are the same, and tells the first difference. */
export function demandSame(what: string, expected: readonly string[], found: readonly string[]): void {
  const index = expected.findIndex((line, i) => line !== found[i]);
  demand(
    index === -1,
    `${what} must do the same. Expected ${expected[index] ?? ""}. Found ${found[index] ?? ""}.`,
  );
}
