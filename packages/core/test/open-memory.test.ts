import { describe, expect, it } from "vitest";

import type { AllocatorOptions } from "../src/allocator-plugin.js";
import { createMemory } from "../src/memory.js";
import { openMemory } from "../src/open-memory.js";
import { codeOf } from "./error-of.js";

describe("openMemory", () => {
  it.each([[undefined], [{}], [{ memory: undefined }], [{ memory: null }]])(
    "makes a buffer of 256 MiB for %o",
    (options) => {
      const { memory, owned } = openMemory(options as AllocatorOptions);
      expect(memory).toMatchObject({ kind: "buffer", maxBytes: 256 * 1024 * 1024 });
      expect(owned).toBe(true);
    },
  );

  it("makes the memory that the options describe", () => {
    const { memory, owned } = openMemory({ memory: "shared", maxBytes: "1MiB", offset: 8192, checks: false });
    expect(memory).toMatchObject({ kind: "shared", maxBytes: 1024 * 1024 });
    expect(memory.usage().takenBytes).toBe(3 * 4096);
    expect(owned).toBe(true);
  });

  it("stands on a buffer of the caller's", () => {
    const buffer = new ArrayBuffer(65_536);
    const { memory, owned } = openMemory({ memory: buffer, maxBytes: "1MiB" });
    expect(memory.buffer).toBe(buffer);
    expect(owned).toBe(true);
  });

  it("takes a memory as it is, and leaves it to its owner", () => {
    const memory = createMemory({ memory: "buffer", maxBytes: "1MiB" });
    expect(openMemory({ memory, maxBytes: "8MiB" })).toEqual({ memory, owned: false });
  });

  it("takes a wrapper of a memory", () => {
    const memory = createMemory({ memory: "buffer", maxBytes: "1MiB" });
    const refusing = { ...memory, reserve: () => 0 };
    expect(openMemory({ memory: refusing })).toEqual({ memory: refusing, owned: false });
  });

  it.each(["yes", 1, null])("refuses %o for checks", (checks) => {
    const memory = createMemory({ memory: "buffer", maxBytes: "1MiB" });
    expect(codeOf(() => openMemory({ memory, checks: checks as unknown as boolean }))).toBe("ERR_BAD_OPTION");
  });

  it("refuses what createMemory refuses", () => {
    expect(codeOf(() => openMemory({ maxBytes: "1MB" }))).toBe("ERR_BAD_OPTION");
    expect(codeOf(() => openMemory({ memory: {} as ArrayBuffer }))).toBe("ERR_BAD_OPTION");
  });
});
