// What is collected: the recorded graphs, and lists linked into plain shapes.
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));

const YOUNG = 2000;
// A young collection takes some 50 µs: a round is the mean of many.
const YOUNG_TIMES = 100;

/**
 * One row of the report. A peer builds what `graph` or `shape` says, then answers `command` once a round:
 *
 * - `collect 2`: a full collection; survivors stay, garbage went before the first round
 * - `young-live N`, `young-garbage N`: the mean of N young collections over old lists of the same shape
 *
 * @typedef {object} Contest
 * @property {string} name
 * @property {"graph" | "shape" | "young"} kind
 * @property {string} command
 * @property {string} [graph] path of the recorded graph (.pymg)
 * @property {string} [program] path of the Python program that builds it
 * @property {string} [shape] rings, tree or random4, "/heads first" perhaps, as python/shapes.py says
 * @property {number} [old] lists that are old
 * @property {number} [young] lists that are young
 */

/**
 * All contests there are on this machine; the graphs are those of HEAPWRIGHT_TRACES.
 *
 * @param {number[]} counts lists in a shape
 * @returns {Contest[]}
 */
export function findContests(counts) {
  const shapes = ["rings", "tree", "random4"];
  const full = counts.flatMap((old) =>
    [...shapes, "rings/heads first"].map((shape) => ({
      name: `${shape.replace("/", ", ")} ${inShort(old)}`,
      kind: "shape",
      command: "collect 2",
      shape,
      old,
      young: 0,
    })),
  );
  const young = counts.flatMap((old) =>
    shapes.flatMap((shape) =>
      ["live", "garbage"].map((state) => ({
        name: `young ${state} ${shape} ${inShort(old)}`,
        kind: "young",
        command: `young-${state} ${YOUNG_TIMES}`,
        shape,
        old,
        young: YOUNG,
      })),
    ),
  );
  return [...graphs(), ...full, ...young];
}

function graphs() {
  const traces = process.env.HEAPWRIGHT_TRACES ?? join(root, "../shared/traces");
  const folder = join(traces, "graphs");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.includes(".pymg"))
    .map((file) => {
      const name = basename(file).replace(/\.pymg.*$/, "");
      const program = join(traces, "graph_programs", `${name}.py`);
      return { name, kind: "graph", command: "collect 2", graph: join(folder, file), program };
    });
}

function inShort(count) {
  return count % 1e6 === 0 ? `${count / 1e6} M` : `${count / 1e3} k`;
}
