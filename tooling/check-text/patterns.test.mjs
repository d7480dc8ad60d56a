import { expect, it } from "vitest";

import { problemsIn } from "./patterns.mjs";

// Put together here, so that this file passes the check it tests.
const path = (...parts) => ["", ...parts].join("/");
const url = (host) => `https:${"//"}${host}/x`;

it.each([
  [path("home", "ada", "notes")],
  [`see ${path("Users", "ada")}`],
  [["C:", "Users", "ada"].join("\\")],
  [url(["registry", "npmjs", "org"].join("."))],
  [url(["npm", "registry", "internal"].join("."))],
  [url(["192", "168", "0", "1"].join("."))],
])("finds %s", (text) => {
  expect(problemsIn("README.md", `first line\n${text}\n`)).toEqual([
    expect.stringMatching(/^README\.md:2: /),
  ]);
});

it.each([
  ["framework/core"],
  ["./home/page"],
  ["https://github.com/heapwright/heapwright"],
  ["registry.register(x)"],
])("lets %s pass", (text) => {
  expect(problemsIn("README.md", text)).toEqual([]);
});

it("refuses every address in the lockfile", () => {
  expect(problemsIn("pnpm-lock.yaml", `tarball: ${url("example.org")}`)).toHaveLength(1);
});
