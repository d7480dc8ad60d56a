import { execFile, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { describe, expect, it } from "vitest";

import { BIN, plainEnvironment } from "./run-cli.js";
import { sampleGraph, sampleTrace, temporaryFolder } from "./samples.js";

const folder = temporaryFolder();
const sample = join(folder, "sample.pymt");
writeFileSync(sample, sampleTrace());

const endless = fileURLToPath(new URL("fixtures/endless.mjs", import.meta.url));
const onPosix = process.platform !== "win32";

describe.skipIf(!onPosix)("pipes and signals", () => {
  it("says nothing when the reader of its results has seen enough", async () => {
    const many = Array.from({ length: 6 }, () => `'${sample}'`).join(" ");
    const command = `'${process.execPath}' '${BIN}' replay ${many} --rounds 0 | head -1`;
    const { stdout, stderr } = await shell(command);
    expect(stdout).toMatch(/^sample: .*\n$/);
    expect(stderr).toBe("");
  });

  it.skipIf(!existsSync("/dev/full"))("says so in a line when the results cannot be written", async () => {
    const { stderr } = await shell(`'${process.execPath}' '${BIN}' --help > /dev/full; test $? = 1`);
    expect(stderr).toMatch(/^heapwright: The results cannot be written: ENOSPC.*\n$/);
  });

  it("reads what another program writes", async () => {
    const { stdout } = await shell(`cat '${sample}' | '${process.execPath}' '${BIN}' replay - --rounds 0`);
    expect(stdout).toMatch(/^sample \(standard input\): /);
  });

  it("reads a graph that another program writes, also from a pipe with a name", async () => {
    const graph = join(folder, "objects.pymg");
    writeFileSync(graph, sampleGraph());
    const collect = `'${process.execPath}' '${BIN}' collect --rounds 1`;
    const { stdout, stderr } = await shell(
      `cat '${graph}' | ${collect} - && mkfifo '${folder}/graph' && (cat '${graph}' > '${folder}/graph' &) && ${collect} '${folder}/graph' --collector gc-generational,none | head -1`,
    );
    expect(stdout).toMatch(/^objects \(standard input\): [^]*^objects \(.*graph\): /m);
    expect(stderr).toBe("");
  });

  it("reads a pipe that is given by name, for each allocator", async () => {
    const { stdout } = await shell(
      `mkfifo '${folder}/pipe' && (cat '${sample}' > '${folder}/pipe' &) && '${process.execPath}' '${BIN}' replay '${folder}/pipe' --rounds 0 --allocator pymalloc,bump`,
    );
    expect(stdout).toMatch(/pymalloc\s+bump/);
  });

  it("ends with exit code 130 on Ctrl-C, also while an allocator never comes back", async () => {
    const child = spawn(process.execPath, [BIN, "replay", sample, "--allocator", endless], {
      env: plainEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    child.stdout.on("data", (data: Buffer) => (said += data.toString()));
    child.stderr.on("data", (data: Buffer) => {
      said += data.toString();
      child.kill("SIGINT");
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect({ code, said }).toEqual({ code: 130, said: "begun\n" });
  });
});

function shell(command: string): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)("sh", ["-c", command], { env: plainEnvironment() });
}
