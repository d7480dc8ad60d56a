import { assertCounterPlugin } from "@heapwright/core";
import { expect, it } from "vitest";

import { refcount } from "../src/index.js";

it("is a counter whose counts are exact", () => {
  const plugin: unknown = refcount();
  assertCounterPlugin(plugin);
  expect(plugin).toMatchObject({ kind: "counter", name: "refcount", traits: { exact: true } });
});
