#!/usr/bin/env node
// The command `heapwright`, for those who have this package: hands over to @heapwright/cli, which is installed
// beside it or in the working directory.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

function findCommandLine(from) {
  try {
    return createRequire(from).resolve("@heapwright/cli/bin/heapwright.mjs");
  } catch {
    return undefined;
  }
}

const path = findCommandLine(import.meta.url) ?? findCommandLine(join(process.cwd(), "heapwright.js"));
if (path === undefined) {
  console.error("The command line is a package of its own: npm install --save-dev @heapwright/cli");
  process.exitCode = 1;
} else {
  await import(pathToFileURL(path).href);
}
