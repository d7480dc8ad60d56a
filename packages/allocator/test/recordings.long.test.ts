import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

import { replay } from "@heapwright/replay";
import { openTraceFile } from "@heapwright/replay/node";
import { describe, expect, it } from "vitest";

import { pymalloc, type ArenaAlignment } from "../src/index.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const recordings = process.env["HEAPWRIGHT_TRACES"] ?? join(root, "../shared/traces");
const folders = [join(recordings, "traces"), recordings, join(root, "apps/cli/recordings")];
const folder = folders.find(
  (path) => existsSync(path) && readdirSync(path).some((name) => name.includes(".pymt")),
)!;
const files = readdirSync(folder).filter((name) => name.includes(".pymt"));

/** Replays the small-object stream, every block stamped and checked, and returns the peak number of arenas. */
async function arenasPeak(
  file: string,
  arenaAlignment: ArenaAlignment,
): Promise<{ peak: number; recorded: number }> {
  const trace = await openTraceFile(join(folder, file));
  const plugin = pymalloc({ preset: "cpython-3.11", arenaAlignment });
  const result = await replay(trace, plugin, { stream: "small", rounds: 0, allocator: { maxBytes: "2GiB" } });
  expect(result.problems).toEqual([]);
  expect(result.errors).toBe(0);
  return { peak: result.arenasPeak!, recorded: trace.header.arenasPeak ?? NaN };
}

describe("replayed recordings", () => {
  // Each of CPython's arenas was aligned one way or the other (docs/adr/0005), so its count lies in between.
  it.each(files)("%s takes as many arenas as CPython did", { timeout: 120_000 }, async (file) => {
    const pool = await arenasPeak(file, "pool");
    const page = await arenasPeak(file, "page");
    expect(pool.peak).toBeLessThanOrEqual(pool.recorded);
    expect(page.peak).toBeGreaterThanOrEqual(page.recorded);
    // From run to run CPython itself has 15 or 16 arenas here.
    if (basename(file).startsWith("asyncio_echo")) expect([15, 16]).toContain(page.peak);
    else expect(page.peak).toBe(page.recorded);
  });
});
