import { HeapwrightError, type BlockAllocator } from "@heapwright/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createTraceWriter, openTrace, replay, type ReplayOptions, type Trace } from "../src/index.js";
import { naive, noting } from "./naive-allocator.js";
import { errorOf, programs, writeProgram } from "./recordings.js";

/** One of everything that changes what a replay does. */
async function sample(): Promise<Trace> {
  const writer = createTraceWriter({ program: "sample" });
  writer.mark("start");
  const small = writer.malloc(100);
  const cleared = writer.calloc(40, "mem");
  const raw = writer.malloc(3000, "raw");
  writer.realloc(small, 120);
  writer.mark("middle");
  writer.realloc(cleared, 600);
  writer.realloc(cleared, 700);
  writer.free(raw);
  writer.malloc(50);
  writer.free(small);
  return openTrace(writer.finish());
}

describe("replay", () => {
  it("reports what the trace and the allocator have to tell", async () => {
    const result = await replay(await sample(), naive(), { rounds: 0 });
    expect(result).toEqual({
      trace: "sample",
      allocator: "naive",
      preset: null,
      stream: "all",
      events: 9,
      smallOps: 6,
      nsPerEvent: null,
      nsPerEventByRound: [],
      peakLiveBytes: 3820,
      smallPeakBytes: 170,
      peakFootprintBytes: expect.any(Number) as number,
      fragmentation: null,
      arenasPeak: null,
      arenasTotal: null,
      liveBlocksAtEnd: 2,
      marks: [
        { name: "start", event: 0, arenas: null, liveBlocks: 0, footprintBytes: 0 },
        { name: "middle", event: 4, arenas: null, liveBlocks: 3, footprintBytes: 112 + 48 + 3008 + 128 },
      ],
      cpython: null,
      errors: 0,
      problems: [],
    });
    expect(result.peakFootprintBytes).toBe(112 + 48 + 3008 + 128 + 608 + 704 + 64);
  });

  it("takes arenas and their fragmentation from the allocator, and CPython's from the header", async () => {
    const arenas = { arenaSize: 1048576, arenasPeak: 3, arenasPeakEvent: 1, arenasTotal: 4 };
    const writer = createTraceWriter({ program: "arenas", python: "3.11.7", ...arenas });
    writer.malloc(400);
    writer.mark("end");
    const plugin = naive({
      traits: { arenas: true },
      change: ({ stats }) => ({
        stats: () => ({ ...stats(), arenas: { arenaBytes: 4000, current: 1, peak: 2, total: 5 } }),
      }),
    });
    const result = await replay(await openTrace(writer.finish()), plugin, { rounds: 0 });
    expect(result).toMatchObject({
      fragmentation: 20,
      arenasPeak: 2,
      arenasTotal: 5,
      marks: [{ name: "end", event: 1, arenas: 1, liveBlocks: 1 }],
      cpython: {
        python: "3.11.7",
        arenaBytes: 1048576,
        arenasPeak: 3,
        arenasTotal: 4,
        fragmentation: (3 * 1048576) / 400,
      },
    });
  });

  it("times each round by the clock it is given, and takes the median", async () => {
    let now = 0;
    let round = 0;
    // Each round reads the clock twice, and takes as many milliseconds as this.
    const lengths = [9, 1, 5, 3, 7].flatMap((ms) => [0, ms]);
    const clock = (): number => (now += lengths[round++]!);
    const { nsPerEvent, nsPerEventByRound } = await replay(await sample(), naive(), { rounds: 5, clock });
    expect(nsPerEventByRound).toEqual([9, 1, 5, 3, 7].map((ms) => (ms * 1e6) / 9));
    expect(nsPerEvent).toBe(5e6 / 9);
  });

  it("divides the time of the small-object stream by its operations", async () => {
    let now = 0;
    const options: ReplayOptions = { stream: "small", rounds: 2, clock: () => (now += 1) };
    expect(await replay(await sample(), naive(), options)).toMatchObject({
      events: 9,
      smallOps: 6,
      nsPerEvent: 1e6 / 6,
      liveBlocksAtEnd: 1,
    });
  });

  it.each(["all", "small"] as const)(
    "calls the allocator with %s events, the same in each round",
    async (stream) => {
      const calls: string[] = [];
      const plugin = naive({ change: (allocator) => noting("heap", calls, allocator) });
      await replay(await sample(), plugin, { stream, rounds: 2 });
      const small = ["malloc 100", "calloc 40", "realloc 120", "free", "malloc 50", "free"];
      const all = [
        "malloc 100",
        "calloc 40",
        "malloc 3000",
        "realloc 120",
        "realloc 600",
        "realloc 700",
        "free",
        "malloc 50",
        "free",
      ];
      const round = (stream === "all" ? all : small).map((call) => `heap ${call}`);
      const rest = Array.from({ length: stream === "all" ? 2 : 1 }, () => "heap free");
      expect(calls).toEqual([...round, ...rest, ...round, ...rest, ...round]);
    },
  );

  it("sends events to the domains they name, where the allocator has domains", async () => {
    const calls: string[] = [];
    const plugin = naive({
      traits: { domains: true },
      change: (allocator) => ({
        domains: {
          raw: noting("raw", calls, allocator),
          mem: noting("mem", calls, allocator),
          obj: noting("obj", calls, allocator),
        },
      }),
    });
    const round = [
      [
        "obj malloc 100",
        "mem calloc 40",
        "raw malloc 3000",
        "obj realloc 120",
        "mem realloc 600",
        "mem realloc 700",
      ],
      ["raw free", "obj malloc 50", "obj free"],
    ].flat();
    const { errors } = await replay(await sample(), plugin, { rounds: 1 });
    expect(errors).toBe(0);
    expect(calls.slice(0, 9)).toEqual(round);
    expect(calls.slice(9, 11).sort()).toEqual(["mem free", "obj free"]);
    expect(calls.slice(11)).toEqual(round);

    calls.length = 0;
    await replay(await sample(), plugin, { rounds: 1, stream: "small" });
    expect(calls).toEqual([]);
  });

  it("resets an allocator that can be reset, and makes a new one of those that reuse nothing", async () => {
    const created: BlockAllocator[] = [];
    let resets = 0;
    const resetting = naive({
      traits: { resets: true, reuses: false },
      change: ({ walk, free }) => ({
        reset() {
          resets++;
          walk(({ address }) => {
            free(address);
            return true;
          });
        },
      }),
    });
    await replay(await sample(), resetting, { rounds: 3 });
    expect(resets).toBe(3);

    await replay(await sample(), naive({ traits: { reuses: false } }, created), { rounds: 3 });
    expect(created).toHaveLength(4);
  });

  it("finds nothing wrong with a correct allocator, whatever the program", async () => {
    const streams = fc.constantFrom<("all" | "small")[]>("all", "small");
    await fc.assert(
      fc.asyncProperty(programs(), streams, async (steps, stream) => {
        const { recording, expected } = writeProgram(steps);
        const result = await replay(await openTrace(recording), naive(), { stream, rounds: 1 });
        expect(result.problems).toEqual([]);
        expect(result.errors).toBe(0);
        expect(result.peakLiveBytes).toBe(expected.totals.peakLiveBytes);
        if (stream === "all") expect(result.liveBlocksAtEnd).toBe(expected.totals.liveBlocksAtEnd);
      }),
      { numRuns: 50 },
    );
  });

  it("goes on without the blocks that an allocator refuses", async () => {
    const writer = createTraceWriter({ program: "greedy" });
    const fits = writer.malloc(1000);
    const greedy = writer.malloc(10_000_000);
    writer.realloc(greedy, 100);
    writer.realloc(fits, 20_000_000);
    writer.realloc(fits, 2000);
    writer.free(greedy);
    writer.free(fits);
    const calls: string[] = [];
    const plugin = naive({ change: (allocator) => noting("heap", calls, allocator) });
    const result = await replay(await openTrace(writer.finish()), plugin, { rounds: 1 });
    expect(result.errors).toBe(2);
    expect(result.problems).toEqual([
      "Event 1: obj malloc of 10000000 B was refused: No room for 10000000 B.",
      "Event 3: obj realloc of 20000000 B was refused: No room for 20000000 B.",
    ]);
    const round = ["malloc 1000", "malloc 10000000", "realloc 20000000", "realloc 2000", "free"];
    expect(calls).toEqual([...round, ...round].map((call) => `heap ${call}`));
  });

  it("counts what is refused in a timed round only", async () => {
    let mallocs = 0;
    const plugin = naive({
      change: ({ malloc }) => ({
        malloc(bytes) {
          if (++mallocs > 3) throw new HeapwrightError("ERR_OUT_OF_MEMORY", "full");
          return malloc(bytes);
        },
      }),
    });
    const { errors, problems } = await replay(await sample(), plugin, { rounds: 1 });
    expect(errors).toBe(3);
    expect(problems[0]).toBe("Round 1: 3 calls were refused, and 0 in the first round.");
  });

  it("hands options to the allocator and repeats the preset", async () => {
    const created: BlockAllocator[] = [];
    const options = { maxBytes: "2MiB", preset: "cpython-3.9" };
    const result = await replay(await sample(), naive({}, created), { rounds: 0, allocator: options });
    expect(result.preset).toBe("cpython-3.9");
    expect(created[0]!.memory.maxBytes).toBe(2 * 1024 * 1024);
  });

  it("tells how far it is, to the end", async () => {
    const seen: [number, number][] = [];
    await replay(await sample(), naive(), {
      rounds: 2,
      onProgress: (done, total) => seen.push([done, total]),
    });
    expect(seen).toEqual([
      [9, 27],
      [18, 27],
      [27, 27],
    ]);
  });

  it("ends when its signal says so, and disposes the allocator", async () => {
    let disposed = 0;
    const controller = new AbortController();
    const plugin = naive({ change: () => ({ dispose: () => (disposed += 1) }) });
    const reason = new Error("enough");
    const replaying = replay(await sample(), plugin, {
      rounds: 1000,
      signal: controller.signal,
      onProgress: (done) => done > 90 && controller.abort(reason),
    });
    await expect(replaying).rejects.toBe(reason);
    expect(disposed).toBe(1);
  });

  it("reads a long trace again for each round", async () => {
    const writer = createTraceWriter({ program: "short" });
    writer.malloc(16);
    const short = await openTrace(writer.finish());
    let reads = 0;
    const long: Trace = {
      header: { ...short.header, events: 8_000_001 },
      rereadable: true,
      batches: () => (reads++, short.batches()),
    };
    const { nsPerEventByRound, errors } = await replay(long, naive(), { rounds: 2 });
    expect({ reads, rounds: nsPerEventByRound.length, errors }).toEqual({ reads: 3, rounds: 2, errors: 0 });

    const once: Trace = { ...long, rereadable: false };
    expect((await errorOf(replay(once, naive()))).code).toBe("ERR_BAD_OPTION");
    expect((await replay(once, naive(), { rounds: 0 })).errors).toBe(0);
  });

  it.each<[string, ReplayOptions]>([
    ["a stream that does not exist", { stream: "large" as "all" }],
    ["half a round", { rounds: 0.5 }],
    ["too many rounds", { rounds: 1001 }],
  ])("refuses %s", async (_, options) => {
    expect((await errorOf(replay(await sample(), naive(), options))).code).toBe("ERR_BAD_OPTION");
  });

  it("refuses what is no allocator plugin", async () => {
    const error = await errorOf(replay(await sample(), { ...naive(), kind: "collector" as "allocator" }));
    expect(error.code).toBe("ERR_BAD_PLUGIN");
  });
});
