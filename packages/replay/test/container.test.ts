import { brotliCompressSync, brotliDecompressSync, gzipSync } from "node:zlib";

import { describe, expect, it, vi } from "vitest";

import { openGraph, openTrace } from "../src/index.js";
import { bytesOf, container, countEvents, errorOf, sampleTrace } from "./recordings.js";

const sample = bytesOf(sampleTrace());

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

describe("a container", () => {
  it.each<[string, Uint8Array, string, RegExp]>([
    ["is empty", new Uint8Array(), "ERR_TRUNCATED_RECORDING", /ends after 0 B/],
    ["ends inside its magic", text("PY"), "ERR_TRUNCATED_RECORDING", /ends after 2 B/],
    [
      "ends before its header",
      text("PYMT\x01"),
      "ERR_TRUNCATED_RECORDING",
      /ends after 5 B, before its header/,
    ],
    ["has another magic", text("PYMX and more"), "ERR_BAD_RECORDING", /expected PYMT, found "PYMX"/],
    [
      "is a graph",
      container("PYMG", {}, []),
      "ERR_WRONG_RECORDING",
      /expected a trace \(PYMT\), found a graph/,
    ],
    ["has a newer version", container("PYMT", {}, [], 2), "ERR_RECORDING_VERSION", /format version 2/],
    ["has version 0", container("PYMT", {}, [], 0), "ERR_BAD_RECORDING", /expected version 1, found 0/],
    [
      "has a version of garbage",
      container("PYMT", {}, [], 0x7fffffff),
      "ERR_BAD_RECORDING",
      /found 2147483647/,
    ],
    [
      "claims a header of 4 GiB",
      Uint8Array.of(0x50, 0x59, 0x4d, 0x54, 1, 0, 0, 0, 255, 255, 255, 255),
      "ERR_BAD_RECORDING",
      /expected a header of at most 16777216 B, found a length of 4294967295 B/,
    ],
    [
      "claims a header longer than itself",
      Uint8Array.of(0x50, 0x59, 0x4d, 0x54, 1, 0, 0, 0, 0, 0, 1, 0, 0x7b),
      "ERR_TRUNCATED_RECORDING",
      /ends after 13 B, inside its header of 65536 B/,
    ],
    ["has a list as header", container("PYMT", [], []), "ERR_BAD_RECORDING", /expected a JSON object/],
    [
      "has no JSON as header",
      Uint8Array.of(...container("PYMT", {}, []).subarray(0, 12), 0x7b, 0x7b),
      "ERR_BAD_RECORDING",
      /no JSON/,
    ],
    [
      "has a header that is no UTF-8",
      Uint8Array.of(...container("PYMT", 1234, []).subarray(0, 12), 0x22, 0xff, 0xff, 0x22),
      "ERR_BAD_RECORDING",
      /no JSON in UTF-8/,
    ],
  ])("is refused when it %s", async (_, bytes, code, message) => {
    const error = await errorOf(openTrace(bytes, { name: "a.pymt" }));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^a\.pymt: .*\.$/);
  });

  it("is refused as a graph when it is a trace", async () => {
    expect((await errorOf(openGraph(sample))).code).toBe("ERR_WRONG_RECORDING");
  });

  it("is told by content inside its compression too", async () => {
    const twice = new Uint8Array(gzipSync(gzipSync(sample)));
    expect((await errorOf(openTrace(twice))).message).toContain("expected PYMT");
  });
});

describe("brotli", () => {
  const compressed = new Uint8Array(brotliCompressSync(sample));

  it("is refused with what to do about it, where the host cannot undo it", async () => {
    // As in Node 20; newer hosts know brotli.
    vi.stubGlobal("DecompressionStream", function refuse(format: string) {
      throw new TypeError(`${format} is not supported`);
    });
    const error = await errorOf(openTrace(compressed)).finally(() => vi.unstubAllGlobals());
    expect(error.code).toBe("ERR_COMPRESSION_UNSUPPORTED");
    expect(error.message).toContain("@heapwright/replay/node");
  });

  it("is left to the caller's decoder", async () => {
    async function* brotli(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks) parts.push(chunk);
      yield brotliDecompressSync(Buffer.concat(parts));
    }
    const trace = await openTrace(compressed, { brotli });
    expect(trace.header.events).toBe(11);
  });
});

describe("gzip", () => {
  it("is refused when it is damaged, truncated or followed by something else", async () => {
    const good = gzipSync(sample);
    const garbled = Buffer.from(good);
    garbled.fill(0x55, 20, 60);
    const cases: [Uint8Array, string][] = [
      [garbled, "ERR_BAD_RECORDING"],
      [good.subarray(0, good.length - 4), "ERR_TRUNCATED_RECORDING"],
      [Buffer.concat([good, Buffer.from("something else")]), "ERR_BAD_RECORDING"],
    ];
    for (const [bytes, code] of cases) {
      const error = await errorOf(countEvents(new Uint8Array(bytes)));
      expect(error.code).toBe(code);
      expect(error.cause).toBeInstanceOf(Error);
    }
  });
});
