/** `heapwright plugins`: which allocators and collectors there are, and what each of them can do. */

import { parseArguments } from "../arguments.js";
import { describeAllocators, describeCollectors } from "../built-in-plugins.js";
import { listModule } from "../choose-plugins.js";
import { EXIT, worstOf, type ExitCode } from "../exit-codes.js";
import { paint, print, reportError } from "../output.js";
import { formatTable } from "../table.js";
import type {
  AllocatorDescription,
  CollectorDescription,
  DescriptionOfKind,
  PluginDescription,
  PluginKind,
} from "../tasks.js";

/** See `main.ts`. */
export const help = `Lists allocators and collectors: those that are built in, and those that modules of
yours export.

Usage: heapwright plugins [path...] [--json]

A path is that of a module (./my-allocator.mjs); a package (@me/alloc) will do as well.

Traits of allocators:
  reuses       freed blocks serve later requests
  returns      empty arenas go back to the memory, where others can take them
  resets       reset() frees every block at once
  domains      calls of CPython's raw, mem and obj are routed and counted apart
  arenas       there are arenas, and figures of them
  finds        mistakes that free() finds with checks on

Traits of collectors:
  counts       it works from exact reference counts, or from none
  roots        derived from the counts, or scanned
  generations  how many it collects apart
  cycles       it frees cycles
  exact        it finds exactly the objects that CPython would find
  automatic    it collects by itself when enough was allocated

Options:
  --json       one line of JSON instead of tables
  -h, --help   this text
`;

const SCHEMA = "heapwright.plugins/1";

/** See `main.ts`. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = parseArguments("plugins", args, {
    json: { type: "boolean", default: false },
  });
  const plugins: PluginDescription[] = [...describeAllocators(), ...describeCollectors()];
  const failures: ExitCode[] = [];
  for (const module of positionals) {
    try {
      plugins.push(...(await listModule(module)));
    } catch (error) {
      failures.push(reportError(error));
    }
  }
  print(values.json ? formatJson(plugins) : formatLists(plugins));
  return failures.length === 0 ? EXIT.ok : worstOf(failures);
}

function formatJson(plugins: readonly PluginDescription[]): string {
  const rows = plugins.map((plugin) => {
    const { name, kind, api, summary, traits } = plugin;
    return { name, kind, api, summary, traits, from: originOf(plugin) };
  });
  return `${JSON.stringify({ schema: SCHEMA, plugins: rows })}\n`;
}

function formatLists(plugins: readonly PluginDescription[]): string {
  const summaries = plugins.filter(({ summary }) => summary !== null);
  return [
    formatAllocators(ofKind("allocator", plugins)),
    formatCollectors(ofKind("collector", plugins)),
    formatTable(summaries.map(({ name, summary }) => [paint("bold", name), summary ?? ""])),
  ].join("\n");
}

const ALLOCATOR_FLAGS = ["reuses", "returns", "resets", "domains", "arenas"] as const;

function formatAllocators(plugins: readonly AllocatorDescription[]): string {
  return formatTable([
    headOf("allocator", ...ALLOCATOR_FLAGS, "finds"),
    ...plugins.map((plugin) => [
      plugin.name,
      originOf(plugin) ?? "built in",
      ...ALLOCATOR_FLAGS.map((flag) => yesOrNot(plugin.traits[flag])),
      plugin.traits.detects.join(", ") || "-",
    ]),
  ]);
}

const COLLECTOR_FLAGS = ["cycles", "exact", "automatic"] as const;

function formatCollectors(plugins: readonly CollectorDescription[]): string {
  return formatTable([
    headOf("collector", "counts", "roots", "generations", ...COLLECTOR_FLAGS),
    ...plugins.map((plugin) => [
      plugin.name,
      originOf(plugin) ?? "built in",
      plugin.traits.counts,
      plugin.traits.roots,
      String(plugin.traits.generations),
      ...COLLECTOR_FLAGS.map((flag) => yesOrNot(plugin.traits[flag])),
    ]),
  ]);
}

function headOf(kind: PluginKind, ...traits: readonly string[]): { text: string; style: "bold" }[] {
  return [kind, "from", ...traits].map((text) => ({ text, style: "bold" }));
}

function yesOrNot(flag: boolean): string {
  return flag ? "yes" : "-";
}

function ofKind<Kind extends PluginKind>(
  kind: Kind,
  plugins: readonly PluginDescription[],
): DescriptionOfKind<Kind>[] {
  return plugins.filter((plugin): plugin is DescriptionOfKind<Kind> => plugin.kind === kind);
}

/** The module a plugin came from; null for those that are built in. */
function originOf({ reference }: PluginDescription): string | null {
  return "module" in reference ? reference.module : null;
}
