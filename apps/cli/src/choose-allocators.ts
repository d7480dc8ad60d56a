/**
 * `--allocator`: names of the built-in allocators, paths of modules and packages.
 * A module stands for every allocator plugin it exports.
 */

import { describeBuiltIns } from "./built-in-plugins.js";
import { CommandError, usageError } from "./command-error.js";
import { closest } from "./did-you-mean.js";
import { runTask } from "./run-task.js";
import type { PluginDescription } from "./tasks.js";

/**
 * Looks the names up and imports what has to be imported.
 *
 * @param names - as the user wrote them; the same one twice counts once
 * @throws CommandError for an unknown name, a module that cannot be imported, a broken plugin, or two that share a name
 */
export async function chooseAllocators(names: readonly string[]): Promise<PluginDescription[]> {
  const builtIns = describeBuiltIns();
  const chosen: PluginDescription[] = [];
  for (const name of new Set(names)) {
    const builtIn = builtIns.find((plugin) => plugin.name === name);
    chosen.push(...(builtIn ? [builtIn] : await listModule(name, builtIns)));
  }
  refuseTwins(chosen);
  return chosen;
}

/**
 * The allocators that a module exports.
 *
 * @throws CommandError as {@link chooseAllocators}
 */
export async function listModule(
  module: string,
  builtIns: readonly PluginDescription[],
): Promise<readonly PluginDescription[]> {
  if (module === "") throw usageError("--allocator has an empty name in its list.");
  try {
    return await runTask("list", module);
  } catch (error) {
    const isName = /^[\w.-]+$/.test(module);
    if (!(error instanceof CommandError) || error.code !== "NO_SUCH_MODULE" || !isName) throw error;
    throw unknownAllocator(module, builtIns);
  }
}

function unknownAllocator(name: string, builtIns: readonly PluginDescription[]): CommandError {
  const known = builtIns.map((plugin) => plugin.name);
  const guess = closest(name, known);
  return usageError(
    `Unknown allocator ${JSON.stringify(name)}: expected ${known.join(", ")}, a path such as ./my-allocator.mjs, or a package that is installed here.${guess === undefined ? "" : ` Did you mean ${guess}?`}`,
  );
}

/** Results are told apart by name. */
function refuseTwins(plugins: readonly PluginDescription[]): void {
  const names = plugins.map(({ name }) => name);
  const twin = names.find((name, i) => names.indexOf(name) !== i);
  if (twin === undefined) return;
  throw usageError(`Two of the allocators are called "${twin}": give one of them another name.`);
}
