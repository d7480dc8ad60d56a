// Finds files, exports and dependencies that nothing uses. A package's entries
// are read from its "exports", as in tooling/build/tsup.config.ts.
import { existsSync, readFileSync, readdirSync } from "node:fs";

const folders = ["packages", "apps"].flatMap((parent) =>
  existsSync(parent) ? readdirSync(parent).map((name) => `${parent}/${name}`) : [],
);

const workspaces = Object.fromEntries(
  folders
    .filter((folder) => existsSync(`${folder}/package.json`))
    .map((folder) => [folder, { entry: entriesOf(folder), project: ["{src,test,bench,bin}/**/*.{ts,mjs}"] }]),
);

function entriesOf(folder) {
  const { exports: map = {} } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const built = Object.values(map)
    .map((target) => target?.import?.default?.match(/^\.\/dist\/(.+)\.js$/)?.[1])
    .filter(Boolean)
    .map((name) => `src/${name}.ts`);
  const besides = [
    ["bin", "bin/*.mjs"],
    ["test", "test/**/*.{test,test-d}.ts"],
    ["bench", "bench/**/*.bench.ts"],
  ];
  return [...built, ...besides.filter(([path]) => existsSync(`${folder}/${path}`)).map(([, glob]) => glob)];
}

/** @type {import("knip").KnipConfig} */
export default {
  workspaces: {
    ".": {
      entry: ["tooling/*/index.mjs", "tooling/{build,test}/*.config.ts", "tooling/*/*.test.mjs"],
      project: ["tooling/**/*.{mjs,ts}"],
    },
    ...workspaces,
  },
  // A type that an exported signature names is exported with it.
  ignoreExportsUsedInFile: { interface: true, type: true },
  // Run by name in tooling/check-packages.
  ignoreDependencies: ["@arethetypeswrong/cli", "publint"],
  // The name of tooling/types/platform.d.ts in "types".
  ignoreUnresolved: ["platform"],
};
