/**
 * A plugin of the user's, held to the contract where a replay depends on it: what
 * `create` returns must be an allocator. What that allocator then does wrong is
 * the replay's to count.
 */

import {
  HeapwrightError,
  type AllocatorPlugin,
  type AllocatorStats,
  type BlockAllocator,
} from "@heapwright/core";

import { CommandError } from "../command-error.js";
import { EXIT } from "../exit-codes.js";

const FUNCTIONS = [
  "malloc",
  "calloc",
  "realloc",
  "free",
  "usableSize",
  "walk",
  "stats",
  "verify",
  "dispose",
] as const;
const FIGURES = ["liveBlocks", "allocatedBytes", "footprintBytes", "peakFootprintBytes"] as const;

/**
 * Wraps a plugin.
 *
 * @param onFirst - called with the figures of the first allocator it makes, when it is new
 */
export function guardedPlugin(
  plugin: AllocatorPlugin,
  onFirst: (stats: AllocatorStats) => void,
): AllocatorPlugin {
  let first = true;
  return {
    ...plugin,
    create(options) {
      const allocator = calling(plugin, "create()", () => plugin.create(options));
      checkAllocator(plugin, allocator);
      const stats = calling(plugin, "stats()", () => allocator.stats());
      checkStats(plugin, stats);
      if (first) onFirst(stats);
      first = false;
      return allocator;
    },
  };
}

/** Errors of the catalogue are answers; any other is the plugin's fault. */
function calling<T>(plugin: AllocatorPlugin, call: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (HeapwrightError.is(error)) throw error;
    throw broken(
      plugin,
      `${call} to return`,
      error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    );
  }
}

function checkAllocator(plugin: AllocatorPlugin, value: unknown): asserts value is BlockAllocator {
  if (typeof value !== "object" || value === null) {
    throw broken(plugin, "create() to return an allocator", value === null ? "null" : typeof value);
  }
  const allocator = value as Partial<BlockAllocator>;
  const { traits } = plugin;
  for (const name of traits.resets ? ([...FUNCTIONS, "reset"] as const) : FUNCTIONS) {
    if (typeof allocator[name] !== "function") {
      throw broken(plugin, `an allocator with a function ${name}`, typeof allocator[name]);
    }
  }
  const buffer: unknown = (allocator.memory as { buffer?: unknown } | undefined)?.buffer;
  if (!/ (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(buffer))) {
    throw broken(plugin, "an allocator with a buffer under memory.buffer", typeof buffer);
  }
  if (traits.domains && typeof allocator.domains !== "object") {
    throw broken(plugin, "an allocator with domains, as its traits say", typeof allocator.domains);
  }
}

function checkStats(plugin: AllocatorPlugin, stats: Partial<AllocatorStats>): void {
  for (const name of FIGURES) {
    if (!Number.isFinite(stats[name]))
      throw broken(plugin, `a number ${name} in stats()`, String(stats[name]));
  }
  if (plugin.traits.arenas && !Number.isFinite(stats.arenas?.arenaBytes)) {
    throw broken(plugin, "arenas in stats(), as its traits say", typeof stats.arenas);
  }
}

function broken({ name }: AllocatorPlugin, expected: string, found: string): CommandError {
  return new CommandError(
    EXIT.usage,
    `The allocator "${name}" is broken: expected ${expected}, found ${found}.`,
    {
      code: "ERR_BAD_PLUGIN",
    },
  );
}
