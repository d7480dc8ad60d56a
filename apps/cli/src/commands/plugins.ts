/** `heapwright plugins`: which allocators there are, and what each of them can do. */

import { parseArguments } from "../arguments.js";
import { describeBuiltIns } from "../built-in-plugins.js";
import { listModule } from "../choose-allocators.js";
import { EXIT, worstOf, type ExitCode } from "../exit-codes.js";
import { paint, print, reportError } from "../output.js";
import { formatTable } from "../table.js";
import type { PluginDescription } from "../tasks.js";

/** See `main.ts`. */
export const help = `Lists allocators: those that are built in, and those that modules of yours export.

Usage: heapwright plugins [path...] [--json]

A path is that of a module (./my-allocator.mjs); a package (@me/alloc) will do as well.

Traits:
  reuses    freed blocks serve later requests
  returns   empty arenas go back to the memory, where others can take them
  resets    reset() frees every block at once
  domains   calls of CPython's raw, mem and obj are routed and counted apart
  arenas    there are arenas, and figures of them
  finds     mistakes that free() finds with checks on

Options:
  --json       one line of JSON instead of a table
  -h, --help   this text
`;

const SCHEMA = "heapwright.plugins/1";

/** See `main.ts`. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = parseArguments("plugins", args, {
    json: { type: "boolean", default: false },
  });
  const builtIns = describeBuiltIns();
  const plugins = [...builtIns];
  const failures: ExitCode[] = [];
  for (const module of positionals) {
    try {
      plugins.push(...(await listModule(module, builtIns)));
    } catch (error) {
      failures.push(reportError(error));
    }
  }
  print(values.json ? formatJson(plugins) : formatList(plugins));
  return failures.length === 0 ? EXIT.ok : worstOf(failures);
}

function formatJson(plugins: readonly PluginDescription[]): string {
  const rows = plugins.map((plugin) => {
    const { name, kind, api, summary, traits } = plugin;
    return { name, kind, api, summary, traits, from: originOf(plugin) };
  });
  return `${JSON.stringify({ schema: SCHEMA, plugins: rows })}\n`;
}

const FLAGS = ["reuses", "returns", "resets", "domains", "arenas"] as const;

function formatList(plugins: readonly PluginDescription[]): string {
  const table = formatTable([
    ["allocator", "from", ...FLAGS, "finds"].map((text) => ({ text, style: "bold" as const })),
    ...plugins.map((plugin) => [
      plugin.name,
      originOf(plugin) ?? "built in",
      ...FLAGS.map((flag) => (plugin.traits[flag] ? "yes" : "-")),
      plugin.traits.detects.join(", ") || "-",
    ]),
  ]);
  const summaries = plugins.filter(({ summary }) => summary !== null);
  const lines = formatTable(summaries.map(({ name, summary }) => [paint("bold", name), summary ?? ""]));
  return `${table}\n${lines}`;
}

/** The module a plugin came from; null for those that are built in. */
function originOf({ reference }: PluginDescription): string | null {
  return "module" in reference ? reference.module : null;
}
