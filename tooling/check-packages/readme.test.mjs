import { expect, it } from "vitest";

import { firstCode } from "./readme.mjs";

const block = (language, code, fence = "```") => `${fence}${language}\n${code}\n${fence}\n`;

it("finds the first block that is code, past the install line", () => {
  const text = `# Title\n\n${block("sh", "npm install x")}\nThen:\n\n${block("ts", "let a = 1;\nlet b = 2;")}${block("js", "c")}`;
  expect(firstCode(text)).toEqual({ language: "ts", code: "let a = 1;\nlet b = 2;\n" });
});

it.each(["js", "javascript", "mjs"])("takes %s for JavaScript", (language) => {
  expect(firstCode(block(language, "a"))?.language).toBe("js");
});

it("ignores words after the language, and longer fences", () => {
  expect(firstCode(block("ts twoslash", "a", "````"))).toEqual({ language: "ts", code: "a\n" });
});

it.each(["no code at all", block("json", "{}"), block("", "plain"), block("tsx", "<a/>")])(
  "finds none in %j",
  (text) => {
    expect(firstCode(text)).toBeUndefined();
  },
);
