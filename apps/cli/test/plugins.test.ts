import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { runCli, type RunResult } from "./run-cli.js";
import { sampleTrace, temporaryFolder } from "./samples.js";

const fixtures = fileURLToPath(new URL("fixtures", import.meta.url));
const folder = temporaryFolder();
const sample = join(folder, "sample.pymt");
writeFileSync(sample, sampleTrace());

/** A project with a package in it that only `import` may load. */
const project = join(folder, "project");
const installed = join(project, "node_modules/@me/alloc");
mkdirSync(installed, { recursive: true });
cpSync(join(fixtures, "tiny-allocator.mjs"), join(installed, "index.mjs"));
writeFileSync(
  join(installed, "package.json"),
  JSON.stringify({ name: "@me/alloc", version: "1.0.0", exports: { import: "./index.mjs" } }),
);
symlinkSync(
  fileURLToPath(new URL("../node_modules/@heapwright", import.meta.url)),
  join(project, "node_modules/@heapwright"),
);

function replayWith(allocator: string, cwd = fixtures): Promise<RunResult> {
  return runCli(["replay", sample, "--rounds", "1", "--json", "--allocator", allocator], { cwd });
}

function allocatorsIn({ stdout }: RunResult): unknown[] {
  const { results } = JSON.parse(stdout) as { results: { allocator: string; errors: number }[] };
  return results.map(({ allocator, errors }) => [allocator, errors > 0]);
}

describe("allocators of the user's", () => {
  it("are imported from a path, lists and default exports included, and each is replayed once", async () => {
    const run = await replayWith("./tiny-allocator.mjs,pymalloc");
    expect(allocatorsIn(run)).toEqual([
      ["tiny", false],
      ["careless", true],
      ["pymalloc", false],
    ]);
    expect(run.code).toBe(3);
  });

  it.each(["@me/alloc", "./node_modules/@me/alloc/index.mjs"])(
    "are found from the working directory: %s",
    async (name) => {
      expect(allocatorsIn(await replayWith(name, project))).toEqual([
        ["tiny", false],
        ["careless", true],
      ]);
    },
  );

  it("may not share a name with another one that was chosen", async () => {
    const { code, stderr } = await replayWith("@me/alloc,./node_modules/@me/alloc/index.mjs", project);
    expect(code).toBe(2);
    expect(stderr).toMatch(/Two of the allocators are called "(tiny|careless)"/);
  });

  it.each([
    [
      "written for another version of the contract",
      new URL("fixtures/newer-api.mjs", import.meta.url),
      /needs api: 1 .*found api: 2/,
    ],
    [
      "without a trait",
      new URL("fixtures/no-traits.mjs", import.meta.url),
      /needs the trait returns .*found/,
    ],
    [
      "without a kind",
      new URL("fixtures/no-kind.mjs", import.meta.url),
      /needs kind: "allocator"; found kind: undefined/,
    ],
    [
      "a factory that was not called",
      new URL("fixtures/factory.mjs", import.meta.url),
      /expected an export .*found mine \(function\)\. A factory has to be called/,
    ],
    [
      "a module that throws",
      new URL("fixtures/throws.mjs", import.meta.url),
      /could not be imported: Error: no allocator today and none tomorrow\n/,
    ],
    ["no file", new URL("fixtures/missing.mjs", import.meta.url), /There is no file .*missing\.mjs/],
    ["a folder", new URL("fixtures", import.meta.url), /is a folder/],
    [
      "a plugin that creates nothing",
      new URL("fixtures/creates-nothing.mjs", import.meta.url),
      /"nothing" is broken: expected create\(\).*found undefined/,
    ],
    [
      "a plugin whose create throws",
      new URL("fixtures/creates-nothing.mjs", import.meta.url),
      /"fails" is broken: expected create\(\).*TypeError: cannot/,
    ],
  ])("are refused with exit code 2 when they are %s", async (_what, url, message) => {
    const { code, stderr } = await replayWith(fileURLToPath(url));
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it("are refused when the package is not installed", async () => {
    const { code, stdout, stderr } = await replayWith("@me/elsewhere", project);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/@me\/elsewhere could not be found: .*Cannot find package/);
  });
});

describe("plugins", () => {
  it("lists the built-in allocators with their traits", async () => {
    const { code, stdout, stderr } = await runCli(["plugins"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^allocator +from +reuses +returns +resets +domains +arenas +finds\n/);
    expect(stdout).toMatch(/^pymalloc +built in +yes +yes +- +yes +yes +double-free, interior-address$/m);
    expect(stdout).toMatch(/^bump +built in +- +- +yes +- +- +double-free$/m);
  });

  it("lists the built-in collectors with theirs", async () => {
    const { stdout } = await runCli(["plugins"]);
    expect(stdout).toMatch(/^collector +from +counts +roots +generations +cycles +exact +automatic$/m);
    expect(stdout).toMatch(/^gc-generational +built in +exact +derived +3 +yes +yes +yes$/m);
    expect(stdout).toMatch(/^gc-mark-sweep +built in +none +scan +1 +yes /m);
    expect(stdout).toMatch(/^none +built in +exact +none +1 +- /m);
  });

  it("lists those of modules beside them, as JSON too", async () => {
    const args = ["plugins", "./tiny-allocator.mjs", "./collectors.mjs", "--json"];
    const { code, stdout } = await runCli(args, { cwd: fixtures });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: "heapwright.plugins/1",
      plugins: [
        { name: "pymalloc", kind: "allocator", api: 1, from: null },
        { name: "bump" },
        { name: "gc-generational", kind: "collector", api: 1, from: null, traits: { generations: 3 } },
        { name: "gc-mark-sweep" },
        { name: "none" },
        { name: "tiny", from: "./tiny-allocator.mjs", traits: { reuses: true, arenas: false, detects: [] } },
        { name: "careless", summary: null },
        { name: "careless-gc", kind: "collector", from: "./collectors.mjs" },
        { name: "modest" },
        { name: "small", summary: "trial deletion with a map" },
      ],
    });
  });

  it("lists the sound ones when another is broken, with exit code 2", async () => {
    const { code, stdout, stderr } = await runCli(["plugins", "./newer-api.mjs", "./tiny-allocator.mjs"], {
      cwd: fixtures,
    });
    expect(code).toBe(2);
    expect(stdout).toMatch(/^tiny /m);
    expect(stderr).toMatch(/found api: 2/);
  });
});
