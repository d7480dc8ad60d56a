import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { beforeAll, describe, expect, it } from "vitest";

import { runCli, type RunResult } from "./run-cli.js";
import {
  SAMPLE_UNREACHABLE,
  sampleGraph,
  sampleTrace,
  temporaryFolder,
  writeDamagedGraphs,
} from "./samples.js";

const folder = temporaryFolder();
const sample = join(folder, "objects.pymg");
const fixtures = fileURLToPath(new URL("fixtures", import.meta.url));
const collectors = fileURLToPath(new URL("fixtures/collectors.mjs", import.meta.url));
const broken = fileURLToPath(new URL("fixtures/broken-collectors.mjs", import.meta.url));
const moving = fileURLToPath(new URL("fixtures/moving-collector.mjs", import.meta.url));
const renamed = fileURLToPath(new URL("fixtures/renamed-allocator.mjs", import.meta.url));

interface JsonReport {
  readonly schema: string;
  readonly results: readonly Record<string, unknown>[];
  readonly unreadable?: readonly Record<string, string>[];
  readonly failed?: readonly Record<string, unknown>[];
}

function reportOf({ stdout }: RunResult): JsonReport {
  return JSON.parse(stdout) as JsonReport;
}

/** Quick: one round. */
function collect(...args: string[]): Promise<RunResult> {
  return runCli(["collect", "--rounds", "1", ...args], { cwd: fixtures });
}

function rowsOf({ stdout }: RunResult): string[][] {
  return stdout.split("\n").map((line) => line.trim().split(/\s{2,}/));
}

beforeAll(() => {
  writeFileSync(sample, sampleGraph());
});

describe("collect --json", () => {
  it("prints the fixed fields first, with their units", async () => {
    const run = await collect(sample, "--json");
    expect(run).toMatchObject({ code: 0, stderr: "" });
    const { schema, results, ...more } = reportOf(run);
    expect(schema).toBe("heapwright.collect/1");
    expect(more).toEqual({});
    expect(Object.keys(results[0]!).slice(0, 10)).toEqual(
      "graph collector allocator generation tracked unreachable freed pauseMs nsPerObject bytes".split(" "),
    );
    expect(results).toMatchObject([
      {
        graph: "objects",
        collector: "gc-generational",
        allocator: "pymalloc",
        generation: 2,
        tracked: 230,
        unreachable: 130,
        freed: 260,
        file: sample,
        considered: 230,
        leaves: 50,
        cpython: { python: "3.11.7", unreachable: 130 },
        verdict: "equal",
        problems: [],
      },
    ]);
    const { pauseMs, nsPerObject, bytes } = results[0] as Record<string, number>;
    expect(pauseMs).toBeGreaterThan(0);
    expect(nsPerObject).toBeCloseTo((1e6 * pauseMs!) / 230);
    // Cells of 48 B, cells of 32 B with buffers of 40, and leaves of 60.
    expect(bytes).toBe(100 * 48 + 130 * (32 + 40) + 50 * (16 + 44));
  });

  it("finds what CPython found in each generation, and what it found in all where there are none", async () => {
    for (const generation of [0, 1, 2]) {
      const run = await collect(
        ...[sample, "--json", "--generation", String(generation)],
        ...["--collector", "gc-generational,gc-mark-sweep,none"],
      );
      expect(run.code).toBe(0);
      const found = SAMPLE_UNREACHABLE[generation as 0 | 1 | 2];
      expect(reportOf(run).results).toMatchObject([
        { collector: "gc-generational", generation, unreachable: found, verdict: "equal" },
        { collector: "gc-mark-sweep", generation, unreachable: 130, considered: 230, verdict: "equal" },
        { collector: "none", generation, unreachable: 0, freed: 0, verdict: null },
      ]);
    }
  });

  it("tries each collector on each allocator, repeated options included", async () => {
    const run = await collect(
      ...[sample, "--json", "--collector", "gc-mark-sweep", "--collector", "gc-generational,gc-mark-sweep"],
      ...["--allocator", "bump,pymalloc"],
    );
    expect(run.code).toBe(0);
    const pairs = reportOf(run).results.map(({ collector, allocator }) => [collector, allocator]);
    expect(pairs).toEqual([
      ["gc-mark-sweep", "bump"],
      ["gc-generational", "bump"],
      ["gc-mark-sweep", "pymalloc"],
      ["gc-generational", "pymalloc"],
    ]);
    for (const { unreachable, freed } of reportOf(run).results)
      expect({ unreachable, freed }).toEqual({ unreachable: 130, freed: 260 });
  });

  it("comes to the same in every round", async () => {
    const run = await runCli([
      "collect",
      sample,
      "--json",
      "--rounds",
      "4",
      "--collector",
      "gc-generational,none",
    ]);
    expect(reportOf(run).results).toMatchObject([
      { tracked: 230, unreachable: 130, freed: 260, verdict: "equal", problems: [] },
      { tracked: 230, unreachable: 0, freed: 0, problems: [] },
    ]);
  });
});

describe("collect", () => {
  it("prints a column for each collector and one for CPython", async () => {
    const run = await collect(sample, "--collector", "gc-generational,gc-mark-sweep");
    expect(run).toMatchObject({ code: 0, stderr: "" });
    const rows = rowsOf(run);
    expect(rows[0]).toEqual(["objects: 230 tracked objects and 50 leaves, 689 references"]);
    expect(rows[1]).toEqual(["gc-generational", "gc-mark-sweep", "CPython 3.11.7"]);
    expect(rows[2]).toEqual(["objects considered", "230", "230", "-"]);
    expect(rows[3]).toEqual(["unreachable", "130", "130", "130", "equal"]);
    expect(rows[4]).toEqual(["blocks freed", "260", "260", "-"]);
    expect(rows.map(([label]) => label).slice(5, 9)).toEqual([
      "pause, ms",
      "ns per object",
      "bytes",
      "problems",
    ]);
  });

  it("says which collectors have no generations, and which look for nothing", async () => {
    const run = await collect(
      sample,
      "--generation",
      "0",
      "--collector",
      "gc-generational,gc-mark-sweep,none",
    );
    expect(run.code).toBe(0);
    expect(rowsOf(run)[2]).toEqual(["objects considered", "30", "230", "-", "-"]);
    expect(rowsOf(run)[3]).toEqual(["unreachable", "20", "130", "0", "20 / 130", "equal"]);
    expect(run.stdout).toMatch(/gc-mark-sweep: no generations, so all objects were collected/);
    expect(run.stdout).toMatch(/none: looks for no cycles/);
  });

  it("names the allocators where there are several", async () => {
    const rows = rowsOf(await collect(sample, "--allocator", "pymalloc,bump"));
    expect(rows[2]).toEqual(["allocator", "pymalloc", "bump", "-"]);
  });

  it("ends with exit code 3 when a collector that is exact finds something else than CPython", async () => {
    const wrong = join(folder, "wrong.pymg");
    writeFileSync(wrong, sampleGraph("wrong", [0, 0, 131]));
    const run = await collect(wrong);
    expect(run).toMatchObject({ code: 3, stderr: "" });
    expect(rowsOf(run)[3]).toEqual(["unreachable", "130", "131", "different"]);
  });

  it("compares with nothing where nothing was recorded", async () => {
    const { createGraphWriter } = await import("@heapwright/replay");
    const writer = createGraphWriter({ program: "mine", types: [{ name: "list" }] });
    writer.node({ type: 0, bytes: 72, refcount: 1, edges: [0] });
    const run = await runCli(["collect", "-"], { input: Buffer.concat([...writer.finish()]) });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(rowsOf(run)[3]).toEqual(["unreachable", "1"]);
  });

  it("reads standard input, compressed or not, also for several collectors", async () => {
    for (const input of [sampleGraph(), gzipSync(sampleGraph()), brotliCompressSync(sampleGraph())]) {
      const args = [
        "collect",
        "-",
        "--json",
        "--rounds",
        "2",
        "--collector",
        "gc-generational,gc-mark-sweep",
      ];
      const run = await runCli(args, { input });
      expect(reportOf(run).results).toMatchObject([
        { graph: "objects", file: "standard input", unreachable: 130 },
        { graph: "objects", file: "standard input", unreachable: 130 },
      ]);
    }
  });

  it("takes a folder for all graphs in it, and leaves traces alone", async () => {
    const many = join(folder, "many");
    mkdirSync(many);
    copyFileSync(sample, join(many, "b.pymg"));
    writeFileSync(join(many, "a.pymg.gz"), gzipSync(sampleGraph()));
    writeFileSync(join(many, "trace.pymt"), sampleTrace());
    const { code, stdout } = await collect(many);
    expect(code).toBe(0);
    expect(stdout.match(/^objects \(.*\)/gm)).toEqual([
      `objects (${join(many, "a.pymg.gz")})`,
      `objects (${join(many, "b.pymg")})`,
    ]);
  });

  it("knows graphs by name: the bundled one, and those in HEAPWRIGHT_TRACES", async () => {
    const shared = join(folder, "shared");
    mkdirSync(join(shared, "graphs"), { recursive: true });
    writeFileSync(join(shared, "graphs/mine.pymg.gz"), gzipSync(sampleGraph("mine")));
    const args = ["collect", "mine", "stdlib_modules", "--rounds", "1", "--json"];
    const run = await runCli([...args, "--collector", "gc-generational,gc-mark-sweep"], {
      env: { HEAPWRIGHT_TRACES: shared },
    });
    expect(run.code).toBe(0);
    expect(reportOf(run).results).toMatchObject([
      { graph: "mine", unreachable: 130 },
      { graph: "mine", unreachable: 130 },
      { graph: "stdlib_modules", tracked: 59_618, unreachable: 0, freed: 0, verdict: "equal" },
      { graph: "stdlib_modules", tracked: 59_618, unreachable: 0, freed: 0, verdict: "equal" },
    ]);
  });

  it.each([
    ["--generation", "3", /--generation must be 0 or 1 or 2, not "3"/],
    ["--generation", "two", /0 or 1 or 2/],
    ["--generation", "", /0 or 1 or 2/],
    ["--rounds", "0", /1 to 100/],
    ["--rounds", "101", /1 to 100/],
    ["--max-bytes", "many", /--max-bytes must be/],
    ["--max-bytes", "5GiB", /at most 4GiB/],
    ["--max-bytes", "4KiB", /needs|room/],
    [
      "--collector",
      "gc-generation",
      /Unknown collector "gc-generation": expected gc-generational, gc-mark-sweep, none.*Did you mean gc-generational\?/,
    ],
    ["--collector", "gc-generational,,none", /--collector has an empty name/],
    ["--collector", "pymalloc", /Unknown collector "pymalloc"/],
    ["--allocator", "gc-mark-sweep", /Unknown allocator "gc-mark-sweep"/],
    ["--preset", "cpython-3.9", /no option --preset/],
    ["--colector", "none", /no option --colector\. Did you mean --collector\?/],
  ])("refuses %s %s with exit code 2", async (option, value, message) => {
    const { code, stdout, stderr } = await runCli(["collect", sample, option, value]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it("says how much a graph needs where --max-bytes is too low for it", async () => {
    const { code, stderr } = await collect("stdlib_modules", "--max-bytes", "16MiB");
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /--max-bytes is too low\. stdlib_modules: no room for the 59618 nodes.*A maxBytes of \d+/,
    );
  });
});

describe("graphs that cannot be read", () => {
  const damaged = join(folder, "damaged");
  const codes = writeDamagedGraphs(damaged);

  it.each(Object.keys(codes))("are named in one line, with exit code 4: %s", async (name) => {
    const file = join(damaged, name);
    const { code, stdout, stderr } = await collect(file, "--collector", "gc-generational,none");
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr.match(/\n/g)).toHaveLength(1);
    expect(stderr).toContain(file);
  });

  it("are listed in the JSON by file, code and message, beside what could be read", async () => {
    const run = await collect(damaged, sample, "--json");
    expect(run.code).toBe(4);
    const { results, unreadable } = reportOf(run);
    expect(results).toMatchObject([{ graph: "objects", unreachable: 130 }]);
    expect(Object.fromEntries(unreadable!.map(({ file, code }) => [file, code]))).toEqual(
      Object.fromEntries(Object.entries(codes).map(([name, code]) => [join(damaged, name), code])),
    );
  });

  it.each([
    [
      "a name that is not known",
      "stdlib-modules",
      /no recording of that name\. Did you mean stdlib_modules\?/,
    ],
    ["a name like no other", "zzz", /Recordings that have a name: object_web, stdlib_modules\./],
    ["the name of a trace", "decimal_pi", /It is the name of a trace, for heapwright replay\./],
    ["a file that is not there", "no/such/file.pymg", /there is no such file/],
    ["a folder without graphs", fixtures, /expected recordings \(\.pymg, .*found none/],
  ])("are %s", async (_what, argument, message) => {
    const { code, stdout, stderr } = await collect(argument);
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr).toMatch(message);
  });

  it("are the names of graphs where a trace is expected", async () => {
    const { code, stderr } = await runCli(["replay", "stdlib_modules"]);
    expect(code).toBe(4);
    expect(stderr).toMatch(/It is the name of a graph, for heapwright collect\./);
  });
});

describe("collectors of the user's", () => {
  it("are imported from a path, and each is tried", async () => {
    const run = await collect(sample, "--json", "--collector", `${collectors},gc-generational`);
    expect(run.code).toBe(3);
    expect(reportOf(run).results).toMatchObject([
      { collector: "careless-gc", unreachable: 40, verdict: "different" },
      { collector: "modest", unreachable: 40, verdict: "different" },
      { collector: "small", unreachable: 130, freed: 260, verdict: "equal" },
      { collector: "gc-generational", verdict: "equal" },
    ]);
  });

  it("may find other objects than CPython, when they do not claim to be exact", async () => {
    const modest = join(folder, "modest.mjs");
    const module = pathToFileURL(collectors).href;
    writeFileSync(modest, `export { modest } from ${JSON.stringify(module)};\n`);
    const run = await collect(sample, "--collector", modest);
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(rowsOf(run)[3]).toEqual(["unreachable", "40", "130", "different"]);
  });

  it("stand beside allocators of the user's", async () => {
    const run = await collect(sample, "--json", "--allocator", renamed);
    expect(reportOf(run).results).toMatchObject([{ allocator: "mine", unreachable: 130, verdict: "equal" }]);
  });

  it("get no heap from an allocator that takes the whole memory for itself", async () => {
    const { code, stderr } = await collect(sample, "--allocator", "./tiny-allocator.mjs");
    expect(code).toBe(2);
    expect(stderr).toMatch(/objects\.pymg with gc-generational and tiny: .*no room for the heap's tables/);
  });

  it.each([
    ["that throws", broken, /The collector "bursts" is broken: TypeError: no collection today/],
    ["that fits no heap", moving, /"moving" does not fit.*To mend it, choose a collector that does not move/],
    ["that is an allocator", "./tiny-allocator.mjs", /expected an export that is a collector plugin, found/],
    ["in no file", "./missing.mjs", /There is no file/],
  ])("are refused with exit code 2: one %s", async (_what, module, message) => {
    const { code, stdout, stderr } = await collect(sample, "--collector", module);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it("are listed among what failed, while the others go on", async () => {
    const run = await collect(sample, "--json", "--collector", `${broken},gc-generational`);
    expect(run.code).toBe(2);
    expect(reportOf(run)).toMatchObject({
      results: [{ collector: "gc-generational" }],
      failed: [{ file: sample, collector: "bursts", allocator: "pymalloc", code: "ERR_BAD_PLUGIN" }],
    });
  });
});
