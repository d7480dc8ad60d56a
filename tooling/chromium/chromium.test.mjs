import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";

import { describe, expect, it } from "vitest";

import { findChromium, loadPage } from "./index.mjs";

const page = (script) => ({
  files: {
    "/": `<!doctype html><script type="module">import { report } from "/report.js"; ${script}</script>`,
  },
});
const profiles = () => readdirSync(tmpdir()).filter((name) => name.startsWith("heapwright-chromium-"));

describe("loadPage", () => {
  it("says how to get a browser when there is none", async () => {
    const options = { ...page("report(1)"), chromium: "" };
    await expect(loadPage(options)).rejects.toThrow("apt-get");
  });

  it("rejects when the program is no browser", async () => {
    const options = { ...page("report(1)"), chromium: process.execPath };
    await expect(loadPage(options)).rejects.toThrow("ended early");
  });
});

describe.skipIf(!findChromium())("loadPage with Chromium", () => {
  it("resolves to what the page reports, and leaves no profile behind", async () => {
    const before = profiles();
    const result = await loadPage(
      page(`report({ shared: typeof SharedArrayBuffer, at: location.hostname })`),
    );
    expect(result).toEqual({ shared: "function", at: "127.0.0.1" });
    expect(profiles()).toEqual(before);
  });

  it("rejects with the page's own error", async () => {
    await expect(loadPage(page(`throw new TypeError("no such thing")`))).rejects.toThrow("no such thing");
  });

  it("rejects when a module does not load", async () => {
    await expect(loadPage({ ...page(`import "/missing.js"`), timeoutMs: 10_000 })).rejects.toThrow(
      /page failed|No report/,
    );
  });

  it("rejects when the page stays silent", async () => {
    await expect(loadPage({ ...page(""), timeoutMs: 1000 })).rejects.toThrow("No report within 1000 ms");
  });
});
