// Checks which way the imports point (run by `pnpm lint`):
//
//   pnpm lint:arrows
//
// Reads every source file under packages/ and apps/; rules.mjs has the rules.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

import ts from "typescript";

import { manifestProblems, sourceProblems } from "./rules.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
let files = 0;
const problems = [];

for (const parent of ["packages", "apps"]) {
  if (!existsSync(join(root, parent))) continue;
  for (const name of readdirSync(join(root, parent))) {
    const folder = join(root, parent, name);
    if (!existsSync(join(folder, "package.json"))) continue;
    const unit = {
      kind: parent,
      folder: `${parent}/${name}`,
      manifest: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")),
    };
    problems.push(...manifestProblems(unit));
    for (const area of ["src", "test", "bench", "bin"]) {
      for (const file of sourcesIn(join(folder, area))) {
        files++;
        const { importedFiles } = ts.preProcessFile(readFileSync(file, "utf8"), true, true);
        const path = relative(folder, file).split(sep).join("/");
        problems.push(
          ...sourceProblems(
            unit,
            path,
            importedFiles.map(({ fileName }) => fileName),
          ),
        );
      }
    }
  }
}

for (const problem of problems) console.error(problem);
if (problems.length > 0) {
  console.error(
    `\n${problems.length} imports point the wrong way. The rules: tooling/check-arrows/rules.mjs`,
  );
  process.exit(1);
}
console.log(`check-arrows: ${files} files, every import points the right way.`);

function sourcesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?[jt]s$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}
