/**
 * Imports a module of the user's and finds the plugins among what it exports:
 * values, or lists of them, under any name.
 */

import { existsSync, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import {
  assertAllocatorPlugin,
  assertCollectorPlugin,
  type AllocatorPlugin,
  type CollectorPlugin,
} from "@heapwright/core";

import { describeAllocator, describeCollector } from "../built-in-plugins.js";
import { CommandError, usageError } from "../command-error.js";
import { EXIT } from "../exit-codes.js";
import type { PluginDescription, PluginKind, PluginReference } from "../tasks.js";

/** A plugin, and how to find it again. */
export interface ImportedPlugin {
  readonly plugin: AllocatorPlugin | CollectorPlugin;
  readonly description: PluginDescription;
}

/** What plugins are called where one was expected. */
const IN_WORDS: Readonly<Record<PluginKind, string>> = {
  allocator: "an allocator",
  collector: "a collector",
};

/**
 * Imports the plugins of a module.
 *
 * @param module - a path from the working directory, or a package that is installed there
 * @param kinds - which of them are wanted; at least one
 * @throws CommandError when there is no such module, it fails, or what it exports is no sound plugin of these kinds
 */
export async function importPlugins(module: string, kinds: readonly PluginKind[]): Promise<ImportedPlugin[]> {
  const exports = await importModule(module);
  const found: ImportedPlugin[] = [];
  for (const { value, exportName, index } of candidatesIn(exports)) {
    const kind = kindMeant(value, kinds);
    if (kind === undefined || found.some(({ plugin }) => plugin === value)) continue;
    found.push(checked(value, kind, { module, exportName, index }));
  }
  if (found.length > 0) return found;
  const wanted = kinds.map((kind) => IN_WORDS[kind]).join(" or ");
  throw usageError(`${module}: expected an export that is ${wanted} plugin, found ${inWords(exports)}.`);
}

/**
 * Imports one plugin of a kind, the same one as when its module was listed.
 *
 * @throws CommandError as {@link importPlugins}
 */
export async function importPlugin(
  reference: Extract<PluginReference, { module: string }>,
  kind: PluginKind,
): Promise<ImportedPlugin["plugin"]> {
  const imported = await importPlugins(reference.module, [kind]);
  const found = imported.find(
    ({ description }) => JSON.stringify(description.reference) === JSON.stringify(reference),
  );
  if (found) return found.plugin;
  throw usageError(`${reference.module}: the export ${reference.exportName} is not there on every import.`);
}

async function importModule(module: string): Promise<Record<string, unknown>> {
  const url = resolveModule(module);
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    throw usageError(`${module} could not be imported: ${nameAndMessage(error)}`);
  }
}

function resolveModule(module: string): string {
  if (module.startsWith("file:")) return module;
  if (isPath(module)) return fileUrl(module);
  try {
    return import.meta.resolve(module, pathToFileURL(join(process.cwd(), "heapwright.js")));
  } catch (error) {
    throw new CommandError(EXIT.usage, `${module} could not be found: ${nameAndMessage(error)}`, {
      code: NO_SUCH_MODULE,
    });
  }
}

/** The code of the error for a name that is no file and no package. */
const NO_SUCH_MODULE = "NO_SUCH_MODULE";

function isPath(module: string): boolean {
  return module.startsWith(".") || isAbsolute(module) || /^[^@].*\.[cm]?[jt]s$/.test(module);
}

function fileUrl(module: string): string {
  const path = resolve(module);
  if (!existsSync(path)) throw usageError(`There is no file ${module}.`);
  if (statSync(path).isDirectory())
    throw usageError(`${module} is a folder: name the file in it that exports the plugin.`);
  return pathToFileURL(path).href;
}

function candidatesIn(
  exports: Record<string, unknown>,
): { value: unknown; exportName: string; index: number }[] {
  return Object.entries(exports).flatMap(([exportName, value]) =>
    Array.isArray(value)
      ? value.map((item: unknown, index) => ({ value: item, exportName, index }))
      : [{ value, exportName, index: -1 }],
  );
}

/** What has a kind is a plugin, sound or not, and those of other kinds are somebody else's. What only looks like one lacks its kind. */
function kindMeant(value: unknown, kinds: readonly PluginKind[]): PluginKind | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if ("kind" in value && typeof value.kind === "string") return kinds.find((kind) => kind === value.kind);
  return "create" in value && "traits" in value ? kinds[0] : undefined;
}

function checked(
  value: unknown,
  kind: PluginKind,
  reference: Extract<PluginReference, { module: string }>,
): ImportedPlugin {
  try {
    if (kind === "allocator") {
      assertAllocatorPlugin(value);
      return { plugin: value, description: describeAllocator(value, reference) };
    }
    assertCollectorPlugin(value);
    return { plugin: value, description: describeCollector(value, reference) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new CommandError(EXIT.usage, `${reference.module}: ${message}`, { code: "ERR_BAD_PLUGIN" });
  }
}

const SHOWN_EXPORTS = 5;

function inWords(exports: Record<string, unknown>): string {
  const words = Object.entries(exports).map(([name, value]) => `${name} (${typeof value})`);
  if (words.length === 0) return "no exports";
  const more = words.length > SHOWN_EXPORTS ? `, and ${words.length - SHOWN_EXPORTS} more` : "";
  const functions = Object.values(exports).some((value) => typeof value === "function");
  const advice = functions ? ". A factory has to be called: export what it returns" : "";
  return `${words.slice(0, SHOWN_EXPORTS).join(", ")}${more}${advice}`;
}

function nameAndMessage(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
