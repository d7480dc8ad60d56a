/** The built main entry in a browser, whose compression streams are not Node's. */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { describe, expect, it } from "vitest";

import { findChromium, loadPage } from "@heapwright/tooling-chromium";
import { fixture, fixtureBytes } from "./recordings.js";

const PAGE = `
<script type="importmap">{ "imports": { "@heapwright/core": "/core.js" } }</script>
<script type="module">
  import { report } from "/report.js";
  import { createTraceWriter, gzip, openTrace } from "/index.js";

  const load = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
  const changed = (bytes, at) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
  const bytes = await load("/trace.pymt.gz");
  const longer = new Uint8Array(bytes.length + 9);
  longer.set(bytes);

  const writer = createTraceWriter({ program: "written" });
  writer.malloc(1);
  const written = [];
  for await (const chunk of gzip(writer.finish())) written.push(chunk);

  const sources = {
    bytes,
    stream: (await fetch("/trace.pymt.gz")).body,
    function: async () => (await fetch("/trace.pymt.gz")).body,
    written,
    cutAtStart: bytes.subarray(0, 5),
    cutInside: bytes.subarray(0, 100000),
    cutAtEnd: bytes.subarray(0, bytes.length - 1),
    wrongChecksum: changed(bytes, bytes.length - 6),
    longer,
    brotli: await load("/trace.pymt.br"),
  };
  const results = {};
  for (const [name, source] of Object.entries(sources)) {
    try {
      let events = 0;
      for await (const batch of (await openTrace(source)).batches()) events += batch.length;
      results[name] = events;
    } catch (error) {
      results[name] = error.code ?? String(error);
    }
  }
  await report(results);
</script>`;

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const core = fileURLToPath(new URL("../../core/dist/index.js", import.meta.url));
const missing = findChromium() === undefined || !existsSync(`${dist}/index.js`) || !existsSync(core);

describe.skipIf(missing)("the main entry in a browser", () => {
  it("reads gzip, and calls damage by the same names as in Node", async () => {
    const results = await loadPage({
      folder: dist,
      files: {
        "/": PAGE,
        "/core.js": readFileSync(core),
        "/trace.pymt.gz": gzipSync(fixtureBytes("decimal_pi.pymt.br")),
        "/trace.pymt.br": readFileSync(fixture("decimal_pi.pymt.br")),
      },
    });
    expect(results).toEqual({
      bytes: 2_921_452,
      stream: 2_921_452,
      function: 2_921_452,
      written: 1,
      cutAtStart: "ERR_TRUNCATED_RECORDING",
      cutInside: "ERR_TRUNCATED_RECORDING",
      cutAtEnd: "ERR_TRUNCATED_RECORDING",
      wrongChecksum: "ERR_BAD_RECORDING",
      longer: "ERR_BAD_RECORDING",
      brotli: "ERR_COMPRESSION_UNSUPPORTED",
    });
  });
});
