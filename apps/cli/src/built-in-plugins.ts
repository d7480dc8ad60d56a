/** The plugins that need no module of the user's. */

import { bump, pymalloc, type PymallocPluginOptions } from "@heapwright/allocator";
import type { AllocatorPlugin, CollectorPlugin } from "@heapwright/core";
import { generational } from "@heapwright/gc-generational";
import { markSweep } from "@heapwright/gc-mark-sweep";
import { none } from "@heapwright/refcount";

import type { AllocatorDescription, CollectorDescription, PluginReference, ReplaySettings } from "./tasks.js";

/** The geometry that pymalloc has unless `--preset` says otherwise. */
export const DEFAULT_PRESET = "cpython-3.11";

/**
 * Makes the allocators.
 *
 * @throws HeapwrightError `ERR_BAD_OPTION` for an unknown preset
 */
export function builtInAllocators({
  preset,
  arenaAlignment,
}: Pick<ReplaySettings, "preset" | "arenaAlignment">): AllocatorPlugin[] {
  const geometry = { preset: preset ?? DEFAULT_PRESET, arenaAlignment } as PymallocPluginOptions;
  return [pymalloc(geometry), bump()];
}

/** Makes the collectors. */
export function builtInCollectors(): CollectorPlugin[] {
  return [generational(), markSweep(), none()];
}

/** The allocators as data. */
export function describeAllocators(): AllocatorDescription[] {
  return builtInAllocators({ preset: undefined, arenaAlignment: "page" }).map((plugin) =>
    describeAllocator(plugin, { builtIn: plugin.name }),
  );
}

/** The collectors as data. */
export function describeCollectors(): CollectorDescription[] {
  return builtInCollectors().map((plugin) => describeCollector(plugin, { builtIn: plugin.name }));
}

/** An allocator without its code. */
export function describeAllocator(plugin: AllocatorPlugin, reference: PluginReference): AllocatorDescription {
  const { name, kind, api, summary, traits } = plugin;
  return { name, kind, api, summary: summary ?? null, traits, reference };
}

/** A collector without its code. */
export function describeCollector(plugin: CollectorPlugin, reference: PluginReference): CollectorDescription {
  const { name, kind, api, summary, traits } = plugin;
  return { name, kind, api, summary: summary ?? null, traits, reference };
}
