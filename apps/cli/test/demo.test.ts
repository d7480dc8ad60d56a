import { describe, expect, it } from "vitest";

import { runCli } from "./run-cli.js";

describe("demo", () => {
  it("compares three programs with CPython, and says what to try next in commands that exist", async () => {
    const { code, stdout, stderr } = await runCli(["demo"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/json_documents: 2,509,948 events/);
    expect(stdout).toMatch(/unittest_run: 2,135,851 events/);
    expect(stdout.match(/arenas at the peak +(\d+) +\1 +equal\n/g)).toHaveLength(2);
    expect(stdout).toContain("Both took as many arenas at the peak as CPython did");
    expect(stdout).toMatch(/object_web: 694,255 tracked objects/);
    expect(stdout).toMatch(/gc-generational +gc-mark-sweep +CPython 3\.11\.7\n/);
    expect(stdout).toMatch(/unreachable +84,688 +84,688 +84,688 +equal\n/);
    expect(stdout).toContain("Both found exactly the 84,688 objects that CPython found.");

    const commands = [...stdout.matchAll(/heapwright\.mjs (.*)$/gm)].map(([, args]) => args!.split(" "));
    expect(commands.length).toBeGreaterThanOrEqual(4);
    for (const args of commands) {
      const rounds = args[0] === "replay" ? "0" : "1";
      const quick =
        ["replay", "collect"].includes(args[0]!) && args[1] !== "--help" ? ["--rounds", rounds] : [];
      const { code, stderr } = await runCli([...args, ...quick]);
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: "" });
    }
  });
});
