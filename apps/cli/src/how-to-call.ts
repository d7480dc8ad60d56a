import { basename, relative, sep } from "node:path";

/**
 * How the user called this program, for commands that they can copy.
 *
 * @param script - the path that Node was given
 * @param folder - the working directory
 */
export function howToCall(script: string = process.argv[1] ?? "", folder: string = process.cwd()): string {
  const parts = script.split(sep);
  const packageIn = (name: string): boolean => parts.includes(name);
  if (packageIn("_npx")) return "npx @heapwright/cli";
  if (packageIn("node_modules")) return "npx heapwright";
  if (basename(script) === "heapwright") return "heapwright";
  const path = relative(folder, script);
  return `node ${/\s/.test(path) ? JSON.stringify(path) : path}`;
}
