import { demand, demandRefusal } from "../demand.js";
import { isLive, ring, withScene, type Scene } from "./scene.js";
import {
  skipFor,
  without,
  withoutCounter,
  withoutGenerations,
  type CollectorDraft,
  type CollectorSubject,
} from "./subject.js";

/** The rest of `heap.gc`: when to collect, and how far it is to the next collection. */
export function controlCases(subject: CollectorSubject): CollectorDraft[] {
  const draft = (id: string, title: string, body: (scene: Scene) => void, skip?: string): CollectorDraft => ({
    id,
    rule: id.slice(0, id.indexOf("/")) as CollectorDraft["rule"],
    title,
    origin: "Modules/gcmodule.c, CPython 3.11",
    skip,
    run: () => withScene(subject, body),
  });
  const automatic = skipFor(without(subject, "automatic"), without(subject, "cycles"));
  return [
    draft("thresholds/set", "returns the thresholds that were set, and keeps those left out", setsThresholds),
    draft(
      "thresholds/refused",
      "refuses bad thresholds and generations with a code, and changes nothing",
      refuses,
    ),
    draft("get-count/births", "counts tracked objects born since the last collection", countsBirths),
    draft("get-count/deaths", "takes those that died from the count", countsDeaths, withoutCounter(subject)),
    draft(
      "get-count/generations",
      "counts collections of younger generations",
      countsCollections,
      withoutGenerations(subject),
    ),
    draft(
      "automatic/happens",
      "collects by itself when enough garbage was born",
      collectsByItself,
      automatic,
    ),
    draft(
      "automatic/enabled-again",
      "collects by itself after disable() and enable()",
      collectsAgain,
      automatic,
    ),
    draft("automatic/disabled", "never collects by itself while disabled", (scene) =>
      demandNone(scene, () => undefined),
    ),
    draft("automatic/threshold", "never collects by itself with a threshold of 0", (scene) =>
      demandNone(scene, ({ heap }) => {
        heap.gc.setThreshold(0);
        heap.gc.enable();
      }),
    ),
  ];
}

function demandSame(what: string, expected: readonly number[], found: readonly number[]): void {
  demand(
    expected.join() === found.join(),
    `${what} must be ${expected.join(", ")}; it is ${found.join(", ")}.`,
  );
}

function setsThresholds({ heap: { gc } }: Scene): void {
  gc.setThreshold(500, 7, 9);
  demandSame("getThreshold() after setThreshold(500, 7, 9)", [500, 7, 9], gc.getThreshold());
  gc.setThreshold(2 ** 31 - 1, 0);
  demandSame("getThreshold() after setThreshold(2147483647, 0)", [2 ** 31 - 1, 0, 9], gc.getThreshold());
  gc.setThreshold(0);
  demandSame("getThreshold() after setThreshold(0)", [0, 0, 9], gc.getThreshold());
  gc.collect();
  demandSame("getThreshold() after a collection", [0, 0, 9], gc.getThreshold());
}

function refuses(scene: Scene): void {
  const { gc } = scene.heap;
  ring(scene, "node", 3, scene.scope);
  gc.setThreshold(600, 5, 4);
  const picture = (): string => JSON.stringify([gc.getThreshold(), gc.getCount(), gc.getStats()]);
  const before = picture();
  for (const bad of [[], [-1], [1.5], [2 ** 31], [100, -1], [1, 2, 3, 4], [NaN]]) {
    demandRefusal(`setThreshold(${bad.join(", ")})`, ["ERR_BAD_OPTION"], () => gc.setThreshold(...bad));
  }
  for (const bad of [-1, 3, 0.5, NaN, "1" as unknown as number]) {
    demandRefusal(`collect(${String(bad)})`, ["ERR_BAD_OPTION"], () => gc.collect(bad));
  }
  const after = picture();
  demand(
    before === after,
    `Refused calls must change nothing. Thresholds, counts and figures were ${before}; they are ${after}.`,
  );
}

function countsBirths(scene: Scene): void {
  const { gc } = scene.heap;
  gc.collect();
  demandSame("getCount()[0] after a collection", [0], gc.getCount().slice(0, 1));
  ring(scene, "list", 5, scene.scope);
  for (let n = 0; n < 3; n++) scene.make("leaf");
  demandSame("getCount()[0] after 5 lists and 3 leaves were made", [5], gc.getCount().slice(0, 1));
  gc.collect(0);
  demandSame("getCount()[0] after a collection", [0], gc.getCount().slice(0, 1));
}

function countsDeaths(scene: Scene): void {
  const { gc } = scene.heap;
  gc.collect();
  ring(scene, "node", 5, scene.scope);
  scene.lose((scope) => scene.make("node", scope));
  demandSame("getCount()[0] after 6 nodes were made and one died", [5], gc.getCount().slice(0, 1));
}

function countsCollections({ heap: { gc } }: Scene): void {
  const steps: readonly (readonly [generation: number, expected: readonly number[]])[] = [
    [2, [0, 0, 0]],
    [0, [0, 1, 0]],
    [0, [0, 2, 0]],
    [1, [0, 0, 1]],
    [0, [0, 1, 1]],
    [1, [0, 0, 2]],
    [2, [0, 0, 0]],
  ];
  for (const [generation, expected] of steps) {
    gc.collect(generation);
    demandSame(`getCount() after collect(${generation})`, expected, gc.getCount());
  }
}

/** Objects that {@link churn} makes. */
const BIRTHS = 30_000;

/**
 * Makes and loses objects that refer to themselves: a collection in between finds each whole, and of one age. Returns how
 * many were freed by the end.
 */
export function churn(scene: Scene): number {
  const { heap } = scene;
  const before = heap.stats().buriedObjects;
  for (let made = 0; made < BIRTHS; made++) scene.lose((scope) => ring(scene, "node", 1, scope));
  return heap.stats().buriedObjects - before;
}

function collectsByItself(scene: Scene): void {
  scene.heap.gc.setThreshold(1000);
  scene.heap.gc.enable();
  demandHalfFreed(churn(scene));
}

function collectsAgain(scene: Scene): void {
  const { gc } = scene.heap;
  gc.enable();
  gc.disable();
  demand(!gc.isEnabled(), "isEnabled() must be false after disable().");
  gc.setThreshold(1000);
  gc.enable();
  demand(gc.isEnabled(), "isEnabled() must be true after enable().");
  demandHalfFreed(churn(scene));
}

/** Demands that most of what {@link churn} made was freed. */
export function demandHalfFreed(freed: number): void {
  demand(
    freed > BIRTHS / 2,
    `Of ${BIRTHS} objects of garbage, more than half must be freed by themselves with a threshold of 1,000; ${freed} were.`,
  );
}

function demandNone(scene: Scene, prepare: (scene: Scene) => void): void {
  const { heap } = scene;
  prepare(scene);
  const watched = scene.lose((scope) => ring(scene, "node", 3, scope));
  const before = heap.gc.getStats().map(({ collections }) => collections);
  const freed = churn(scene);
  const after = heap.gc.getStats().map(({ collections }) => collections);
  demandSame("The number of collections, of each generation,", before, after);
  demand(
    freed === 0 && watched.every((object) => isLive(scene, object)),
    `${freed} objects were freed by themselves.`,
  );
  scene.lose((scope) => ring(scene, "node", 3, scope));
  for (const ask of [() => heap.gc.getThreshold(), () => heap.gc.getCount(), () => heap.gc.getStats()]) ask();
  demand(
    watched.every((object) => isLive(scene, object)),
    "Asking for figures must not collect.",
  );
}
