import { readdirSync } from "node:fs";

import { openTraceFile } from "@heapwright/replay/node";
import { describe, expect, it } from "vitest";

import { nameOf } from "../src/find-recordings.js";
import { sharedRecordings } from "../src/paths.js";
import { runCli } from "./run-cli.js";

const folder = sharedRecordings();
const files = folder === undefined ? [] : readdirSync(folder).filter((name) => name.includes(".pymt"));

/** CPython's own number moves by one from run to run. */
const OWN_SPREAD: Readonly<Record<string, readonly number[]>> = { asyncio_echo: [15, 16] };

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
