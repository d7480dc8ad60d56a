/** The tables of a heap that does not exist: for the parts below the heap. */

import { createHeapTables, type HeapTables } from "../../../src/heap/heap-tables.js";
import { createMemory, type MemoryOptions } from "../../../src/memory.js";

const POOL_BYTES = 16_384;

export function openTables(options: MemoryOptions = {}, poolBytes: number = POOL_BYTES): HeapTables {
  const memory = createMemory({ memory: "buffer", maxBytes: "1MiB", ...options });
  return createHeapTables(memory, poolBytes);
}
