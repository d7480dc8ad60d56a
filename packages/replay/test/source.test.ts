import { describe, expect, it } from "vitest";

import { openTrace, type ByteSource } from "../src/index.js";
import { bytesOf, contentsOf, countEvents, errorOf, sampleTrace } from "./recordings.js";

const sample = bytesOf(sampleTrace());

describe("a source", () => {
  it.each([[undefined], [null], ["file.pymt"], [42], [{}], [new ArrayBuffer(8)], [new Uint16Array(4)]])(
    "cannot be %s",
    async (source) => {
      const error = await errorOf(openTrace(source as unknown as ByteSource));
      expect(["ERR_BAD_OPTION", "ERR_READ_FAILED"]).toContain(error.code);
    },
  );

  it("that fails gives its own error as the cause", async () => {
    const disk = new Error("disk on fire");
    async function* failing(at: number): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(sample.subarray(0, at));
      throw disk;
    }
    for (const at of [0, 2, 20, sample.length - 1]) {
      const error = await errorOf(countEvents(failing(at)));
      expect(error.code).toBe("ERR_READ_FAILED");
      expect(error.cause).toBe(disk);
      expect(error.message).toContain("disk on fire");
    }
  });

  it("that cannot be opened gives its own error as the cause", async () => {
    const error = await errorOf(openTrace(() => Promise.reject(new Error("no such file"))));
    expect(error.code).toBe("ERR_READ_FAILED");
    expect(error.message).toContain("no such file");
  });

  it("has to yield bytes", async () => {
    const error = await errorOf(openTrace(["PYMT"] as unknown as ByteSource));
    expect(error.code).toBe("ERR_READ_FAILED");
  });

  it("may yield views of shared memory, of larger buffers, and nothing for a while", async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(sample.length));
    shared.set(sample);
    const offset = new Uint8Array(sample.length + 7).subarray(7);
    offset.set(sample);
    for (const source of [shared, offset, [new Uint8Array(), sample, new Uint8Array()]]) {
      expect((await contentsOf(await openTrace(source))).events).toHaveLength(11);
    }
  });
});
