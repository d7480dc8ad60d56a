import { describe, expect, it } from "vitest";

import { formatTable, grouped } from "../src/table.js";

describe("formatTable", () => {
  it("makes columns as wide as their widest cell, and leaves no blanks at the end", () => {
    expect(
      formatTable(
        [
          ["a", "bb", "c"],
          ["aaa", "b"],
        ],
        [1],
      ),
    ).toBe("a    bb  c\naaa   b\n");
  });

  it("has no lines without rows", () => {
    expect(formatTable([])).toBe("");
  });
});

it.each([
  [0, "0"],
  [999, "999"],
  [1000, "1,000"],
  [2_509_948, "2,509,948"],
])("groups %d as %s", (number, text) => {
  expect(grouped(number)).toBe(text);
});
