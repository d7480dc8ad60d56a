/** The allocators that need no module of the user's. */

import { bump, pymalloc, type PymallocPluginOptions } from "@heapwright/allocator";
import type { AllocatorPlugin } from "@heapwright/core";

import type { PluginDescription, ReplaySettings } from "./tasks.js";

/** The geometry that pymalloc has unless `--preset` says otherwise. */
export const DEFAULT_PRESET = "cpython-3.11";

/**
 * Makes them.
 *
 * @throws HeapwrightError `ERR_BAD_OPTION` for an unknown preset
 */
export function builtInPlugins({
  preset,
  arenaAlignment,
}: Pick<ReplaySettings, "preset" | "arenaAlignment">): AllocatorPlugin[] {
  const geometry = { preset: preset ?? DEFAULT_PRESET, arenaAlignment } as PymallocPluginOptions;
  return [pymalloc(geometry), bump()];
}

/** The same as data. */
export function describeBuiltIns(): PluginDescription[] {
  return builtInPlugins({ preset: undefined, arenaAlignment: "page" }).map((plugin) =>
    describePlugin(plugin, { builtIn: plugin.name }),
  );
}

/** A plugin without its code. */
export function describePlugin(
  { name, kind, api, summary, traits }: AllocatorPlugin,
  reference: PluginDescription["reference"],
): PluginDescription {
  return { name, kind, api, summary: summary ?? null, traits, reference };
}
