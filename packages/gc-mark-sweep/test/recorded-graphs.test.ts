import { basename } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, it } from "vitest";

import { expectSameUnreachable, graphsIn } from "./recorded-graph.js";

const bundled = graphsIn(fileURLToPath(new URL("../../../apps/cli/recordings", import.meta.url)));

describe("a recorded graph", () => {
  it.each(bundled.map((file) => [basename(file), file]))(
    "%s loses what CPython's collector found",
    (_, file) => expectSameUnreachable(file),
  );
});
