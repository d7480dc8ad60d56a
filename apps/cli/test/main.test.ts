import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { runCli } from "./run-cli.js";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

describe("the command line", () => {
  it.each(["--version", "-v"])("prints its version with %s", async (flag) => {
    expect(await runCli([flag])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  it.each([["--help"], ["-h"], ["help"]])("prints its help with %s", async (flag) => {
    const { code, stdout, stderr } = await runCli([flag]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const command of ["replay", "collect", "plugins", "demo"])
      expect(stdout).toContain(`\n  ${command} `);
  });

  it.each([
    ["replay", ["replay", "--help"], /--allocator[^]*page boundaries/],
    ["replay, before a wrong option", ["replay", "--nope", "-h"], /--allocator/],
    ["collect", ["collect", "--help"], /--generation[^]*bytes {11}all cells/],
    ["plugins", ["help", "plugins"], /Traits of allocators:[^]*Traits of collectors:/],
    ["demo", ["demo", "--help"], /Usage: heapwright demo/],
  ])("prints the help of %s", async (_name, args, text) => {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(text);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(90);
  });

  it.each([
    ["no command", [], /Usage: heapwright/],
    ["an unknown command", ["repaly"], /Unknown command "repaly"\. Did you mean replay\?/],
    ["a command like nothing known", ["frobnicate"], /Unknown command "frobnicate"\.\n/],
    ["help of an unknown command", ["help", "demmo"], /Did you mean demo\?/],
    ["a member of Object", ["constructor"], /Unknown command "constructor"/],
    ["an option before the command", ["--json", "demo"], /--json.* follow its name/],
    [
      "an unknown option",
      ["replay", "x", "--alocator", "bump"],
      /no option --alocator\. Did you mean --allocator\?/,
    ],
    ["an unknown short option", ["replay", "x", "-q"], /no option -q\.\n/],
    ["an option without its value", ["replay", "x", "--preset"], /'--preset <value>' argument missing\.\n/],
    ["a value too many", ["replay", "x", "--json=yes"], /'--json' does not take an argument\.\n/],
    ["an option of another command", ["demo", "--json"], /demo has no option --json/],
    ["a stray argument", ["demo", "decimal_pi"], /demo takes no arguments, not "decimal_pi"/],
    ["no trace", ["replay"], /needs a trace: .*json_documents/],
    ["no graph", ["collect"], /collect needs a graph: .*stdlib_modules/],
  ])("refuses %s with exit code 2", async (_name, args, message) => {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
