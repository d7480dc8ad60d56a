// Runs programs in turn: one round of each, then the next round of each. What
// disturbs the machine then meets them all, and a ratio is taken within a round.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/**
 * A program that prints "ready", then answers each line it gets with a number on a line of its own.
 *
 * @typedef {{ name: string, command: string, args: string[], line: string }} Contestant
 */

/**
 * Plays rounds, in several processes of each program one after the other: how V8 compiles a loop and where the system
 * places a heap differ from process to process, and stay the same within one.
 *
 * @param {Contestant[]} contestants
 * @param {{ rounds: number, warmups: number, processes: number }} how
 * @returns {Promise<Map<string, number[]>>} the answers by name, in the order of the rounds
 */
export async function interleave(contestants, { rounds, warmups, processes }) {
  const answers = new Map(contestants.map(({ name }) => [name, []]));
  for (let process = 0; process < processes; process++) {
    for (const [name, more] of await playProcesses(contestants, rounds, warmups))
      answers.get(name).push(...more);
  }
  return answers;
}

async function playProcesses(contestants, rounds, warmups) {
  const running = [];
  try {
    for (const contestant of contestants) running.push(await start(contestant));
    const answers = new Map(contestants.map(({ name }) => [name, []]));
    for (let round = -warmups; round < rounds; round++) {
      for (const { contestant, ask } of running) {
        const answer = await ask(contestant.line);
        if (round >= 0) answers.get(contestant.name).push(answer);
      }
    }
    return answers;
  } finally {
    for (const { child } of running) child.kill();
  }
}

async function start(contestant) {
  const child = spawn(contestant.command, contestant.args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${contestant.name} ended before it answered.`);
    return value;
  };
  child.on("error", (error) => {
    throw new Error(`${contestant.name} did not start`, { cause: error });
  });
  const ready = await next();
  if (ready !== "ready") throw new Error(`${contestant.name} said "${ready}" instead of "ready".`);
  const ask = async (line) => {
    child.stdin.write(`${line}\n`);
    return Number(await next());
  };
  return { contestant, child, ask };
}

/** The middle of a list of numbers; the lower one of two. */
export function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[(numbers.length - 1) >> 1];
}
