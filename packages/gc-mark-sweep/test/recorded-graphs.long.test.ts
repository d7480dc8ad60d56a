/** Every recorded graph, where they are at hand: HEAPWRIGHT_TRACES, or shared/traces beside the repository. */

import { basename } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, it } from "vitest";

import { expectSameUnreachable, graphsIn } from "./recorded-graph.js";

const beside = fileURLToPath(new URL("../../../../shared/traces", import.meta.url));
const shared = graphsIn(`${process.env["HEAPWRIGHT_TRACES"] ?? beside}/graphs`);

describe.skipIf(shared.length === 0)("a recorded graph", () => {
  it.each(shared.map((file) => [basename(file), file]))(
    "%s loses what CPython's collector found",
    (_, file) => expectSameUnreachable(file),
  );
});
