import { gzipSync } from "node:zlib";

import { HeapwrightError } from "@heapwright/core";
import { describe, expect, it } from "vitest";

import { createTraceWriter } from "../src/index.js";
import { bytesOf, container, countEvents, errorOf, sampleTrace, splitContainer } from "./recordings.js";

const { header: sampleHeader, records: sampleRecords } = splitContainer(bytesOf(sampleTrace()));

/** Header of a trace with these events; every record of the tests below allocates 16 bytes in `obj`. */
function headerWith(counts: {
  mallocs?: number;
  reallocs?: number;
  frees?: number;
  marksCount?: number;
}): object {
  const { mallocs = 0, reallocs = 0, frees = 0, marksCount = 0 } = counts;
  return {
    ...sampleHeader,
    events: mallocs + reallocs + frees,
    ids: mallocs,
    mallocs,
    callocs: 0,
    reallocs,
    frees,
    marksCount,
    peakLiveBytes: 16 * mallocs,
    peakLiveBlocks: mallocs,
    liveBytesAtEnd: 16 * (mallocs - frees),
    liveBlocksAtEnd: mallocs - frees,
    smallPeakBytes: 16 * mallocs,
    smallRoundedPeakBytes: 16 * mallocs,
  };
}

const MALLOC_16 = [0x20, 16];

describe("records", () => {
  it.each<[string, object, number[], string, RegExp]>([
    [
      "an operation that does not exist",
      headerWith({ mallocs: 1 }),
      [0x25, 16],
      "ERR_BAD_RECORDING",
      /event 0: expected an operation from 0 to 4, found the byte 0x25/,
    ],
    [
      "a domain that does not exist",
      headerWith({ mallocs: 1 }),
      [0x30, 16],
      "ERR_BAD_RECORDING",
      /expected a domain from 0 to 2, found the byte 0x30/,
    ],
    [
      "a mark with a domain",
      headerWith({ mallocs: 1, marksCount: 1 }),
      [0x14, 1, 65, ...MALLOC_16],
      "ERR_BAD_RECORDING",
      /expected a domain from 0 to 0, found the byte 0x14/,
    ],
    [
      "the free of a block that was never allocated",
      headerWith({ mallocs: 1, frees: 1 }),
      [...MALLOC_16, 0x23, 1],
      "ERR_BAD_RECORDING",
      /event 1: expected one of the last 1 blocks, found the one 1 back/,
    ],
    [
      "the free of a block that was freed",
      headerWith({ mallocs: 2, frees: 2 }),
      [...MALLOC_16, ...MALLOC_16, 0x23, 1, 0x23, 1],
      "ERR_BAD_RECORDING",
      /event 3: expected a live block, found block 0, which was freed/,
    ],
    [
      "the realloc of a block that was freed",
      headerWith({ mallocs: 1, reallocs: 1, frees: 1 }),
      [...MALLOC_16, 0x23, 0, 0x22, 0, 16],
      "ERR_BAD_RECORDING",
      /event 2: expected a live block, found block 0, which was freed/,
    ],
    [
      "a size of 2^53",
      headerWith({ mallocs: 1 }),
      [0x20, 128, 128, 128, 128, 128, 128, 128, 16],
      "ERR_BAD_RECORDING",
      /expected a number below 2\^53/,
    ],
    [
      "a size that never ends",
      headerWith({ mallocs: 1 }),
      [0x20, ...Array.from({ length: 40 }, () => 255)],
      "ERR_BAD_RECORDING",
      /expected a number below 2\^53/,
    ],
    [
      "a size that is cut off",
      headerWith({ mallocs: 1 }),
      [0x20, 128],
      "ERR_TRUNCATED_RECORDING",
      /event 0: the data ends inside a record/,
    ],
    [
      "a realloc without its second number",
      headerWith({ mallocs: 1, reallocs: 1 }),
      [...MALLOC_16, 0x22, 0],
      "ERR_TRUNCATED_RECORDING",
      /event 1: the data ends inside a record/,
    ],
    [
      "the name of a mark that is cut off",
      headerWith({ marksCount: 1 }),
      [4, 9, 65],
      "ERR_TRUNCATED_RECORDING",
      /the data ends inside a record/,
    ],
    [
      "the name of a mark that is longer than memory",
      headerWith({ marksCount: 1 }),
      [4, 255, 255, 255, 255, 255, 255, 255, 15],
      "ERR_BAD_RECORDING",
      /expected a mark of at most 65535 B, found 9007199254740991 B/,
    ],
    [
      "the name of a mark that is no UTF-8",
      headerWith({ marksCount: 1 }),
      [4, 1, 0xff],
      "ERR_BAD_RECORDING",
      /expected the name of a mark in UTF-8/,
    ],
    [
      "fewer events than the header says",
      headerWith({ mallocs: 2 }),
      MALLOC_16,
      "ERR_TRUNCATED_RECORDING",
      /expected events to be 2, as the header says, found 1/,
    ],
    [
      "fewer marks than the header says",
      headerWith({ mallocs: 1, marksCount: 1 }),
      MALLOC_16,
      "ERR_TRUNCATED_RECORDING",
      /expected marksCount to be 1, as the header says, found 0/,
    ],
    [
      "more events than the header says",
      headerWith({ mallocs: 1 }),
      [...MALLOC_16, ...MALLOC_16],
      "ERR_BAD_RECORDING",
      /expected the end after 1 events, as the header says, found more/,
    ],
    [
      "more marks than the header says",
      headerWith({ mallocs: 1 }),
      [...MALLOC_16, 4, 1, 65],
      "ERR_BAD_RECORDING",
      /expected 0 marks, as the header says, found another/,
    ],
    [
      "bytes behind the last record",
      headerWith({ mallocs: 1 }),
      [...MALLOC_16, 0xff],
      "ERR_BAD_RECORDING",
      /expected the end after 1 events/,
    ],
    [
      "events of other kinds than the header says",
      headerWith({ mallocs: 1 }),
      [0x21, 16],
      "ERR_BAD_RECORDING",
      /expected mallocs to be 1, as the header says, found 0/,
    ],
    [
      "more bytes alive than can be counted",
      { ...headerWith({ mallocs: 2 }), peakLiveBytes: Number.MAX_SAFE_INTEGER },
      [0x20, 255, 255, 255, 255, 255, 255, 255, 15, 0x20, 255, 255, 255, 255, 255, 255, 255, 15],
      "ERR_BAD_RECORDING",
      /expected less than 2\^53 B alive at once/,
    ],
  ])("are refused for %s", async (_, header, records, code, message) => {
    const error = await errorOf(countEvents(container("PYMT", header, records)));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/byte \d+/);
  });

  it.each([
    "peakLiveBytes",
    "peakLiveBlocks",
    "liveBytesAtEnd",
    "smallPeakBytes",
    "smallRoundedPeakBytes",
  ] as const)("are refused when they do not amount to the header's %s", async (field) => {
    const header = {
      ...sampleHeader,
      [field]: Number(sampleHeader[field]) + (field === "smallPeakBytes" ? -1 : 1),
    };
    if (field === "liveBytesAtEnd") header["peakLiveBytes"] = Number.MAX_SAFE_INTEGER;
    const error = await errorOf(countEvents(container("PYMT", header, sampleRecords)));
    expect(error.code).toBe("ERR_BAD_RECORDING");
    expect(error.message).toMatch(
      /expected \w+ to be \d+, as the header says, found \d+ at the end of the data/,
    );
  });

  it("cost memory by what is there, not by what the header claims", async () => {
    const before = process.memoryUsage().arrayBuffers;
    const huge = 1e15;
    const header = {
      ...headerWith({ mallocs: huge }),
      peakLiveBytes: huge,
      smallPeakBytes: 1,
      smallRoundedPeakBytes: 1,
    };
    const claimed = { ...header, liveBytesAtEnd: huge };
    const error = await errorOf(countEvents(container("PYMT", claimed, MALLOC_16)));
    expect(error.code).toBe("ERR_TRUNCATED_RECORDING");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10e6);
  });

  it("are found by number far back, and in traces of more than 2^16 events", async () => {
    const writer = createTraceWriter({ program: "far" });
    const first = writer.malloc(16);
    for (let i = 0; i < 200_000; i++) writer.free(writer.malloc(16));
    writer.realloc(first, 32);
    writer.free(first);
    expect(await countEvents(writer.finish())).toBe(400_003);
  });
});

describe("a damaged trace", () => {
  const writer = createTraceWriter({ program: "small" });
  writer.mark("begin");
  const a = writer.malloc(300);
  const b = writer.calloc(5, "raw");
  writer.realloc(a, 70_000);
  writer.free(b);
  writer.mark("end");
  const plain = bytesOf(writer.finish());

  it("is called truncated wherever it ends", async () => {
    for (let end = 0; end < plain.length; end++) {
      const error = await errorOf(countEvents(plain.subarray(0, end)));
      expect(`${end}: ${error.code}`).toBe(`${end}: ERR_TRUNCATED_RECORDING`);
    }
  });

  it("is called truncated wherever its gzip ends", async () => {
    const bytes = new Uint8Array(gzipSync(plain));
    for (let end = 0; end < bytes.length; end++) {
      const error = await errorOf(countEvents(bytes.subarray(0, end)));
      expect(`${end}: ${error.code}`).toBe(`${end}: ERR_TRUNCATED_RECORDING`);
    }
  });

  it.each([
    ["plain", plain],
    ["gzip", new Uint8Array(gzipSync(plain))],
  ])("gives an error of ours, or as many events, whichever bit of the %s file flips", async (_, bytes) => {
    let errors = 0;
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      try {
        expect(await countEvents(damaged)).toBe(4);
      } catch (error) {
        if (!HeapwrightError.is(error)) throw error;
        errors++;
      }
    }
    expect(errors).toBeGreaterThan(4 * bytes.length);
  });
});
