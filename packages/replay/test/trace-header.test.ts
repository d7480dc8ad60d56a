import { describe, expect, it } from "vitest";

import { openTrace } from "../src/index.js";
import { bytesOf, container, errorOf, sampleTrace, splitContainer } from "./recordings.js";

const { header, records } = splitContainer(bytesOf(sampleTrace()));

async function refusal(change: Record<string, unknown>): Promise<string> {
  const { code, message } = await errorOf(openTrace(container("PYMT", { ...header, ...change }, records)));
  expect(code).toBe("ERR_BAD_RECORDING");
  return message;
}

describe("the header of a trace", () => {
  it.each([
    ["format", "pymg", 'expected "pymt", found "pymg"'],
    ["program", 7, "expected a string, found 7"],
    ["program", undefined, "expected a string, found nothing"],
    ["argv", "a b", 'expected a list of strings, found "a b"'],
    ["argv", ["a", 1], 'expected a list of strings, found ["a",1]'],
    ["truncated", "no", 'expected true or false, found "no"'],
    ["events", -1, "expected a whole number from 0 to 2^53 - 1, found -1"],
    ["events", 1.5, "expected a whole number from 0 to 2^53 - 1, found 1.5"],
    ["events", 2 ** 53, "expected a whole number from 0 to 2^53 - 1, found 9007199254740992"],
    ["events", "11", 'expected a whole number from 0 to 2^53 - 1, found "11"'],
    ["events", 12, "expected mallocs + callocs + reallocs + frees, found 12"],
    ["ids", 4, "expected mallocs + callocs, found 4"],
    ["liveBlocksAtEnd", 3, "expected mallocs + callocs - frees, found 3"],
    ["peakLiveBlocks", 99, "expected at most ids, found 99"],
    ["peakLiveBytes", 0, "header field liveBytesAtEnd: expected at most peakLiveBytes"],
    ["smallRoundedPeakBytes", 0, "expected at least smallPeakBytes, found 0"],
    [
      "arenaSize",
      1048576,
      "header field arenasPeak: expected a whole number from 0 to 2^53 - 1, found nothing",
    ],
  ])("is refused for %s = %j", async (field, value, message) => {
    expect(await refusal({ [field]: value })).toContain(message);
  });

  it.each([
    [{ arenaSize: 0, arenasPeak: 1, arenasPeakEvent: 1, arenasTotal: 1 }, "arenaSize: expected above 0"],
    [
      { arenaSize: 1, arenasPeak: 2, arenasPeakEvent: 1, arenasTotal: 1 },
      "arenasTotal: expected at least arenasPeak",
    ],
    [
      { arenaSize: 1, arenasPeak: 1, arenasPeakEvent: 12, arenasTotal: 1 },
      "arenasPeakEvent: expected at most events",
    ],
  ])("is refused for figures of arenas that contradict each other: %j", async (change, message) => {
    expect(await refusal(change)).toContain(message);
  });

  it("may say more than is known", async () => {
    const more = {
      ...header,
      recorder: { version: 2 },
      arenaSize: 1048576,
      arenasPeak: 1,
      arenasPeakEvent: 3,
      arenasTotal: 1,
    };
    const trace = await openTrace(container("PYMT", more, records));
    expect(trace.header).toMatchObject({
      arenaSize: 1048576,
      arenasPeak: 1,
      arenasPeakEvent: 3,
      arenasTotal: 1,
    });
    expect(trace.header).not.toHaveProperty("recorder");
  });

  it("is shortened in messages", async () => {
    expect(await refusal({ events: "x".repeat(10_000) })).toHaveLength(
      "recording: header field events: expected a whole number from 0 to 2^53 - 1, found .".length + 43,
    );
  });
});
