import { readdirSync } from "node:fs";

import { openGraphFile, openTraceFile } from "@heapwright/replay/node";
import { describe, expect, it } from "vitest";

import { nameOf } from "../src/find-recordings.js";
import { sharedRecordings } from "../src/paths.js";
import { runCli } from "./run-cli.js";

const folder = sharedRecordings("trace");
const files = folder === undefined ? [] : readdirSync(folder).filter((name) => name.includes(".pymt"));

/** CPython's own number moves by one from run to run. */
const OWN_SPREAD: Readonly<Record<string, readonly number[]>> = { asyncio_echo: [15, 16] };

const graphFolder = sharedRecordings("graph");
const graphs =
  graphFolder === undefined ? [] : readdirSync(graphFolder).filter((name) => name.includes(".pymg"));

describe.skipIf(graphs.length === 0)("the shared graphs (HEAPWRIGHT_TRACES)", () => {
  it.each(graphs)("%s has the garbage that CPython found, for both collectors", async (file) => {
    const { header } = await openGraphFile(`${graphFolder!}/${file}`);
    for (const generation of [0, 1, 2] as const) {
      const args = ["--generation", String(generation), "--collector", "gc-generational,gc-mark-sweep"];
      const run = await runCli(["collect", `${graphFolder!}/${file}`, "--rounds", "1", "--json", ...args]);
      expect({ code: run.code, file, generation }).toEqual({ code: 0, file, generation });
      const { results } = JSON.parse(run.stdout) as { results: Record<string, unknown>[] };
      expect(results).toMatchObject([
        { unreachable: header.unreachable![generation], tracked: header.nodes, problems: [] },
        { unreachable: header.unreachable![2], tracked: header.nodes, problems: [] },
      ]);
    }
  });

  it.each(graphs)("%s needs at most 6 B of metadata an object", async (file) => {
    const run = await runCli(["collect", `${graphFolder!}/${file}`, "--rounds", "1", "--json"]);
    const { results } = JSON.parse(run.stdout) as { results: Record<string, number>[] };
    const { tracked, leaves, metadataBytes } = results[0]!;
    expect(metadataBytes! / (tracked! + leaves!)).toBeLessThan(6);
  });
});

describe.skipIf(files.length === 0)("the shared recordings (HEAPWRIGHT_TRACES)", () => {
  it.each(files)("%s reaches CPython's peak number of arenas", async (file) => {
    const path = `${folder!}/${file}`;
    const { arenasPeak } = (await openTraceFile(path)).header;
    const { code, stdout } = await runCli(["replay", path, "--rounds", "1", "--json"]);
    expect(code).toBe(0);
    const { results } = JSON.parse(stdout) as { results: { arenasPeak: number; errors: number }[] };
    expect(OWN_SPREAD[nameOf(file)] ?? [arenasPeak]).toContain(results[0]!.arenasPeak);
    expect(results).toMatchObject([{ errors: 0 }]);
  });
});
