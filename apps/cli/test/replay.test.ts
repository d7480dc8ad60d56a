import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { beforeAll, describe, expect, it } from "vitest";

import { runCli, type RunResult } from "./run-cli.js";
import { sampleTrace, temporaryFolder } from "./samples.js";

const folder = temporaryFolder();
const sample = join(folder, "sample.pymt");
const talks = fileURLToPath(new URL("fixtures/talks.mjs", import.meta.url));
const ESCAPE = "\x1b";

interface JsonReport {
  readonly schema: string;
  readonly results: readonly Record<string, unknown>[];
  readonly unreadable?: readonly Record<string, unknown>[];
  readonly failed?: readonly Record<string, unknown>[];
}

function reportOf({ stdout }: RunResult): JsonReport {
  return JSON.parse(stdout) as JsonReport;
}

/** Quick: one timed round, or none. */
function replay(...args: string[]): Promise<RunResult> {
  return runCli(["replay", "--rounds", "1", ...args]);
}

beforeAll(() => {
  writeFileSync(sample, sampleTrace());
});

describe("replay --json", () => {
  it("prints the fixed fields first, with their units", async () => {
    const run = await replay(sample, "--json");
    expect(run).toMatchObject({ code: 0, stderr: "" });
    const { schema, results, ...more } = reportOf(run);
    expect(schema).toBe("heapwright.replay/1");
    expect(more).toEqual({});
    expect(Object.keys(results[0]!).slice(0, 11)).toEqual(
      "trace allocator preset events smallOps nsPerEvent peakLiveBytes peakFootprintBytes fragmentation arenasPeak errors".split(
        " ",
      ),
    );
    expect(results).toMatchObject([
      {
        trace: "sample",
        allocator: "pymalloc",
        preset: "cpython-3.11",
        events: 2706,
        nsPerEvent: expect.any(Number) as number,
        arenasPeak: 1,
        errors: 0,
        stream: "all",
        arenaBytes: 1_048_576,
        cpython: { python: "3.11.7", arenasPeak: 1, arenasTotal: 1 },
      },
    ]);
    const { peakLiveBytes, peakFootprintBytes, fragmentation } = results[0] as Record<string, number>;
    expect(peakFootprintBytes).toBeGreaterThan(1_048_576);
    expect(peakLiveBytes).toBeLessThan(peakFootprintBytes!);
    expect(fragmentation).toBeGreaterThan(1);
  });

  it("replays each allocator that is named, in order, repeated options included", async () => {
    const run = await replay(sample, "--json", "--allocator", "bump,pymalloc", "--allocator", "bump");
    expect(reportOf(run).results).toMatchObject([
      { allocator: "bump", preset: null, arenasPeak: null, fragmentation: null, errors: 0 },
      { allocator: "pymalloc", preset: "cpython-3.11", arenasPeak: 1, errors: 0 },
    ]);
  });

  it("takes preset, stream, rounds, memory, checks and alignment from its options", async () => {
    const options = "--preset cpython-3.9 --stream small --rounds 0 --max-bytes 16MiB --checks off";
    const run = await runCli(["replay", sample, "--json", ...options.split(" "), "--arena-alignment=pool"]);
    expect(reportOf(run).results).toMatchObject([
      { preset: "cpython-3.9", stream: "small", nsPerEvent: null, arenaBytes: 262_144, errors: 0 },
    ]);
  });

  it("writes nothing on standard output but the document, whatever a plugin prints", async () => {
    const run = await replay(sample, "--json", "--allocator", `pymalloc,${talks}`);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain("hello from a plugin");
    expect(reportOf(run)).toMatchObject({
      results: [{ allocator: "pymalloc" }],
      failed: [{ file: sample, allocator: "leaver", code: null }],
    });
  });
});

describe("replay", () => {
  it("prints a column for each allocator and one for CPython", async () => {
    const { code, stdout, stderr } = await replay(sample, "--allocator", "pymalloc,bump");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const rows = stdout.split("\n").map((line) => line.trim().split(/\s{2,}/));
    expect(rows[0]![0]).toMatch(/^sample: 2,706 events, [\d.]+ KiB live at the peak$/);
    expect(rows[1]).toEqual(["pymalloc", "bump", "CPython 3.11.7"]);
    expect(rows[2]).toEqual(["preset", "cpython-3.11", "-", "-"]);
    expect(rows[3]).toEqual(["arenas at the peak", "1", "-", "1", "equal"]);
    expect(rows.map(([label]) => label).slice(4, 9)).toEqual([
      "arenas ever taken",
      "fragmentation",
      "peak footprint",
      "ns per event",
      "errors",
    ]);
  });

  it("marks arenas that differ from CPython's, and says that one is its own spread", async () => {
    const { openTrace, createTraceWriter } = await import("@heapwright/replay");
    const { header, batches } = await openTrace(sampleTrace());
    const writer = createTraceWriter({ ...header, arenasPeak: 2, arenasTotal: 2 });
    for await (const batch of batches()) writer.append(batch);
    const { code, stdout } = await runCli(["replay", "-", "--rounds", "0"], {
      input: Buffer.concat([...writer.finish()]),
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/arenas at the peak\s+1\s+2\s+different\n/);
    expect(stdout).toContain("CPython's own spread");
  });

  it("does not compare arenas of compare the fragmentation", async () => {
    const { code, stdout } = await replay(sample, "--preset", "cpython-3.9");
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/equal|different/);
    expect(stdout).toMatch(/compare the fragmentation/);
  });

  it("reads standard input, compressed or not, also for several allocators", async () => {
    for (const input of [sampleTrace(), gzipSync(sampleTrace()), brotliCompressSync(sampleTrace())]) {
      const run = await runCli(["replay", "-", "--rounds", "0", "--json", "--allocator", "pymalloc,bump"], {
        input,
      });
      expect(reportOf(run).results).toMatchObject([
        { trace: "sample", file: "standard input", allocator: "pymalloc" },
        { trace: "sample", file: "standard input", allocator: "bump" },
      ]);
    }
  });

  it("takes a folder for all traces in it, and sums several up", async () => {
    const many = join(folder, "many");
    mkdirSync(many);
    copyFileSync(sample, join(many, "b.pymt"));
    writeFileSync(join(many, "a.pymt.gz"), gzipSync(sampleTrace()));
    writeFileSync(join(many, "notes.txt"), "no trace");
    const { code, stdout } = await replay(many);
    expect(code).toBe(0);
    expect(stdout.match(/^sample \(.*\)/gm)).toEqual([
      `sample (${join(many, "a.pymt.gz")})`,
      `sample (${join(many, "b.pymt")})`,
    ]);
    expect(stdout).toContain("pymalloc reached as many arenas as CPython in 2 of 2 programs.\n");
  });

  it("knows recordings by name: bundled ones, and those in HEAPWRIGHT_TRACES", async () => {
    const shared = join(folder, "shared");
    mkdirSync(join(shared, "traces"), { recursive: true });
    writeFileSync(join(shared, "traces/mine.pymt.gz"), gzipSync(sampleTrace("mine")));
    const run = await runCli(["replay", "mine", "decimal_pi", "--rounds", "0", "--json"], {
      env: { HEAPWRIGHT_TRACES: shared },
    });
    expect(run.code).toBe(0);
    expect(reportOf(run).results).toMatchObject([
      { trace: "mine" },
      { trace: "decimal_pi", arenasPeak: 6, errors: 0, cpython: { arenasPeak: 6 } },
    ]);
  });

  it("goes on where a memory is too small, counts every refusal, and ends with exit code 3", async () => {
    const { code, stdout, stderr } = await replay(sample, "--allocator", "bump", "--max-bytes", "128KiB");
    expect(code).toBe(3);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/errors\s+\d/);
    expect(stdout).toMatch(/refused: No room/);
  });

  it.each([
    ["--preset", "cpython-3.10", /cpython-3\.9 or cpython-3\.11/],
    ["--stream", "big", /all or small/],
    ["--rounds", "-1", /0 to 1000|argument is ambiguous/],
    ["--rounds", "1.5", /0 to 1000/],
    ["--rounds", "1001", /0 to 1000/],
    ["--checks", "maybe", /on or off/],
    ["--arena-alignment", "byte", /page or pool/],
    ["--max-bytes", "many", /--max-bytes must be/],
    ["--max-bytes", "5GiB", /at most 4GiB/],
    ["--max-bytes", "0", /above 0 B/],
    ["--max-bytes", "64KiB", /needs|room/],
    [
      "--allocator",
      "pymaloc",
      /Unknown allocator "pymaloc": expected pymalloc, bump.*Did you mean pymalloc\?/,
    ],
    ["--allocator", "pymalloc,,bump", /empty name/],
  ])("refuses %s %s with exit code 2", async (option, value, message) => {
    const { code, stdout, stderr } = await runCli(["replay", sample, option, value]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
  });
});

describe("colours", () => {
  it("are left out where there is no terminal", async () => {
    const { stdout, stderr } = await replay(sample, "nothing-there");
    expect(stdout + stderr).not.toContain(ESCAPE);
  });

  it("are there with FORCE_COLOR, and not with NO_COLOR", async () => {
    const args = ["replay", sample, "nothing-there", "--rounds", "0"];
    const forced = await runCli(args, { env: { FORCE_COLOR: "1" } });
    expect(forced.stdout).toContain(ESCAPE);
    expect(forced.stderr).toContain(ESCAPE);
    const refused = await runCli(args, { env: { NO_COLOR: "1" } });
    expect(refused.stdout + refused.stderr).not.toContain(ESCAPE);
  });

  it("are never in JSON", async () => {
    const { stdout } = await runCli(["replay", sample, "--rounds", "0", "--json"], {
      env: { FORCE_COLOR: "1" },
    });
    expect(stdout).not.toContain(ESCAPE);
  });
});
