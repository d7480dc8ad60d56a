import { Worker } from "node:worker_threads";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { attachMemory, createMemory, type Memory } from "../src/memory.js";
import { codeOf, errorOf } from "./error-of.js";
import { SOURCES, detach, wasmMemory } from "./hosts.js";

const MIB = 1024 * 1024;

/** What can be seen of a memory from outside, the bytes of its runs but the header included. */
function pictureOf(memory: Memory): unknown {
  const bytes = memory
    .runs()
    .slice(1)
    .map(({ address, bytes }) => Buffer.from(memory.buffer, address, bytes).toString("latin1"));
  return { runs: memory.runs(), usage: memory.usage(), heapWords: [...memory.heapWords], bytes };
}

/** Takes three runs, writes into them, gives one back, and notes two words. */
function workOn(memory: Memory): void {
  const runs = [4096, 20_000, 100].map((bytes, index) => memory.reserve(bytes, 4096, index + 1));
  for (const address of runs) new Uint8Array(memory.buffer, address, 100).fill(address >> 12);
  memory.release(runs[0]!, 4096);
  memory.heapWords.set([runs[1]!, -7]);
}

describe.each(SOURCES)("a memory on $name", ({ make, kind, own }) => {
  it("is as it was left, for whoever attaches", () => {
    const source = make(MIB);
    const first = createMemory({ memory: source, maxBytes: MIB });
    workOn(first);
    const before = pictureOf(first);
    const { buffer, maxBytes } = first;
    first.detach();

    const wasm = Object.prototype.toString.call(source) === "[object WebAssembly.Memory]";
    const second = attachMemory(wasm ? (source as WebAssembly.Memory) : buffer);
    expect(pictureOf(second)).toEqual(before);
    expect(second.maxBytes).toBe(maxBytes);
    expect(second.buffer).toBe(buffer);
    if (own || kind !== "wasm") expect(second.kind).toBe(kind);
    second.verify();

    const run = second.reserveZeroed(50_000, 16_384, 9);
    expect(new Uint8Array(buffer, run, 50_000).some((byte) => byte !== 0)).toBe(false);
    second.release(run, 50_000);
    second.verify();
    second.dispose();
    if (own) createMemory({ memory: source }).verify();
  });

  it("is as good as disposed for who has detached it", () => {
    const memory = createMemory({ memory: make(MIB), maxBytes: MIB });
    workOn(memory);
    const { buffer } = memory;
    const bytes = new Uint8Array(buffer).slice();
    for (let time = 0; time < 2; time++) memory.detach();
    expect(errorOf(() => memory.reserve(1, 1, 1))).toMatchObject({
      code: "ERR_DISPOSED",
      message: "This memory was detached.",
    });
    expect(codeOf(() => memory.verify())).toBe("ERR_DISPOSED");
    expect(memory.runs()).toEqual([]);
    expect(memory.useOf(0)).toBe(0);
    memory.release(20_480, 4096);
    memory.dispose();
    memory.detach();
    expect(Buffer.compare(new Uint8Array(buffer), bytes)).toBe(0);
    attachMemory(buffer).verify();
  });
});

describe("detach", () => {
  it("takes a wasm memory out of those that are used again", () => {
    const memory = createMemory({ memory: "wasm", maxBytes: 3 * MIB });
    workOn(memory);
    const { buffer } = memory;
    memory.detach();
    memory.dispose();
    const bytes = new Uint8Array(buffer).slice();
    for (let time = 0; time < 3; time++) {
      using other = createMemory({ memory: "wasm", maxBytes: 3 * MIB });
      expect(other.buffer).not.toBe(buffer);
      new Uint8Array(other.buffer, other.reserve(MIB, 4096, 1), MIB).fill(1);
    }
    expect(Buffer.compare(new Uint8Array(buffer), bytes)).toBe(0);
  });

  it("is harmless when the memory was disposed, and leaves the next one on its buffer alone", () => {
    const buffer = new ArrayBuffer(MIB);
    const first = createMemory({ memory: buffer });
    first.dispose();
    const second = createMemory({ memory: buffer });
    first.detach();
    second.verify();
  });

  it("leaves the buffer in use, at every offset", () => {
    const buffer = new ArrayBuffer(MIB);
    createMemory({ memory: buffer, offset: 8192 }).detach();
    for (const offset of [0, 8192]) {
      const { code, message } = errorOf(() => createMemory({ memory: buffer, offset }));
      expect(code).toBe("ERR_BUFFER_IN_USE");
      expect(message).toContain("from byte 8192 on");
      expect(message).toContain("or attach to it");
    }
  });
});

describe("attachMemory", () => {
  it("keeps others off a buffer that came from elsewhere", () => {
    const buffer = new ArrayBuffer(MIB);
    createMemory({ memory: buffer, offset: 8192 }).detach();
    const arrived = detach(buffer);
    using memory = attachMemory(arrived, { offset: 8192 });
    expect(codeOf(() => createMemory({ memory: arrived }))).toBe("ERR_BUFFER_IN_USE");
    memory.dispose();
    createMemory({ memory: arrived }).verify();
  });

  it("stands on a resizable buffer that was transferred, and shrinks it", () => {
    const first = createMemory({ memory: "resizable", maxBytes: MIB });
    workOn(first);
    const run = first.reserve(MIB / 2, 4096, 5);
    const before = pictureOf(first);
    first.detach();
    const buffer = detach(first.buffer as ArrayBuffer);
    const second = attachMemory(buffer);
    expect(second.kind).toBe("resizable");
    expect(pictureOf(second)).toEqual(before);
    second.release(run, MIB / 2);
    expect(buffer.byteLength).toBe(65_536);
    second.verify();
  });

  it("keeps the length that the memory had, when a wasm memory has grown", () => {
    const wasm = wasmMemory(MIB);
    const first = createMemory({ memory: wasm });
    workOn(first);
    const before = pictureOf(first);
    wasm.grow(1);
    first.detach();
    const second = attachMemory(wasm);
    expect(wasm.buffer.byteLength).toBe(MIB + 65_536);
    expect(second.maxBytes).toBe(MIB);
    expect(pictureOf(second)).toEqual(before);
    expect(second.reserve(MIB, 1, 1)).toBe(0);
    second.verify();
  });

  it("knows the length of a buffer that ends amid a page", () => {
    const buffer = new ArrayBuffer(100_001);
    createMemory({ memory: buffer }).detach();
    expect(attachMemory(buffer).maxBytes).toBe(100_001);
  });

  it.each<[what: string, change: (words: Int32Array) => void, message: string]>([
    ["nothing but 0", (words) => words.fill(0), "No memory begins at byte 0 of the buffer of 1048576 B."],
    ["something else", (words) => words.fill(0x3f800000), "No memory begins at byte 0"],
    [
      "another version",
      (words) => (words[1] = 0x02545257),
      "is of format version 2; this package knows version 1",
    ],
    ["another place", (words) => (words[3] = 5), "belongs to a memory that begins at byte 320"],
    ["more pages", (words) => (words[2] = 257), "tells of 257 pages of 4096 B; the buffer has 1048576 B"],
    ["no pages", (words) => (words[2] = 0), "tells of 0 pages"],
    ["fewer than no pages", (words) => (words[2] = -1), "tells of -1 pages"],
    ["pages for its header alone", (words) => (words[2] = 1), "tells of 1 pages"],
  ])("finds no memory where there is %s", (_, change, message) => {
    const { buffer } = createMemory({ memory: new ArrayBuffer(MIB) });
    change(new Int32Array(buffer));
    const error = errorOf(() => attachMemory(buffer));
    expect(error.code).toBe("ERR_NO_HEAP");
    expect(error.message).toContain(message);
  });

  it("finds no memory in a buffer that is too short, or at another offset", () => {
    const buffer = new ArrayBuffer(MIB);
    createMemory({ memory: buffer, offset: 4096 }).detach();
    for (const [bytes, offset] of [
      [new ArrayBuffer(0), 0],
      [new ArrayBuffer(63), 0],
      [buffer, 0],
      [buffer, 4160],
      [buffer, MIB],
      [buffer, "1GiB"],
      [buffer.slice(0, MIB / 2), 4096],
    ] as const) {
      expect(codeOf(() => attachMemory(bytes, { offset }))).toBe("ERR_NO_HEAP");
    }
    attachMemory(buffer, { offset: 4033 }).verify(); // rounded up, as when it was made
  });

  it("refuses a page map that is damaged", () => {
    const memory = createMemory({ memory: new ArrayBuffer(MIB) });
    workOn(memory);
    new Uint8Array(memory.buffer)[64 + 3] = 0x85;
    const { code, message } = errorOf(() => attachMemory(memory.buffer));
    expect(code).toBe("ERR_CORRUPT_MEMORY");
    expect(message).toContain("Page 3 belongs to no run.");
  });

  it("says which buffers it takes", () => {
    for (const wrong of ["wasm", undefined, null, 5, {}, new Uint8Array(64)]) {
      const { code, message } = errorOf(() => attachMemory(wrong as never));
      expect(code).toBe("ERR_BAD_OPTION");
      expect(message).toContain(
        "buffer must be an ArrayBuffer, a SharedArrayBuffer or a WebAssembly.Memory, not",
      );
    }
    const { buffer } = createMemory({ memory: "buffer" });
    expect(codeOf(() => attachMemory(buffer, { offset: -1 }))).toBe("ERR_BAD_OPTION");
    detach(buffer as ArrayBuffer);
    expect(codeOf(() => attachMemory(buffer))).toBe("ERR_BUFFER_DETACHED");
  });

  it("finds a memory or tells what is wrong, whatever the header says", () => {
    const words = fc.oneof(fc.integer(), fc.integer({ min: -3, max: 300 }));
    const changes = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), words), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(changes, (changed) => {
        const memory = createMemory({ memory: new ArrayBuffer(MIB) });
        workOn(memory);
        const header = new Int32Array(memory.buffer);
        for (const [word, value] of changed) header[word] = value;
        let attached: Memory;
        try {
          attached = attachMemory(memory.buffer);
        } catch (error) {
          expect(["ERR_NO_HEAP", "ERR_CORRUPT_MEMORY"]).toContain((error as { code?: string }).code);
          return;
        }
        attached.verify();
        attached.reserve(4096, 4096, 1);
        attached.verify();
      }),
      { numRuns: 500 },
    );
  });
});

// ── Threads ─────────────────────────────────────────────────────────────────

const built = new URL("../dist/index.cjs", import.meta.url).pathname;

/** Attaches, checks, takes a run and fills it, detaches, and sends the buffer back. */
const GUEST = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { attachMemory } = require(workerData.built);
  const memory = attachMemory(workerData.buffer);
  memory.verify();
  const address = memory.reserve(8192, 4096, 42);
  new Uint8Array(memory.buffer, address, 8192).fill(memory.heapWords[0]);
  memory.heapWords[1] = address;
  memory.detach();
  const { buffer } = memory;
  parentPort.postMessage(buffer, buffer instanceof ArrayBuffer ? [buffer] : []);
`;

describe.each(["shared", "buffer", "resizable"] as const)("a memory of kind %s", (kind) => {
  it("goes to another thread and comes back", async () => {
    const first = createMemory({ memory: kind, maxBytes: MIB });
    workOn(first);
    first.heapWords[0] = 77;
    const runs = first.runs();
    first.detach();
    const { buffer } = first;
    const worker = new Worker(GUEST, {
      eval: true,
      workerData: { built, buffer },
      transferList: kind === "shared" ? [] : [buffer as ArrayBuffer],
    });
    const back = await new Promise<ArrayBuffer | SharedArrayBuffer>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    const second = attachMemory(back);
    const address = second.heapWords[1]!;
    expect(second.runs()).toEqual(
      [...runs, { address, bytes: 8192, use: 42 }].sort((a, b) => a.address - b.address),
    );
    expect(new Set(new Uint8Array(back, address, 8192))).toEqual(new Set([77]));
    second.verify();
  });
});
