/**
 * What a heap gives back to a memory that is not its own.
 */

import { releaseDirectory } from "./directory.js";
import { releaseHeapTables, type HeapTables } from "./heap-tables.js";
import { releaseRuns } from "./run.js";

/** Gives back directory, growing tables and tables, and forgets that there was a heap. Its blocks are the allocator's. */
export function releaseHeap(tables: HeapTables): void {
  const { memory, control } = tables;
  releaseDirectory(tables);
  releaseRuns(memory, control);
  releaseHeapTables(tables);
}
