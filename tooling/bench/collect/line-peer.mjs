// A peer that is a process of its own: it is asked a line, and answers with a line
// of JSON. Its first line is {"ready": "its name and version"}, each further one
// {"ns": CPU time of one collection, "objects": tracked objects it looked at}.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/**
 * @typedef {{ ns: number, objects: number }} Answer
 * @typedef {{ name: string, start(): Promise<string>, round(command: string): Promise<Answer>, stop(): Promise<void> }} Peer
 */

/**
 * Makes a peer of a program. Nothing runs until `start()`, which ends when the program has built its objects.
 *
 * @param {{ name: string, command: string, args: string[], env?: Record<string, string> }} program
 * @returns {Peer}
 */
export function createLinePeer({ name, command, args, env }) {
  let child;
  let lines;

  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${name} ended before it answered: ${command} ${args.join(" ")}`);
    return JSON.parse(value);
  };

  return {
    name,
    async start() {
      child = spawn(command, args, {
        stdio: ["pipe", "pipe", "inherit"],
        env: { ...process.env, ...env },
      });
      child.on("error", (error) => {
        throw new Error(`${name} did not start`, { cause: error });
      });
      lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const { ready } = await next();
      return ready;
    },
    round(command) {
      child.stdin.write(`${command}\n`);
      return next();
    },
    // Waits for the end: giving back a gigabyte would disturb whoever runs next.
    async stop() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}
