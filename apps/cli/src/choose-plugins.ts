/**
 * `--allocator` and `--collector`: names of what is built in, paths of modules and
 * packages. A module stands for every plugin of the kind that it exports.
 */

import { describeAllocators, describeCollectors } from "./built-in-plugins.js";
import { CommandError, usageError } from "./command-error.js";
import { closest } from "./did-you-mean.js";
import { runTask } from "./run-task.js";
import type { DescriptionOfKind, PluginDescription, PluginKind } from "./tasks.js";

/**
 * Looks the names up and imports what has to be imported.
 *
 * @param kind - the option's name, without its dashes
 * @param names - as the user wrote them; the same one twice counts once
 * @throws CommandError for an unknown name, a module that cannot be imported, a broken plugin, or two that share a name
 */
export async function choosePlugins<Kind extends PluginKind>(
  kind: Kind,
  names: readonly string[],
): Promise<DescriptionOfKind<Kind>[]> {
  const builtIns = builtInsOf(kind);
  const chosen: PluginDescription[] = [];
  for (const name of new Set(names)) {
    if (name === "") throw usageError(`--${kind} has an empty name in its list.`);
    const builtIn = builtIns.find((plugin) => plugin.name === name);
    chosen.push(...(builtIn ? [builtIn] : await importFrom(name, [kind], kind)));
  }
  refuseTwins(kind, chosen);
  return chosen as DescriptionOfKind<Kind>[];
}

/** The values of an option that takes lists, and may be there several times. */
export function namesIn(values: readonly string[]): string[] {
  return values.flatMap((list) => list.split(",").map((name) => name.trim()));
}

/**
 * Lists the plugins of a module, of every kind.
 *
 * @throws CommandError as {@link choosePlugins}
 */
export function listModule(module: string): Promise<readonly PluginDescription[]> {
  return importFrom(module, ["allocator", "collector"], "plugin");
}

/** @param what - what the plugins are called in messages */
async function importFrom(
  module: string,
  kinds: readonly PluginKind[],
  what: string,
): Promise<readonly PluginDescription[]> {
  if (module === "") throw usageError(`The name of one ${what} is empty.`);
  try {
    return await runTask("list", { module, kinds });
  } catch (error) {
    const isName = /^[\w.-]+$/.test(module);
    if (!(error instanceof CommandError) || error.code !== "NO_SUCH_MODULE" || !isName) throw error;
    throw unknownName(module, kinds, what);
  }
}

function unknownName(name: string, kinds: readonly PluginKind[], what: string): CommandError {
  const known = kinds.flatMap(builtInsOf).map((plugin) => plugin.name);
  const guess = closest(name, known);
  return usageError(
    `Unknown ${what} ${JSON.stringify(name)}: expected ${known.join(", ")}, a path such as ./my-${what}.mjs, or a package that is installed here.${guess === undefined ? "" : ` Did you mean ${guess}?`}`,
  );
}

function builtInsOf(kind: PluginKind): PluginDescription[] {
  return kind === "allocator" ? describeAllocators() : describeCollectors();
}

/** Results are told apart by name. */
function refuseTwins(kind: PluginKind, plugins: readonly PluginDescription[]): void {
  const names = plugins.map(({ name }) => name);
  const twin = names.find((name, i) => names.indexOf(name) !== i);
  if (twin === undefined) return;
  throw usageError(`Two of the ${kind}s are called "${twin}": give one of them another name.`);
}
