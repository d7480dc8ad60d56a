import { Worker } from "node:worker_threads";

import {
  attachMemory,
  createMemory,
  type AllocatorPlugin,
  type HeapwrightError,
  type HeapwrightErrorCode,
  type Memory,
} from "@heapwright/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  attachBump,
  attachPymalloc,
  bump,
  createBump,
  createPymalloc,
  pymalloc,
  type Bump,
  type Pymalloc,
} from "../src/index.js";
import { Model, steps, type Step } from "./model.js";

const code = (expected: HeapwrightErrorCode): HeapwrightError =>
  expect.objectContaining({ code: expected }) as HeapwrightError;

/** Both plugins, on geometries that fit into a small memory. */
const PLUGINS: [string, AllocatorPlugin<Pymalloc | Bump>][] = [
  ["pymalloc", pymalloc({ arenaBytes: "32KiB", poolBytes: "8KiB" })],
  [
    "pymalloc with arenas at pages",
    pymalloc({ arenaBytes: "32KiB", poolBytes: "8KiB", arenaAlignment: "page" }),
  ],
  ["bump", bump()],
];

const KINDS = ["buffer", "shared", "wasm", "resizable"] as const;

/** A program that has blocks of all sorts, some freed, and pools of a heap. */
const PROGRAM: Step[] = Array.from({ length: 300 }, (_, i): Step => {
  if (i % 17 === 3) return { do: "take" };
  if (i % 41 === 5) return { do: "give", which: i };
  if (i % 3 === 2) return { do: "free", which: i * 7 };
  return { do: "malloc", bytes: i % 50 === 1 ? 3000 : (i * 31) % 500 };
});

/** Plays the program and returns what must be there. */
function workOn(allocator: Pymalloc | Bump): Model {
  const model = new Model(allocator);
  for (const step of PROGRAM) model.play(step);
  model.check();
  return model;
}

describe.each(PLUGINS)("%s", (_, plugin) => {
  it.each(KINDS)("goes on where it was detached, on %s memory", (kind) => {
    const memory = createMemory({ memory: kind, maxBytes: "1MiB" });
    const first = plugin.create({ memory });
    const model = workOn(first);
    const stats = first.stats();
    const bytes = new Uint8Array(memory.buffer).slice();
    first.detach();
    memory.detach();
    expect(Buffer.compare(new Uint8Array(memory.buffer), bytes)).toBe(0);

    const again = attachMemory(memory.buffer);
    const second = plugin.attach!(again);
    expect(second.at).toBe(first.at);
    expect(second.stats()).toEqual(stats);
    expect(Buffer.compare(new Uint8Array(memory.buffer), bytes)).toBe(0);
    model.goOnWith(second);
    model.check();
    for (const step of PROGRAM) model.play(step);
    model.check();

    const { length } = again.runs();
    expect(length).toBeGreaterThan(1);
    second.dispose();
    expect(again.runs()).toHaveLength(1);
    again.verify();
  });

  it.each([true, false])("keeps its blocks and pools in random programs, checks %s", (checks) => {
    const places = fc.array(fc.nat({ max: 200 }), { maxLength: 6 });
    fc.assert(
      fc.property(steps, places, (program, detachAt) => {
        let allocator = plugin.create({ memory: "buffer", maxBytes: "256KiB", checks });
        const model = new Model(allocator);
        program.forEach((step, index) => {
          model.play(step);
          if (!detachAt.includes(index)) return;
          const before = allocator.stats();
          allocator.detach();
          const { buffer } = allocator.memory;
          allocator = plugin.attach!(attachMemory(structuredClone(buffer, { transfer: [buffer] as never })));
          expect(allocator.stats()).toEqual(before);
          model.goOnWith(allocator);
          model.check();
        });
        model.check();
        allocator.dispose();
      }),
      { numRuns: 30 },
    );
  });

  it("detaches the memory that was made for it, and no other", () => {
    const own = plugin.create({ maxBytes: "1MiB" });
    own.detach();
    expect(() => own.memory.verify()).toThrow("This memory was detached.");
    const memory = createMemory({ memory: "buffer", maxBytes: "1MiB" });
    plugin.create({ memory }).detach();
    memory.verify();
    plugin.attach!(memory).verify();
  });

  it("refuses every call once it is detached, and gives nothing back", () => {
    const memory = createMemory({ memory: "buffer", maxBytes: "1MiB" });
    const allocator = plugin.create({ memory });
    const address = allocator.malloc(100);
    const runs = memory.runs();
    for (let time = 0; time < 2; time++) allocator.detach();
    const calls: Record<string, () => unknown> = {
      malloc: () => allocator.malloc(1),
      calloc: () => allocator.calloc(1, 1),
      realloc: () => allocator.realloc(address, 1),
      free: () => {
        allocator.free(address);
      },
      "free(0)": () => {
        allocator.free(0);
      },
      usableSize: () => allocator.usableSize(address),
      stats: () => allocator.stats(),
      verify: () => {
        allocator.verify();
      },
      walk: () => {
        allocator.walk(() => undefined);
      },
      reset: () => {
        if (allocator.reset) allocator.reset();
        else allocator.malloc(1);
      },
    };
    for (const call of Object.values(calls)) {
      expect(call).toThrow(code("ERR_DISPOSED"));
      expect(call).toThrow("This allocator was detached.");
    }
    allocator.dispose();
    expect(memory.runs()).toEqual(runs);
    plugin.attach!(memory).verify();
  });

  it("leaves no trace when it is disposed, whoever takes its pages next", () => {
    const memory = createMemory({ memory: "buffer", maxBytes: "1MiB" });
    const allocator = plugin.create({ memory });
    workOn(allocator);
    const { bytes, use } = memory.runs().find(({ address }) => address === allocator.at)!;
    allocator.dispose();
    expect(memory.reserve(bytes, 4096, use)).toBe(allocator.at);
    expect(() => plugin.attach!(memory)).toThrow(code("ERR_NO_HEAP"));
  });

  it("is told apart from others of its sort by where its tables are", () => {
    const memory = createMemory({ memory: "buffer", maxBytes: "1MiB" });
    const [first, second] = [plugin.create({ memory }), plugin.create({ memory })];
    first.malloc(10);
    second.malloc(10);
    second.malloc(10);
    const places = [first.at, second.at];
    first.detach();
    second.detach();
    expect(() => plugin.attach!(memory)).toThrow(code("ERR_BAD_OPTION"));
    expect(() => plugin.attach!(memory)).toThrow(places.join(", "));
    expect(places.map((at) => plugin.attach!(memory, { at }).stats().liveBlocks)).toEqual([1, 2]);
    for (const at of [0, 64, 2 ** 40, NaN, -4096, 0.5, ...places.map((place) => place + 16)]) {
      expect(() => plugin.attach!(memory, { at })).toThrow(code("ERR_NO_HEAP"));
    }
    for (const at of ["4096", null, {}]) {
      expect(() => plugin.attach!(memory, { at: at as never })).toThrow(code("ERR_BAD_OPTION"));
    }
  });

  it("needs a memory with tables of its own", () => {
    const memory = createMemory({ memory: "buffer", maxBytes: "1MiB" });
    expect(() => plugin.attach!(memory)).toThrow(code("ERR_NO_HEAP"));
    for (const use of [1, 2, 3, 4]) memory.reserveZeroed(65_536, 4096, use);
    expect(() => plugin.attach!(memory)).toThrow(code("ERR_NO_HEAP"));
    for (const wrong of [undefined, null, 5, memory.buffer]) {
      expect(() => plugin.attach!(wrong as never)).toThrow(code("ERR_BAD_OPTION"));
    }
    memory.dispose();
    expect(() => plugin.attach!(memory)).toThrow(code("ERR_DISPOSED"));
    const { buffer } = createMemory({ memory: "buffer", maxBytes: "1MiB" });
    const gone = attachMemory(buffer);
    structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
    expect(() => plugin.attach!(gone)).toThrow(code("ERR_BUFFER_DETACHED"));
  });

  it("finds nothing in tables that were moved, or that another version left", () => {
    const memory = createMemory({ memory: "buffer", maxBytes: "1MiB" });
    const allocator = plugin.create({ memory });
    const { at } = allocator;
    const { bytes, use } = memory.runs().find((run) => run.address === at)!;
    allocator.detach();
    const copy = memory.reserve(bytes, 4096, use);
    new Uint8Array(memory.buffer).copyWithin(copy, at, at + bytes);
    expect(plugin.attach!(memory).at).toBe(at);
    expect(() => plugin.attach!(memory, { at: copy })).toThrow(code("ERR_NO_HEAP"));
    const stamp = plugin.name === "bump" ? 12 : 16;
    new Uint8Array(memory.buffer)[at + 4 * stamp + 3]!++;
    expect(() => plugin.attach!(memory)).toThrow(code("ERR_NO_HEAP"));
  });
});

describe("pymalloc", () => {
  it("brings its lengths and checks with it, whatever the plugin would create", () => {
    const memory = createMemory({ memory: "buffer", maxBytes: "4MiB" });
    for (const checks of [true, false]) {
      const first = pymalloc({ preset: "cpython-3.9", arenaAlignment: "page" }).create({ memory, checks });
      const address = first.malloc(64);
      first.detach();
      const second = pymalloc().attach!(memory);
      expect(second.geometry).toEqual({ arenaBytes: 262_144, poolBytes: 4096, arenaAlignment: "page" });
      const free = (): void => {
        second.free(address + 16); // found with checks only
      };
      if (checks) expect(free).toThrow(code("ERR_BAD_ADDRESS"));
      else expect(free).not.toThrow();
      second.dispose();
    }
  });

  it("goes on when its wasm memory has grown", () => {
    const wasm = new WebAssembly.Memory({ initial: 64, maximum: 100 });
    const memory = createMemory({ memory: wasm });
    const first = createPymalloc({ memory });
    const model = workOn(first);
    wasm.grow(3);
    first.detach();
    memory.detach();
    const second = attachPymalloc(attachMemory(wasm));
    model.goOnWith(second);
    for (const step of PROGRAM) model.play(step);
    model.check();
  });

  it("counts blocks by domain as before, and moves them between threads' objects", () => {
    const first = createPymalloc({ memory: "buffer", maxBytes: "4MiB" });
    const { raw, mem } = first.domains;
    const [inRaw, inMem] = [raw.malloc(10), mem.malloc(20)];
    const { domains } = first.stats();
    first.detach();
    const second = attachPymalloc(attachMemory(first.memory.buffer));
    expect(second.stats().domains).toEqual(domains);
    expect(() => {
      second.free(inRaw);
    }).toThrow(code("ERR_WRONG_DOMAIN"));
    second.domains.raw.free(inRaw);
    second.domains.mem.free(inMem);
    expect(second.stats().liveBlocks).toBe(0);
  });
});

// ── Damage ──────────────────────────────────────────────────────────────────

/** Attaches to tables of which some words were overwritten: refused, or verify() finds it, or it does no harm. */
function survives(memory: Memory, attach: () => Pymalloc | Bump): void {
  try {
    const allocator = attach();
    allocator.verify();
    allocator.stats();
    for (let i = 0; i < 20; i++) allocator.malloc(i * 40);
    allocator.verify();
    allocator.dispose();
    memory.verify();
  } catch (error) {
    const allowed: HeapwrightErrorCode[] = [
      "ERR_NO_HEAP",
      "ERR_CORRUPT_MEMORY",
      "ERR_BAD_OPTION",
      "ERR_OUT_OF_MEMORY",
    ];
    if (!allowed.includes((error as HeapwrightError).code)) throw error;
  }
}

const values = fc.oneof(
  fc.integer(),
  fc.integer({ min: -3, max: 600 }),
  fc.constantFrom(4096, 8192, 65_536, 2 ** 31 - 1, -(2 ** 31)),
);

describe("damaged tables", () => {
  it("of pymalloc are refused, found by verify, or harmless", () => {
    // Control words, last arenas, some lists of large blocks; rows of arenas and pools.
    const word = fc.oneof(fc.nat({ max: 23 }), fc.nat({ max: 490 }), fc.integer({ min: 489, max: 900 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(word, values), { minLength: 1, maxLength: 3 }), (changes) => {
        const memory = createMemory({ memory: "buffer", maxBytes: "512KiB" });
        const allocator = createPymalloc({ memory, arenaBytes: "32KiB", poolBytes: "8KiB" });
        workOn(allocator);
        allocator.detach();
        const words = new Int32Array(memory.buffer);
        for (const [index, value] of changes) words[allocator.at / 4 + index] = value;
        survives(memory, () => attachPymalloc(memory));
      }),
      { numRuns: 1000 },
    );
  });

  it.each<[what: string, word: number, value: number]>([
    ["an arena length that none can have", 18, 5],
    ["another arena length", 18, 65_536],
    ["another pool length", 19, 4096],
    ["an option that is unknown", 20, 4],
    ["checks that the tables have no room for", 20, 0],
    ["more arenas", 3, 99],
    ["rows of arenas that end elsewhere", 2, 17],
    ["a first usable arena that is none", 0, 400],
    ["another number of pools that a heap has", 15, 1],
    ["a chunk that is none", 12, 4096],
    ["a spare chunk that is none", 14, 4096],
  ])("of pymalloc are refused: %s", (_, word, value) => {
    const memory = createMemory({ memory: "buffer", maxBytes: "512KiB" });
    const allocator = createPymalloc({ memory, arenaBytes: "32KiB", poolBytes: "8KiB" });
    workOn(allocator);
    allocator.detach();
    new Int32Array(memory.buffer, allocator.at)[word] = value;
    expect(() => attachPymalloc(memory)).toThrow(code("ERR_CORRUPT_MEMORY"));
  });

  it("of bump are refused, found by verify, or harmless", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 40 }), values), { minLength: 1, maxLength: 3 }),
        (changes) => {
          const memory = createMemory({ memory: "buffer", maxBytes: "512KiB" });
          const allocator = createBump({ memory });
          for (let i = 0; i < 40; i++) allocator.malloc(4000);
          allocator.detach();
          const words = new Int32Array(memory.buffer);
          for (const [index, value] of changes) words[allocator.at / 4 + index] = value;
          survives(memory, () => attachBump(memory));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

// ── Threads ─────────────────────────────────────────────────────────────────

const built = new URL("../dist/index.cjs", import.meta.url).pathname;
const builtCore = new URL("../../core/dist/index.cjs", import.meta.url).pathname;

/** Attaches, checks what is there, frees every other block, allocates more, detaches, and sends the buffer back. */
const GUEST = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { attachMemory } = require(workerData.builtCore);
  const allocator = require(workerData.built)[workerData.attach](attachMemory(workerData.buffer));
  allocator.verify();
  const stats = allocator.stats();
  const blocks = new Map();
  allocator.walk(({ address, bytes }) => void blocks.set(address, bytes));
  [...blocks.keys()].forEach((address, index) => {
    if (index % 2 === 0) return;
    allocator.free(address);
    blocks.delete(address);
  });
  for (let i = 0; i < 100; i++) {
    const address = allocator.malloc(i * 7);
    const bytes = allocator.usableSize(address);
    new Uint8Array(allocator.memory.buffer, address, bytes).fill(i);
    blocks.set(address, bytes);
  }
  allocator.verify();
  allocator.detach();
  allocator.memory.detach();
  const { buffer } = allocator.memory;
  parentPort.postMessage({ buffer, stats, blocks }, buffer instanceof ArrayBuffer ? [buffer] : []);
`;

interface Answer {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  readonly stats: unknown;
  readonly blocks: ReadonlyMap<number, number>;
}

function visitGuest(buffer: ArrayBuffer | SharedArrayBuffer, attach: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const transferList = buffer instanceof ArrayBuffer ? [buffer] : [];
    const workerData = { built, builtCore, buffer, attach };
    const worker = new Worker(GUEST, { eval: true, workerData, transferList });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

describe.each([
  ["pymalloc", "attachPymalloc", createPymalloc, attachPymalloc],
  ["bump", "attachBump", createBump, attachBump],
] as const)("%s in another thread", (_, name, create, attach) => {
  it.each(["shared", "buffer", "resizable"] as const)(
    "goes on over a %s memory, and comes back",
    async (kind) => {
      const first = create({ memory: kind, maxBytes: "4MiB" });
      workOn(first);
      const stats = first.stats();
      first.detach();
      const answer = await visitGuest(first.memory.buffer, name);
      expect(answer.stats).toEqual(stats);

      const second = attach(attachMemory(answer.buffer));
      second.verify();
      const blocks = new Map<number, number>();
      second.walk(({ address, bytes }) => void blocks.set(address, bytes));
      expect(blocks).toEqual(answer.blocks);
      for (const address of blocks.keys()) second.free(address);
      second.malloc(100);
      second.verify();
    },
  );
});
