import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";

import { DISPOSE } from "../src/disposable.js";
import { createMemory, type Memory, type MemoryOptions, type MemoryRun } from "../src/memory.js";
import type { MemorySource } from "../src/memory-source.js";
import { PAGE_BYTES } from "../src/page-map.js";
import { codeOf, errorOf } from "./error-of.js";
import { SOURCES, detach, wasmMemory, without, type Source } from "./hosts.js";

const MIB = 1024 * 1024;
const HEADER_USE = 127;

/** A memory of 1 MiB on a source; a caller's buffer is full of other data. */
function memoryOn({ own, make }: Source, options: MemoryOptions = {}): Memory {
  const memory = make(MIB);
  if (own) bufferOf(memory).fill(0xa5);
  return createMemory({ memory, maxBytes: MIB, ...options });
}

function bufferOf(source: MemorySource): Uint8Array {
  if (typeof source === "string") throw new Error("No buffer yet.");
  return new Uint8Array("buffer" in source ? source.buffer : source);
}

function bytesAt({ buffer }: Memory, address: number, bytes: number): Uint8Array {
  return new Uint8Array(buffer, address, bytes);
}

/** The runs of everybody but the header. */
function ownersRuns(memory: Memory): MemoryRun[] {
  return memory.runs().filter(({ use }) => use !== HEADER_USE);
}

type Step =
  | { readonly kind: "reserve"; readonly bytes: number; readonly alignment: number; readonly zeroed: boolean }
  | { readonly kind: "release"; readonly nth: number };

const programs = fc.array(
  fc.oneof(
    fc.record<Step & { kind: "reserve" }>({
      kind: fc.constant("reserve"),
      bytes: fc.integer({ min: 1, max: 200_000 }),
      alignment: fc.constantFrom(1, 16, 4096, 16_384, 65_536, 2 ** 21),
      zeroed: fc.boolean(),
    }),
    fc.record<Step & { kind: "release" }>({ kind: fc.constant("release"), nth: fc.nat(10) }),
  ),
  { maxLength: 30, size: "max" },
);

describe.each(SOURCES)("a memory on $name", (source) => {
  it("keeps what the owners of its runs write, clears what was asked for, and is sound after each step", () => {
    fc.assert(
      fc.property(programs, (program) => {
        const memory = memoryOn(source);
        const live: { address: number; bytes: number; mark: number }[] = [];
        const demandKept = ({ address, bytes, mark }: (typeof live)[number]): void => {
          expect(bytesAt(memory, address, bytes).findIndex((byte) => byte !== mark)).toBe(-1);
        };
        program.forEach((step, index) => {
          if (step.kind === "release") {
            const [run] = live.splice(step.nth % Math.max(1, live.length), 1);
            if (!run) return;
            demandKept(run);
            memory.release(run.address, run.bytes);
          } else {
            const { bytes, alignment, zeroed } = step;
            const address = memory[zeroed ? "reserveZeroed" : "reserve"](bytes, alignment, 1 + index);
            if (address === 0) return;
            if (zeroed) demandKept({ address, bytes, mark: 0 });
            expect(address % Math.max(alignment, PAGE_BYTES)).toBe(0);
            bytesAt(memory, address, bytes).fill(1 + index);
            live.push({ address, bytes, mark: 1 + index });
          }
          demandSound(memory, live);
        });
        live.forEach(demandKept);
        memory.dispose();
      }),
      { numRuns: 40 },
    );
  });

  it("has one run for the header, and all the rest for others", () => {
    const memory = memoryOn(source);
    expect(memory.runs()).toEqual([{ address: 0, bytes: 4096, use: HEADER_USE }]);
    const address = memory.reserve(memory.maxBytes - 4096, 4096, 1);
    expect(address).toBe(4096);
    expect(memory.reserve(1, 1, 1)).toBe(0);
    memory.release(address, memory.maxBytes - 4096);
    expect(memory.usage().takenBytes).toBe(4096);
    memory.dispose();
  });

  it("shows nothing and takes nothing once it is disposed, however often", () => {
    const memory = memoryOn(source);
    const address = memory.reserve(10_000, 4096, 9);
    memory.dispose();
    demandGone(memory, address, "ERR_DISPOSED");
    memory.dispose();
    memory[DISPOSE]();
  });

  it("leaves the bytes before its offset alone", () => {
    for (const offset of [0, 1, 64, 100, 4095, 4096, 70_001]) {
      const made = source.make(MIB);
      if (made instanceof ArrayBuffer && made.resizable) made.resize(MIB);
      if (source.own) bufferOf(made).fill(0xa5);
      const memory = createMemory({ memory: made, maxBytes: MIB, offset });
      const before = bytesAt(memory, 0, offset);
      const mark = source.own ? 0xa5 : 0;

      const rest = memory.maxBytes - memory.usage().takenBytes;
      const run = memory.reserveZeroed(rest, 4096, 1);
      bytesAt(memory, run, rest).fill(0xff);
      memory.verify();
      expect(run).toBeGreaterThanOrEqual(offset + 64 + MIB / 4096);
      memory.release(run, rest);
      expect(before.findIndex((byte) => byte !== mark)).toBe(-1);
      memory.dispose();
      if (source.own) expect(before.findIndex((byte) => byte !== mark)).toBe(-1);
    }
  });
});

/** The memory's own account agrees with the program's. */
function demandSound(
  memory: Memory,
  live: readonly { address: number; bytes: number; mark: number }[],
): void {
  memory.verify();
  const expected = live
    .map(({ address, bytes, mark }) => ({ address, bytes: Math.ceil(bytes / 4096) * 4096, use: mark }))
    .sort((a, b) => a.address - b.address);
  expect(ownersRuns(memory)).toEqual(expected);
  for (const { address, bytes, mark } of live) {
    expect([memory.useOf(address), memory.useOf(address + bytes - 1)]).toEqual([mark, mark]);
  }

  const { reservedBytes, touchedBytes, takenBytes, peakTakenBytes } = memory.usage();
  expect(takenBytes).toBe(4096 + expected.reduce((sum, { bytes }) => sum + bytes, 0));
  expect(takenBytes).toBeLessThanOrEqual(peakTakenBytes);
  expect(takenBytes).toBeLessThanOrEqual(touchedBytes);
  expect(touchedBytes).toBeLessThanOrEqual(reservedBytes);
  expect(touchedBytes).toBeLessThanOrEqual(memory.buffer.byteLength);
  expect(reservedBytes).toBe(memory.maxBytes);
}

/** Nothing is there any more; cleaning up is harmless. */
function demandGone(memory: Memory, address: number, code: string): void {
  expect(memory.runs()).toEqual([]);
  expect(memory.useOf(address)).toBe(0);
  expect(memory.usage()).toEqual({ reservedBytes: 0, touchedBytes: 0, takenBytes: 0, peakTakenBytes: 0 });
  memory.release(address, 10_000);
  memory.release(12_345, 1);
  expect(codeOf(() => memory.reserve(4096, 4096, 1))).toBe(code);
  expect(codeOf(() => memory.reserveZeroed(4096, 4096, 1))).toBe(code);
  expect(codeOf(() => memory.verify())).toBe(code);
}

describe("createMemory", () => {
  it("sets 256 MiB of wasm memory aside when nothing is asked for", () => {
    const memory = createMemory();
    expect(memory).toMatchObject({ kind: "wasm", maxBytes: 256 * MIB });
    memory.dispose();
  });

  it("sets a buffer aside where the host has no WebAssembly", () => {
    expect(without(globalThis, "WebAssembly", () => createMemory({ maxBytes: MIB }).kind)).toBe("buffer");
  });

  it.each<[MemoryOptions]>([
    [{ maxBytes: "1MB" }],
    [{ maxBytes: -1 }],
    [{ maxBytes: 0 }],
    [{ maxBytes: "5GiB" }],
    [{ offset: -64 }],
    [{ offset: 0.5 }],
    [{ memory: "heap" as "wasm" }],
  ])("refuses %o", (options) => {
    expect(codeOf(() => createMemory(options))).toBe("ERR_BAD_OPTION");
  });

  it.each([0, 1, 63, 64, 4096, 8191])("finds a buffer of %d B too small", (bytes) => {
    const { code, message } = errorOf(() => createMemory({ memory: new ArrayBuffer(bytes) }));
    expect(code).toBe("ERR_BUFFER_TOO_SMALL");
    expect(message).toBe(`A memory needs 8192 B at least, its header included; this one has ${bytes} B.`);
  });

  it.each([8192, 8193, 8195, 12_287, 12_289, 1_000_001])("stands on a buffer of %d B", (bytes) => {
    const buffer = new ArrayBuffer(bytes);
    const memory = createMemory({ memory: buffer });
    expect(memory.usage()).toMatchObject({ reservedBytes: bytes, takenBytes: 4096 });
    const rest = Math.floor(bytes / 4096) * 4096 - 4096;
    expect(memory.reserveZeroed(rest, 4096, 1)).toBe(4096);
    expect(memory.reserve(1, 1, 1)).toBe(0);
    memory.verify();
  });

  it("finds no room behind an offset at the end, and leaves the buffer free", () => {
    const buffer = new ArrayBuffer(MIB);
    const make = (offset: number): Memory => createMemory({ memory: buffer, offset });
    expect(errorOf(() => make(MIB - 4096)).message).toBe(
      "A memory behind an offset of 1044480 B needs 1052672 B at least, its header included; this one has 1048576 B.",
    );
    expect(codeOf(() => make(2 ** 52))).toBe("ERR_BUFFER_TOO_SMALL");
    expect(new Uint8Array(buffer).every((byte) => byte === 0)).toBe(true);
    make(MIB - 4096 - 320).dispose();
  });
});

describe("reserve", () => {
  let memory: Memory;
  beforeEach(() => {
    memory = createMemory({ memory: "buffer", maxBytes: MIB });
  });

  it.each([0, -1, -4096, 0.5, NaN, Infinity, "4096"])("refuses %o bytes", (bytes) => {
    for (const reserve of [memory.reserve, memory.reserveZeroed]) {
      expect(codeOf(() => reserve(bytes as number, 4096, 1))).toBe("ERR_BAD_SIZE");
    }
    memory.verify();
  });

  it.each([0, -4096, 0.5, 3, 4097, 12_288, NaN, Infinity, undefined])(
    "refuses the alignment %o",
    (alignment) => {
      expect(codeOf(() => memory.reserve(4096, alignment!, 1))).toBe("ERR_BAD_OPTION");
    },
  );

  it.each([0, -1, 1.5, 127, 128, 256, NaN])("refuses the use %o", (use) => {
    const { code, message } = errorOf(() => memory.reserve(4096, 4096, use));
    expect(code).toBe("ERR_BAD_OPTION");
    expect(message).toBe(`The use of a run must be a whole number from 1 to 126, not ${use}.`);
  });

  it("has no room for more than there is, nor for an alignment beyond the end", () => {
    expect(memory.reserve(MIB, 4096, 1)).toBe(0);
    expect(memory.reserve(2 ** 53 - 1, 4096, 1)).toBe(0);
    expect(memory.reserve(2 ** 53, 4096, 1)).toBe(0);
    expect(memory.reserveZeroed(Number.MAX_VALUE, 4096, 1)).toBe(0);
    expect(memory.reserve(4096, MIB, 1)).toBe(0);
    expect(memory.reserve(4096, 2 ** 52, 1)).toBe(0);
    expect(memory.usage()).toEqual({
      reservedBytes: MIB,
      touchedBytes: 4096,
      takenBytes: 4096,
      peakTakenBytes: 4096,
    });
  });
});

describe("reserveZeroed", () => {
  it("does not touch pages that were never taken", () => {
    const memory = createMemory({ memory: "buffer", maxBytes: MIB });
    // Nobody may write to free pages; whoever does, finds it again, for nobody clears them.
    new Uint8Array(memory.buffer)[500_000] = 7;
    const dirty = memory.reserve(8192, 4096, 1);
    bytesAt(memory, dirty, 8192).fill(7);
    memory.release(dirty, 8192);

    const address = memory.reserveZeroed(MIB - 4096, 4096, 1);
    expect(bytesAt(memory, address, MIB - 4096).filter((byte) => byte !== 0)).toEqual(new Uint8Array([7]));
    expect(new Uint8Array(memory.buffer)[500_000]).toBe(7);
  });
});

describe("release", () => {
  const run = 4096;
  let memory: Memory;
  beforeEach(() => {
    memory = createMemory({ memory: "buffer", maxBytes: MIB });
    expect(memory.reserve(10_000, 4096, 5)).toBe(run);
  });

  it.each<[address: number, bytes: number, what: string]>([
    [run, 4096, "There is a run of 12288 B, which begins at 4096."],
    [run, 16_384, "There is a run of 12288 B, which begins at 4096."],
    [run, NaN, "There is a run of 12288 B, which begins at 4096."],
    [run, 0, "There is a run of 12288 B, which begins at 4096."],
    [run + 4096, 8192, "There is a run of 12288 B, which begins at 4096."],
    [run + 16, 10_000, "There is a run of 12288 B, which begins at 4096."],
    [run + 0.5, 10_000, "There is a run of 12288 B, which begins at 4096."],
    [0, 4096, "The memory's header is there."],
    [65_536, 4096, "Its page is free."],
    [MIB, 4096, "It is outside the memory."],
    [2 ** 32 + run, 10_000, "It is outside the memory."],
    [run - 2 ** 32, 10_000, "It is outside the memory."],
    [-4096, 4096, "It is outside the memory."],
    [NaN, 4096, "It is outside the memory."],
  ])("refuses address %d with %d B", (address, bytes, what) => {
    const { code, message } = errorOf(() => memory.release(address, bytes));
    expect(code).toBe("ERR_BAD_ADDRESS");
    expect(message).toBe(`No run of ${bytes} B begins at ${address}. ${what}`);
    expect(ownersRuns(memory)).toEqual([{ address: run, bytes: 12_288, use: 5 }]);
  });

  it("takes any length that rounds to the run's", () => {
    for (const bytes of [8193, 10_000, 12_288]) {
      const address = memory.reserve(10_000, 4096, 1);
      memory.release(address, bytes);
      expect(memory.useOf(address)).toBe(0);
    }
  });
});

describe("a memory of 4 GiB", () => {
  it("hands out its last page, and tells addresses apart that differ by 4 GiB", () => {
    const memory = createMemory({ memory: "buffer", maxBytes: "4GiB" });
    const headerBytes = memory.usage().takenBytes;
    expect(headerBytes).toBe(1024 * 1024 + 4096);
    const low = memory.reserve(2 ** 32 - headerBytes - 4096, 4096, 1);
    const last = memory.reserveZeroed(4096, 4096, 2);
    expect(last).toBe(2 ** 32 - 4096);
    bytesAt(memory, last, 4096).fill(1);
    expect(memory.useOf(2 ** 32 - 1)).toBe(2);
    expect([2 ** 32, 2 ** 32 + low, -4096, -1].map((address) => memory.useOf(address))).toEqual([0, 0, 0, 0]);
    expect(codeOf(() => memory.release(2 ** 32 + last, 4096))).toBe("ERR_BAD_ADDRESS");
    expect(codeOf(() => memory.release(-4096, 4096))).toBe("ERR_BAD_ADDRESS");
    expect(memory.usage()).toMatchObject({ takenBytes: 2 ** 32, touchedBytes: 2 ** 32 });
    memory.verify();
    memory.release(low, 2 ** 32 - headerBytes - 4096);
    memory.release(last, 4096);
    memory.verify();
  });

  it("is all that a larger buffer gets", () => {
    const memory = createMemory({ memory: new ArrayBuffer(2 ** 32 + MIB) });
    expect(memory.maxBytes).toBe(2 ** 32);
    expect(memory.reserve(2 ** 32, 4096, 1)).toBe(0);
    expect(memory.reserve(4096, 2 ** 31, 1)).toBe(2 ** 31);
  });
});

describe("a resizable memory", () => {
  it("gives its end back to the system and gets it back zeroed", () => {
    const memory = createMemory({ memory: "resizable", maxBytes: "4MiB" });
    const low = memory.reserve(MIB, 4096, 1);
    const high = memory.reserve(MIB, 4096, 1);
    const full = memory.buffer.byteLength;
    bytesAt(memory, high, MIB).fill(0xa5);
    expect(full).toBeGreaterThanOrEqual(2 * MIB + 4096);

    memory.release(high, MIB);
    expect(memory.buffer.byteLength).toBeLessThanOrEqual(full - MIB + 65_536);
    expect(memory.usage().touchedBytes).toBe(memory.buffer.byteLength);
    expect(memory.usage().peakTakenBytes).toBe(2 * MIB + 4096);

    const again = memory.reserveZeroed(MIB, 4096, 1);
    expect(again).toBe(high);
    expect(bytesAt(memory, again, MIB).every((byte) => byte === 0)).toBe(true);

    memory.release(low, MIB);
    expect(memory.buffer.byteLength).toBe(full);
    memory.verify();
    memory.release(again, MIB);
    expect(memory.buffer.byteLength).toBe(65_536);
    memory.dispose();
    expect(memory.buffer.byteLength).toBe(0);
  });

  it("hands nothing out when the host refuses to lengthen it, and loses nothing", () => {
    const buffer = new ArrayBuffer(0, { maxByteLength: MIB });
    const memory = createMemory({ memory: buffer });
    const before = [memory.runs(), memory.usage()];
    Object.defineProperty(buffer, "resize", {
      value: () => {
        throw new RangeError("ArrayBuffer.prototype.resize: Out of memory");
      },
      configurable: true,
    });
    expect(memory.reserve(100_000, 4096, 1)).toBe(0);
    expect([memory.runs(), memory.usage()]).toEqual(before);
    Reflect.deleteProperty(buffer, "resize");
    const run = memory.reserve(100_000, 4096, 1);
    expect(run).toBe(4096);
    Object.defineProperty(buffer, "resize", { value: () => undefined });
    memory.release(run, 100_000);
    expect(ownersRuns(memory)).toEqual([]);
    memory.verify();
  });

  it("is refused when the host does not lengthen it for the header", () => {
    const buffer = new ArrayBuffer(0, { maxByteLength: MIB });
    Object.defineProperty(buffer, "resize", {
      value: () => {
        throw new RangeError("no");
      },
    });
    expect(codeOf(() => createMemory({ memory: buffer }))).toBe("ERR_RESERVE_REFUSED");
  });

  it("notices when its owner shortens it", () => {
    const buffer = new ArrayBuffer(0, { maxByteLength: MIB });
    const memory = createMemory({ memory: buffer });
    memory.reserve(200_000, 4096, 1);
    buffer.resize(65_536);
    expect(errorOf(() => memory.verify()).message).toBe(
      "The buffer was shortened to 65536 B; the taken pages end at 204800 B.",
    );
    buffer.resize(100);
    expect(errorOf(() => memory.reserve(1, 1, 1)).message).toBe(
      "The buffer was shortened to 100 B, below the memory's header. Dispose the memory.",
    );
    demandGone(memory, 4096, "ERR_BUFFER_DETACHED");
    memory.dispose();
    demandGone(memory, 4096, "ERR_DISPOSED");
  });
});

describe("a memory whose buffer is detached", () => {
  it("has nothing any more, and can be disposed", () => {
    const buffer = new ArrayBuffer(MIB);
    const memory = createMemory({ memory: buffer });
    const address = memory.reserve(10_000, 4096, 1);
    detach(buffer);
    demandGone(memory, address, "ERR_BUFFER_DETACHED");
    memory.dispose();
    demandGone(memory, address, "ERR_DISPOSED");
  });

  it("notices in code that V8 has optimized for resizable buffers, too", () => {
    const play = (buffer: ArrayBuffer): Memory => {
      const memory = createMemory({ memory: buffer });
      for (let round = 0; round < 200; round++) memory.release(memory.reserve(10_000, 4096, 1), 10_000);
      return memory;
    };
    for (let round = 0; round < 300; round++) {
      play(new ArrayBuffer(MIB, { maxByteLength: MIB })).dispose();
      const buffer = new ArrayBuffer(MIB);
      const memory = play(buffer);
      detach(buffer);
      if (memory.runs().length > 0) throw new Error(`Round ${round} did not notice.`);
      memory.release(4096, 10_000);
      memory.dispose();
    }
  });

  it("gives a wasm memory free that has grown meanwhile", () => {
    const wasm = wasmMemory(MIB);
    const memory = createMemory({ memory: wasm });
    const address = memory.reserve(10_000, 4096, 1);
    wasm.grow(1);
    demandGone(memory, address, "ERR_BUFFER_DETACHED");
    expect(codeOf(() => createMemory({ memory: wasm }))).toBe("ERR_BUFFER_IN_USE");
    memory.dispose();
    const next = createMemory({ memory: wasm });
    expect(next.maxBytes).toBe(MIB + 65_536);
    next.verify();
  });
});

describe("a memory taken apart", () => {
  it("works as a copy and as single functions", () => {
    const memory = createMemory({ memory: "buffer", maxBytes: MIB });
    const copy = { ...memory };
    const { reserve, release, useOf, runs, usage, verify } = copy;
    const address = reserve(10_000, 4096, 3);
    expect([memory.useOf(address), useOf(address)]).toEqual([3, 3]);
    expect(runs()).toEqual(memory.runs());
    expect(usage()).toEqual(memory.usage());
    verify();
    release(address, 10_000);
    copy[DISPOSE]();
    expect(codeOf(() => memory.reserve(1, 1, 1))).toBe("ERR_DISPOSED");
  });

  it("does not mind a release while an owner disposes", () => {
    const memory = createMemory({ memory: "wasm", maxBytes: MIB });
    const address = memory.reserve(10_000, 4096, 3);
    const owner = {
      ...memory,
      dispose() {
        memory.dispose();
        owner.release(address, 10_000);
      },
    };
    owner.dispose();
    owner.dispose();
  });
});
