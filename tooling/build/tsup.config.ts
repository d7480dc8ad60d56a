// The one build shape every published package has: ESM and CommonJS, each with
// its own declaration file, so that neither kind of consumer is lied to.
//
//   "build": "tsup --config ../../tooling/build/tsup.config.ts"
//
// The entries are read from the package's own "exports": a row there that says
// ./dist/conformance.js is built from src/conformance.ts. Nothing else to keep in step.
//
// A command-line app (a package with src/main.ts) is for Node alone: ESM, no
// declarations, bin/ loads dist/main.js.
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

import { defineConfig, type Options } from "tsup";

interface Manifest {
  exports?: Record<string, string | { import?: { default: string } }>;
}

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;

const entry: Record<string, string> = {};
for (const target of Object.values(manifest.exports ?? {})) {
  const file = typeof target === "string" ? undefined : target.import?.default;
  const name = file?.match(/^\.\/dist\/(.+)\.js$/)?.[1];
  if (name) entry[name] = `src/${name}.ts`;
}

const shared: Options = {
  sourcemap: true,
  clean: true,
  silent: true,
  // "node:fs" is said as it is written; tsup would shorten it to "fs".
  removeNodeProtocol: false,
};

const library: Options = {
  ...shared,
  entry,
  format: ["esm", "cjs"],
  // tsup reads "typeRoots" of tsconfig.base.json as if it stood in the package.
  dts: {
    // Disposable types reach consumers with the package, whatever their own "lib" says.
    banner: '/// <reference lib="esnext.disposable" />',
    compilerOptions: {
      typeRoots: ["../../tooling/types", "../../node_modules/@types"].map((path) => resolve(path)),
    },
  },
  target: "es2022",
  platform: "neutral",
  // Puts numeric constants in place where they are used; names and white space stay.
  esbuildOptions(options) {
    options.minifySyntax = true;
  },
  external: [/^node:/],
};

const app: Options = {
  ...shared,
  entry: { main: "src/main.ts" },
  format: ["esm"],
  target: "node20",
  platform: "node",
};

export default defineConfig(existsSync("src/main.ts") ? app : library);
