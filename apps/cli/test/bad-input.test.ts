import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { beforeAll, describe, expect, it } from "vitest";

import { runCli } from "./run-cli.js";
import { sampleTrace, temporaryFolder, writeDamaged } from "./samples.js";

const folder = temporaryFolder();
const damaged = join(folder, "damaged");
const codes = writeDamaged(damaged);
const sample = join(folder, "sample.pymt");
const isRoot = process.getuid?.() === 0;

beforeAll(() => {
  writeFileSync(sample, sampleTrace());
  mkdirSync(join(folder, "empty"));
});

interface Report {
  readonly results: readonly { readonly trace: string }[];
  readonly unreadable: readonly { readonly file: string; readonly code: string; readonly message: string }[];
}

describe("input that cannot be read", () => {
  it.each(Object.keys(codes))("is named in one line, with exit code 4: %s", async (name) => {
    const file = join(damaged, name);
    const { code, stdout, stderr } = await runCli(["replay", file, "--rounds", "0"]);
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr.match(/\n/g)).toHaveLength(1);
    expect(stderr).toContain(`heapwright: ${file}: `);
  });

  it("is listed in the JSON by file, code and message, beside what could be read", async () => {
    const { code, stdout } = await runCli(["replay", damaged, sample, "--rounds", "0", "--json"]);
    expect(code).toBe(4);
    const { results, unreadable } = JSON.parse(stdout) as Report;
    expect(results).toMatchObject([{ trace: "sample", errors: 0 }]);
    expect(Object.fromEntries(unreadable.map(({ file, code }) => [file, code]))).toEqual(
      Object.fromEntries(Object.entries(codes).map(([name, code]) => [join(damaged, name), code])),
    );
    for (const { file, message } of unreadable) expect(message).toContain(file);
  });

  it("is the same from standard input", async () => {
    const input = sampleTrace().subarray(0, -10);
    const { code, stderr } = await runCli(["replay", "-", "--rounds", "0"], { input });
    expect(code).toBe(4);
    expect(stderr).toMatch(/^heapwright: standard input: .*\n$/);
  });

  it.each([
    ["a file that is not there", "no/such/file.pymt", /there is no such file/],
    ["a name that is not known", "decimal-pi", /no recording of that name\. Did you mean decimal_pi\?/],
    ["a name like no other", "zzz", /Recordings that have a name: decimal_pi, json_documents, unittest_run/],
    ["nothing", "", /no such file/],
    ["a folder without traces", join(folder, "empty"), /expected recordings .* found none/],
    ["a file taken for a folder", join(sample, "x.pymt"), /no such file/],
  ])("is %s", async (_what, argument, message) => {
    const { code, stdout, stderr } = await runCli(["replay", argument, "--rounds", "0"]);
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr.match(/\n/g)).toHaveLength(1);
  });

  it.skipIf(isRoot)("is a file that may not be read (not to be seen as root)", async () => {
    const locked = join(folder, "locked.pymt");
    writeFileSync(locked, sampleTrace());
    chmodSync(locked, 0);
    const { code, stderr } = await runCli(["replay", locked, "--rounds", "0"]);
    expect(code).toBe(4);
    expect(stderr).toMatch(/locked\.pymt: .*EACCES/);
  });

  it("does not hide that a check failed elsewhere: exit code 4, and both are told", async () => {
    const faulty = fileURLToPath(new URL("fixtures/tiny-allocator.mjs", import.meta.url));
    const { code, stdout, stderr } = await runCli([
      "replay",
      sample,
      "zzz",
      "--rounds=0",
      `--allocator=${faulty}`,
    ]);
    expect(code).toBe(4);
    expect(stdout).toMatch(/errors\s+none\s+\d+/);
    expect(stderr).toContain("zzz");
  });
});
