import { basename } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, it } from "vitest";

import { expectSameUnreachable, graphsIn } from "./support/recorded-graph.js";

const bundled = graphsIn(fileURLToPath(new URL("../../../apps/cli/recordings", import.meta.url)));

const cases = bundled.flatMap((file) => ([0, 1, 2] as const).map((g) => [basename(file), g, file] as const));

describe.skipIf(cases.length === 0)("a recorded graph", () => {
  it.each(cases)("%s loses in generation %i what CPython's collector found there", (_, generation, file) =>
    expectSameUnreachable(file, generation),
  );
});
