/** Runs the built command line as its users do: in a process of its own. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const BIN: string = fileURLToPath(new URL("../bin/heapwright.mjs", import.meta.url));

export interface RunOptions {
  readonly input?: Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Neither a terminal nor wishes about colours, and no recordings but the bundled ones. */
export function plainEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { NO_COLOR: _no, FORCE_COLOR: _force, HEAPWRIGHT_DEBUG: _debug, ...rest } = process.env;
  return { ...rest, HEAPWRIGHT_TRACES: "/nowhere", ...more };
}

export function runCli(args: readonly string[], { input, env, cwd }: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, ...args], { cwd, env: plainEnvironment(env) });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, stdout, stderr });
    });
    // A program that does not read its input may be gone before it is written.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}
