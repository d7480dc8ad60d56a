import { Worker } from "node:worker_threads";

import { describe, expect, it } from "vitest";

import { createMemory, type Memory } from "../src/memory.js";
import { codeOf, errorOf } from "./error-of.js";
import { SOURCES } from "./hosts.js";

const MIB = 1024 * 1024;

/** Where the memory is told to be, and the bytes of its header. */
function wordsOf(memory: Memory, base = 0): Int32Array {
  return new Int32Array(memory.buffer, base, 16);
}

describe.each(SOURCES.filter(({ own }) => own))("$name", ({ make }) => {
  it("carries one memory at a time", () => {
    const memory = make(MIB);
    const first = createMemory({ memory });
    const run = first.reserve(4096, 4096, 1);
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(codeOf(() => createMemory({ memory }))).toBe("ERR_BUFFER_IN_USE");
    }
    first.verify();
    expect(first.useOf(run)).toBe(1);

    first.dispose();
    const second = createMemory({ memory });
    expect(second.runs()).toHaveLength(1);
    first.dispose();
    second.verify();
  });

  it("carries no second memory at another offset either", () => {
    for (const [here, there] of [
      [0, 8192],
      [8192, 0],
      [64, 128],
    ] as const) {
      const memory = make(MIB);
      const first = createMemory({ memory, offset: here });
      const { code, message } = errorOf(() => createMemory({ memory, offset: there }));
      expect(code).toBe("ERR_BUFFER_IN_USE");
      expect(message).toContain(`from byte ${here} on`);
      first.verify();
      first.dispose();
      createMemory({ memory, offset: there }).verify();
    }
  });

  it("is free again when the header of a lost memory is filled with 0", () => {
    const memory = make(MIB);
    const lost = createMemory({ memory, offset: 4096 });
    expect(errorOf(() => createMemory({ memory })).message).toMatch(
      /if it is gone for good, fill the 64 B there with 0\.$/,
    );
    wordsOf(lost, 4096).fill(0);
    createMemory({ memory }).verify();
  });
});

describe("the header", () => {
  it("is stamped, counted and placed as the picture says", () => {
    const memory = createMemory({ memory: "buffer", maxBytes: MIB, offset: 100 });
    memory.reserve(8192, 4096, 1);
    const words = wordsOf(memory, 128);
    expect(new TextDecoder().decode(new Uint8Array(memory.buffer, 128, 7))).toBe("HEAPWRT");
    expect([...words.subarray(1, 8)]).toEqual([0x01545257, 256, 2, 3, 3, 3, 3]);
    expect([...words.subarray(8)]).toEqual(Array(8).fill(0));
    expect([...new Uint8Array(memory.buffer, 192, 4)]).toEqual([127, 1, 0x81, 0]);
  });

  it("is wiped when the memory is disposed, so that the buffer is free for others", () => {
    const buffer = new ArrayBuffer(MIB);
    const memory = createMemory({ memory: buffer });
    memory.dispose();
    expect([...new Int32Array(buffer, 0, 16)]).toEqual(Array(16).fill(0));
  });

  it("grows by a byte a page", () => {
    const headerBytes = (maxBytes: string): number => {
      const memory = createMemory({ memory: "buffer", maxBytes });
      return memory.usage().takenBytes;
    };
    expect(["64KiB", "15MiB", "16MiB", "256MiB"].map(headerBytes)).toEqual([4096, 4096, 8192, 69_632]);
  });

  it.each<[what: string, damage: (words: Int32Array, map: Uint8Array) => void, problem: string]>([
    ["the stamp's first word", (words) => (words[0] = 0), "The header's stamp is overwritten."],
    ["the stamp's second word", (words) => (words[1] = 2), "The header's stamp is overwritten."],
    ["the count of pages", (words) => (words[2] = 255), "The header tells of 255 pages; there are 256."],
    ["the place", (words) => (words[3] = 1), "The header is at byte 0 and says 64."],
    ["a counter", (words) => words[6]!++, "The page map has 3 taken pages, its counter 4."],
    ["the map", (_, map) => (map[2] = 0), "The page map has 2 taken pages, its counter 3."],
    ["the header's page", (_, map) => (map[0] = 5), "The first 1 pages are not marked as the header's."],
    ["a page that goes on with the header", (_, map) => (map[1] = 0xff), "The first 1 pages are not marked"],
  ])("is reported when %s is overwritten", (_what, damage, problem) => {
    const memory = createMemory({ memory: "buffer", maxBytes: MIB });
    memory.reserve(8192, 4096, 1);
    memory.verify();
    damage(wordsOf(memory), new Uint8Array(memory.buffer, 64, 256));
    const error = errorOf(() => memory.verify());
    expect(error.code).toBe("ERR_CORRUPT_MEMORY");
    expect(error.message).toContain(problem);
  });

  it("is reported whole when everything was wiped", () => {
    const memory = createMemory({ memory: "buffer", maxBytes: MIB });
    new Uint8Array(memory.buffer).fill(0);
    expect(errorOf(() => memory.verify()).message).toMatch(
      /stamp is overwritten\. .*0 pages; there are 256\. .*/,
    );
  });
});

// ── Threads ─────────────────────────────────────────────────────────────────

const built = new URL("../dist/index.cjs", import.meta.url).pathname;

/** Claims each buffer as soon as all threads are at it; posts the codes, or "claimed". */
const CLAIMER = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { createMemory } = require(workerData.built);
  const { buffers, gate, threads } = workerData;
  const outcomes = buffers.map((memory, index) => {
    Atomics.add(gate, index, 1);
    while (Atomics.load(gate, index) < threads);
    try {
      createMemory({ memory });
      return "claimed";
    } catch (error) {
      return error.code;
    }
  });
  parentPort.postMessage(outcomes);
`;

/** What each thread got for each buffer. */
function claimInThreads(buffers: readonly SharedArrayBuffer[], threads: number): Promise<string[][]> {
  const gate = new Int32Array(new SharedArrayBuffer(4 * buffers.length));
  const workerData = { built, buffers, gate, threads };
  return Promise.all(
    Array.from(
      { length: threads },
      () =>
        new Promise<string[]>((resolve, reject) => {
          const worker = new Worker(CLAIMER, { eval: true, workerData });
          worker.once("message", resolve);
          worker.once("error", reject);
        }),
    ),
  );
}

describe("a shared buffer", () => {
  it("is in use in every thread, until it is disposed", async () => {
    const buffer = new SharedArrayBuffer(MIB);
    const memory = createMemory({ memory: buffer });
    expect(await claimInThreads([buffer], 1)).toEqual([["ERR_BUFFER_IN_USE"]]);
    memory.verify();
    memory.dispose();
    expect(await claimInThreads([buffer], 1)).toEqual([["claimed"]]);
    expect(codeOf(() => createMemory({ memory: buffer }))).toBe("ERR_BUFFER_IN_USE");
  });

  it("goes to one of two threads that claim it at once", async () => {
    const buffers = Array.from({ length: 300 }, () => new SharedArrayBuffer(16_384));
    const [first, second] = await claimInThreads(buffers, 2);
    const outcomes = first!.map((outcome, index) => [outcome, second![index]].sort());
    expect(outcomes).toEqual(buffers.map(() => ["ERR_BUFFER_IN_USE", "claimed"]));
  });
});
