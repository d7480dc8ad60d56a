// Checks that no file names the machine it was written on, or the registry it
// was installed from (run by `pnpm lint`):
//
//   pnpm lint:text
//
// pnpm-lock.yaml above all: it must install from anywhere.
import { readFileSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

import { problemsIn } from "./patterns.mjs";

const IGNORED = new Set([".git", "node_modules", "dist", "temp", "coverage", ".turbo"]);

const root = fileURLToPath(new URL("../../", import.meta.url));
let files = 0;
const problems = [];

for (const file of filesIn(root)) {
  const bytes = readFileSync(file);
  if (bytes.includes(0)) continue; // not text
  files++;
  const path = relative(root, file).split(sep).join("/");
  problems.push(...problemsIn(path, bytes.toString("utf8")));
}

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(`check-text: ${files} files, no machine path and no registry host.`);

function* filesIn(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (IGNORED.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else if (entry.isFile()) yield path;
  }
}
