import { describe, expect, it } from "vitest";

import { manifestProblems, sourceProblems } from "./rules.mjs";

const unit = (name, dependencies = {}, kind = "packages") => ({
  kind,
  folder: `${kind}/${name.split("/").at(-1)}`,
  manifest: { name, dependencies },
});
const allocator = unit("@heapwright/allocator", { "@heapwright/core": "workspace:^" });

describe("sourceProblems", () => {
  it.each([
    ["core", "src/pool.ts", "@heapwright/core"],
    ["a file of its own", "src/pool.ts", "./arena.js"],
    ["a file of its own, one folder up", "src/spaces/cell.ts", "../arena.js"],
    ["Node in node.ts", "src/node.ts", "node:fs"],
    ["Node under src/node/", "src/node/file.ts", "node:fs/promises"],
    ["anything in a test", "test/pool.test.ts", "@heapwright/conformance"],
  ])("allows %s", (_, path, specifier) => {
    expect(sourceProblems(allocator, path, [specifier])).toEqual([]);
  });

  it.each([
    ["a sibling", "src/pool.ts", "@heapwright/refcount", "sibling"],
    ["the package of everything", "src/pool.ts", "heapwright", "sibling"],
    ["Node", "src/pool.ts", "node:fs", "Node's"],
    ["Node without its prefix", "src/pool.ts", "fs", "Node's"],
    ["what package.json does not list", "src/pool.ts", "fast-check", "not among the dependencies"],
    ["itself by name", "src/pool.ts", "@heapwright/allocator", "itself"],
    ["a path out of the package", "src/pool.ts", "../../core/src/index.js", "leaves the package"],
    [
      "a path out of the package in a test",
      "test/pool.test.ts",
      "../../core/src/index.js",
      "leaves the package",
    ],
  ])("refuses %s", (_, path, specifier, words) => {
    expect(sourceProblems(allocator, path, [specifier])).toEqual([expect.stringContaining(words)]);
  });

  it("lets a package that joins others import them", () => {
    const dependencies = { "@heapwright/core": "workspace:^", "@heapwright/allocator": "workspace:^" };
    expect(
      sourceProblems(unit("heapwright", dependencies), "src/index.ts", ["@heapwright/allocator"]),
    ).toEqual([]);
  });

  it("lets an app use Node", () => {
    expect(
      sourceProblems(unit("@heapwright/cli", {}, "apps"), "src/main.ts", ["node:fs", "heapwright"]),
    ).toEqual([]);
  });
});

describe("manifestProblems", () => {
  it("refuses a sibling as a dependency", () => {
    expect(
      manifestProblems(unit("@heapwright/refcount", { "@heapwright/allocator": "workspace:^" })),
    ).toHaveLength(1);
  });

  it("refuses any dependency of core", () => {
    expect(manifestProblems(unit("@heapwright/core", { "fast-check": "^4.0.0" }))).toHaveLength(1);
  });
});
