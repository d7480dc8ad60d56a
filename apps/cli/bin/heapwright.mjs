#!/usr/bin/env node
// The command. What it does is in src/main.ts; this loads what was built from it.
import { existsSync } from "node:fs";

const main = new URL("../dist/main.js", import.meta.url);
if (existsSync(main)) {
  const { runCommandLine } = await import(main.href);
  await runCommandLine(process.argv.slice(2));
} else {
  console.error("heapwright is not built yet: run `npm start` in the repository first.");
  process.exitCode = 1;
}
