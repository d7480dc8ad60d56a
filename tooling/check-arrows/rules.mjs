// Everything leans on core, which leans on nothing.
//
// 1. The main code of a package (its src/) imports no workspace package but
//    @heapwright/core, unless it is one whose job is to join several.
// 2. It imports nothing that its package.json does not list as a dependency.
// 3. It imports nothing of Node's, except in node.ts and src/node/, which are
//    reached by a subpath of their own.
// 4. No file reaches out of its package by a relative path: other packages are
//    reached by name.
import { isBuiltin } from "node:module";
import { posix } from "node:path";

const SCOPE = "@heapwright/";
const CORE = "@heapwright/core";
const JOINERS = new Set([
  "heapwright",
  "@heapwright/conformance",
  "@heapwright/replay",
  "@heapwright/create-plugin",
]);

/** Rule 1 for package.json, where an arrow is as real as in an import. */
export function manifestProblems({ kind, folder, manifest }) {
  const named = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  if (manifest.name === CORE && named.length > 0) {
    return [`${folder}/package.json: core depends on nothing, not on ${named.join(", ")}`];
  }
  if (kind !== "packages" || JOINERS.has(manifest.name)) return [];
  return named
    .filter((name) => isOurs(name) && name !== CORE)
    .map((name) => `${folder}/package.json: ${name} is a sibling; only ${CORE} may be a dependency`);
}

/** All rules for one file; `path` is relative to its package. */
export function sourceProblems({ kind, folder, manifest }, path, imports) {
  const at = `${folder}/${path}`;
  const problems = [];
  for (const specifier of imports) {
    if (specifier.startsWith(".")) {
      const target = posix.normalize(posix.join(posix.dirname(path), specifier));
      if (target.startsWith(".."))
        problems.push(`${at}: "${specifier}" leaves the package; import it by name`);
      continue;
    }
    if (kind !== "packages" || !path.startsWith("src/")) continue;

    if (isBuiltin(specifier)) {
      if (!isForNode(path))
        problems.push(`${at}: "${specifier}" is Node's; only node.ts and src/node/ may use it`);
      continue;
    }
    const name = packageOf(specifier);
    if (name === manifest.name) {
      problems.push(`${at}: "${specifier}" is this package itself; import the file`);
    } else if (isOurs(name) && name !== CORE && !JOINERS.has(manifest.name)) {
      problems.push(`${at}: "${specifier}" is a sibling; meet through a contract in ${CORE}`);
    } else if (!(name in { ...manifest.dependencies, ...manifest.peerDependencies })) {
      problems.push(`${at}: "${specifier}" is not among the dependencies in package.json`);
    }
  }
  return problems;
}

function isOurs(name) {
  return name === "heapwright" || name.startsWith(SCOPE);
}

function isForNode(path) {
  return /(^|\/)node\.ts$/.test(path) || path.startsWith("src/node/");
}

// "@scope/name/subpath" → "@scope/name"
function packageOf(specifier) {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
