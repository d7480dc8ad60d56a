import type { AllocatorOptions } from "./allocator-plugin.js";
import { HeapwrightError } from "./errors.js";
import { createMemory, type Memory, type MemoryOptions } from "./memory.js";
import { showValue } from "./show-value.js";

/**
 * The memory an allocator was asked to stand on: the caller's {@link Memory}, or a new one. For authors of allocators.
 *
 * @param options - as `create` got them; `maxBytes` and `offset` are for a new memory only
 * @returns the memory, and whether the allocator has to dispose it (a memory that was handed in stays the caller's;
 * an allocator gives back its own runs only)
 * @throws HeapwrightError as {@link createMemory}; `ERR_BAD_OPTION` also for the options that all allocators share
 */
export function openMemory(options: AllocatorOptions = {}): {
  readonly memory: Memory;
  readonly owned: boolean;
} {
  const { memory, checks } = options;
  if (checks !== undefined && typeof checks !== "boolean") {
    throw new HeapwrightError("ERR_BAD_OPTION", `checks must be true or false, not ${showValue(checks)}.`);
  }
  if (isMemory(memory)) return { memory, owned: false };
  return { memory: createMemory({ ...(options as MemoryOptions), memory: memory ?? "buffer" }), owned: true };
}

/** By shape: it may be another copy's, or a wrapper such as `{ ...memory, reserve }`. */
function isMemory(value: AllocatorOptions["memory"] | null): value is Memory {
  return typeof value === "object" && value !== null && "reserve" in value;
}
