import { runInNewContext } from "node:vm";

import { describe, expect, it } from "vitest";

import { assertAttached, openBuffer, type MemorySource } from "../src/memory-source.js";
import { codeOf, errorOf } from "./error-of.js";
import { SOURCES, countingWasmMemories, detach, wasmMemory, without } from "./hosts.js";

const CAP = 1024 * 1024;

describe.each(SOURCES)("$name", ({ kind, own, make }) => {
  it("has its kind, its cap and its bytes", () => {
    const backing = openBuffer(make(CAP), CAP);
    expect(backing).toMatchObject({ kind, maxBytes: CAP, zeroed: !own });
    expect(backing.commit(CAP)).toBe(true);
    expect(backing.buffer.byteLength).toBe(CAP);
    expect(backing.commit(CAP + 1)).toBe(false);
    backing.dispose();
  });
});

describe("a memory made here", () => {
  it.each([1, 4096, 65_535, 65_536])("has whole wasm pages for a cap of %d B", (maxBytes) => {
    expect(openBuffer("buffer", maxBytes).buffer.byteLength).toBe(65_536);
  });

  it.each(["wasm", "buffer", "shared", "resizable"] as const)("may have 4 GiB of the kind %s", (kind) => {
    const backing = openBuffer(kind, 2 ** 32);
    expect(backing.maxBytes).toBe(2 ** 32);
    backing.dispose();
  });

  it.each([0, 2 ** 32 + 1, 2 ** 53 - 1])("may not have %d B", (maxBytes) => {
    const { code, message } = errorOf(() => openBuffer("buffer", maxBytes));
    expect(code).toBe("ERR_BAD_OPTION");
    expect(message).toBe(`maxBytes must be above 0 B and at most 4 GiB (4294967296 B), not ${maxBytes} B.`);
  });

  it("tells what to do when the host refuses", () => {
    countingWasmMemories(
      () => {
        const error = errorOf(() => openBuffer("wasm", 9 * CAP));
        expect(error.code).toBe("ERR_RESERVE_REFUSED");
        expect(error.message).toBe(
          'The host refused to set 9437184 B aside as wasm memory. Dispose memories that are done with, ask for a smaller maxBytes, or choose memory: "buffer".',
        );
        expect(error.cause).toBeInstanceOf(RangeError);
      },
      () => true,
    );
  });

  it.each([
    ["wasm", globalThis, "WebAssembly", "WebAssembly"],
    ["shared", globalThis, "SharedArrayBuffer", "SharedArrayBuffer (in a page: cross-origin isolation)"],
    ["resizable", ArrayBuffer.prototype, "resizable", "resizable buffers"],
  ] as const)("of the kind %s is refused where the host lacks it", (kind, owner, member, what) => {
    const { code, message } = without(owner, member, () => errorOf(() => openBuffer(kind, CAP)));
    expect(code).toBe("ERR_RESERVE_REFUSED");
    expect(message).toBe(
      `memory: "${kind}" needs ${what}, which this host does not have. Choose memory: "buffer".`,
    );
  });
});

describe("a buffer of the caller's", () => {
  it("may come from another realm", () => {
    const theirs = runInNewContext("new ArrayBuffer(65536)") as ArrayBuffer;
    expect(theirs).not.toBeInstanceOf(ArrayBuffer);
    expect(openBuffer(theirs, CAP)).toMatchObject({ kind: "buffer", buffer: theirs, maxBytes: 65_536 });
  });

  it("is used as far as 4 GiB", () => {
    expect(openBuffer(new ArrayBuffer(2 ** 32 + 65_536), CAP).maxBytes).toBe(2 ** 32);
  });

  it.each<[what: string, source: unknown, found: string]>([
    ["a typed array", new Uint8Array(8), "not [object Uint8Array]. A view has its buffer under .buffer."],
    ["a Buffer", Buffer.alloc(8), "not [object Uint8Array]. A view has its buffer under .buffer."],
    [
      "a DataView",
      new DataView(new ArrayBuffer(8)),
      "not [object DataView]. A view has its buffer under .buffer.",
    ],
    ["a number", 65_536, "not 65536."],
    ["an unknown kind", "heap", 'not "heap".'],
    ["a name that every object has", "toString", 'not "toString".'],
    ["an empty object", {}, "not [object Object]."],
    ["null", null, "not null."],
  ])("is not %s", (_what, source, found) => {
    const { code, message } = errorOf(() => openBuffer(source as MemorySource, CAP));
    expect(code).toBe("ERR_BAD_OPTION");
    expect(message).toBe(
      `memory must be "wasm", "buffer", "shared", "resizable", an ArrayBuffer, a SharedArrayBuffer or a WebAssembly.Memory, ${found}`,
    );
  });

  it("is refused when its bytes are elsewhere", () => {
    const buffer = new ArrayBuffer(CAP);
    detach(buffer);
    expect(codeOf(() => openBuffer(buffer, CAP))).toBe("ERR_BUFFER_DETACHED");
  });

  it("is left as long as it is when it is done with", () => {
    const buffer = new ArrayBuffer(CAP, { maxByteLength: CAP });
    openBuffer(buffer, CAP).dispose();
    expect(buffer.byteLength).toBe(CAP);
  });
});

describe("assertAttached", () => {
  it("accepts buffers that are there, also empty ones", () => {
    const shrunk = new ArrayBuffer(8, { maxByteLength: 8 });
    shrunk.resize(0);
    for (const buffer of [new ArrayBuffer(8), new ArrayBuffer(0), new SharedArrayBuffer(0), shrunk]) {
      expect(() => assertAttached(buffer)).not.toThrow();
    }
  });

  it("refuses buffers that were transferred, also empty ones", () => {
    for (const bytes of [0, 8]) {
      const buffer = new ArrayBuffer(bytes);
      detach(buffer);
      expect(codeOf(() => assertAttached(buffer))).toBe("ERR_BUFFER_DETACHED");
    }
  });

  it("refuses the old buffer of a wasm memory that has grown", () => {
    const memory = wasmMemory(65_536);
    const before = memory.buffer;
    memory.grow(1);
    expect(codeOf(() => assertAttached(before))).toBe("ERR_BUFFER_DETACHED");
    expect(() => assertAttached(memory.buffer)).not.toThrow();
  });
});
