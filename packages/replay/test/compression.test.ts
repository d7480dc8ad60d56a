import { gunzipSync, gzipSync } from "node:zlib";

import { afterEach, describe, expect, it, vi } from "vitest";

import { gzip } from "../src/index.js";
import { bytesOf, countEvents, errorOf, fixtureBytes, readTrace, sampleTrace } from "./recordings.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return bytesOf(parts);
}

describe("gzip", () => {
  it("writes what gzip and openTrace read", async () => {
    const compressed = await collect(gzip(sampleTrace()));
    expect(bytesOf([gunzipSync(compressed)])).toEqual(bytesOf(sampleTrace()));
    expect(await readTrace(compressed)).toEqual(await readTrace(sampleTrace()));
  });

  it("compresses millions of bytes as they are asked for", async () => {
    const bytes = fixtureBytes("decimal_pi.pymt.br");
    const compressed = await collect(gzip([bytes]));
    expect(compressed.length).toBeLessThan(bytes.length / 4);
    expect(await countEvents(compressed)).toBe(2_921_452);
  });

  it("passes on what its source throws", async () => {
    const disk = new Error("disk on fire");
    function* failing(): Generator<Uint8Array> {
      yield Uint8Array.of(1);
      throw disk;
    }
    await expect(collect(gzip(failing()))).rejects.toBe(disk);
  });

  it("is refused by name on a host that has no streams for it", async () => {
    const compressed = new Uint8Array(gzipSync(bytesOf(sampleTrace())));
    vi.stubGlobal("CompressionStream", undefined);
    vi.stubGlobal("DecompressionStream", undefined);
    expect((await errorOf(collect(gzip(sampleTrace())))).code).toBe("ERR_COMPRESSION_UNSUPPORTED");
    expect((await errorOf(countEvents(compressed))).code).toBe("ERR_COMPRESSION_UNSUPPORTED");
  });
});
