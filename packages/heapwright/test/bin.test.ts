import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, describe, expect, it } from "vitest";

/** The bin in folders of its own, where nothing else is installed. */
const folder = mkdtempSync(join(tmpdir(), "heapwright-bin-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function installBin(project: string): string {
  const bin = join(folder, project, "node_modules/heapwright/bin");
  mkdirSync(bin, { recursive: true });
  copyFileSync(fileURLToPath(new URL("../bin/heapwright.mjs", import.meta.url)), join(bin, "heapwright.mjs"));
  return join(bin, "heapwright.mjs");
}

/** A command line that says what it was given. */
function installCommandLine(project: string): void {
  const cli = join(folder, project, "node_modules/@heapwright/cli");
  mkdirSync(join(cli, "bin"), { recursive: true });
  const target = "./bin/heapwright.mjs";
  writeFileSync(join(cli, "package.json"), JSON.stringify({ type: "module", exports: { [target]: target } }));
  writeFileSync(
    join(cli, target),
    'console.log("given", process.argv.slice(2).join(" ")); process.exitCode = 3;',
  );
}

function run(bin: string, cwd: string): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, "replay", "x"], {
    cwd: join(folder, cwd),
    encoding: "utf8",
    // Package managers point it at the packages of this workspace.
    env: { ...process.env, NODE_PATH: "" },
  });
  return { status, stdout, stderr };
}

describe("the command heapwright", () => {
  it("hands over to @heapwright/cli where that is installed", () => {
    const bin = installBin("beside");
    installCommandLine("beside");
    expect(run(bin, ".")).toEqual({ status: 3, stdout: "given replay x\n", stderr: "" });
  });

  it("finds the one of the working directory, too", () => {
    const bin = installBin("global");
    installCommandLine("project");
    expect(run(bin, "project")).toEqual({ status: 3, stdout: "given replay x\n", stderr: "" });
  });

  it("says in a line how to install it otherwise", () => {
    const { status, stdout, stderr } = run(installBin("alone"), "alone");
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^.*npm install --save-dev @heapwright\/cli\n$/);
  });
});
