import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { createProgress } from "../src/progress.js";

const CLEAR_LINE = "\r\x1b[K";

describe("progress", () => {
  let written: string[] = [];
  let time = 0;
  const options = (isTTY: boolean): Parameters<typeof createProgress>[1] => ({
    stream: { isTTY, columns: 60, write: (text) => written.push(text) },
    now: () => time,
  });

  beforeEach(() => {
    written = [];
    time = 0;
    vi.stubEnv("TERM", "xterm");
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("is a bar on a terminal, drawn ten times a second at most and gone at the end", () => {
    const progress = createProgress("sample, pymalloc", options(true));
    progress.update(1, 4);
    progress.update(2, 4);
    time = 100;
    progress.update(3, 4);
    progress.end();
    progress.end();
    expect(written).toEqual([
      `${CLEAR_LINE}sample, pymalloc  [######------------------]  25 %`,
      `${CLEAR_LINE}sample, pymalloc  [##################------]  75 %`,
      CLEAR_LINE,
    ]);
  });

  it("never wraps a line", () => {
    createProgress("x".repeat(200), options(true)).update(1, 2);
    expect(written[0]!.length - CLEAR_LINE.length).toBeLessThan(60);
  });

  it("says nothing of what is quick, where there is no terminal", () => {
    const progress = createProgress("sample", options(false));
    for (let i = 0; i <= 100; i++) progress.update(i, 100);
    progress.end();
    expect(written).toEqual([]);
  });

  it("is a line for each tenth of what takes long, where there is no terminal", () => {
    const progress = createProgress("sample", options(false));
    for (let i = 0; i <= 100; i++) {
      time = i * 125;
      progress.update(i, 100);
    }
    expect(written).toEqual([40, 50, 60, 70, 80, 90, 100].map((tenth) => `sample: ${tenth} %\n`));
  });

  it("takes a dumb terminal for none", () => {
    vi.stubEnv("TERM", "dumb");
    createProgress("sample", options(true)).update(1, 2);
    expect(written).toEqual([]);
  });
});
