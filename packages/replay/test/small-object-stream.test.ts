import { expect, describe, it } from "vitest";

import {
  CALLOC,
  FREE,
  MALLOC,
  REALLOC,
  createTraceWriter,
  openTrace,
  readSmallObjectStream,
} from "../src/index.js";
import { fixtureBytes } from "./recordings.js";

describe("readSmallObjectStream", () => {
  it("keeps what the pools serve, and frees what leaves them", async () => {
    const writer = createTraceWriter({ program: "small" });
    const leaves = writer.malloc(100);
    writer.malloc(1000);
    writer.malloc(100, "raw");
    const stays = writer.calloc(40, "mem");
    writer.realloc(stays, 39);
    writer.realloc(leaves, 600);
    writer.realloc(leaves, 20);
    writer.free(leaves);
    const stream = await readSmallObjectStream(await openTrace(writer.finish()));
    expect(stream).toEqual({
      length: 4,
      op: Uint8Array.of(MALLOC, CALLOC, REALLOC, FREE),
      slot: Uint32Array.of(0, 3, 3, 0),
      size: Uint32Array.of(100, 40, 39, 0),
      slotCount: 4,
    });
  });

  it("has the operations that were counted where the trace was recorded", async () => {
    const stream = await readSmallObjectStream(await openTrace(fixtureBytes("decimal_pi.pymt.br")));
    const count = (wanted: number): number =>
      stream.op.reduce((total, op) => total + (op === wanted ? 1 : 0), 0);
    expect(stream.length).toBe(2_815_749);
    expect(count(MALLOC) + count(CALLOC)).toBe(1_356_002);
    expect(
      stream.size.every((bytes, i) => (stream.op[i] === FREE ? bytes === 0 : bytes >= 1 && bytes <= 512)),
    ).toBe(true);
  });
});
