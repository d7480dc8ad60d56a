import { demand } from "../demand.js";
import { connect, setMark, type KindName } from "./kinds.js";
import { chain, ring, withScene, type Scene } from "./scene.js";
import {
  without,
  withCounter,
  withoutCounter,
  type CollectorDraft,
  type CollectorSubject,
} from "./subject.js";

/** How many unreachable tracked objects each of these leaves behind. */
const GARBAGE: readonly (readonly [name: string, title: string, lose: (scene: Scene) => number])[] = [
  ["nothing", "0 when there is no garbage", () => 0],
  ["self-loop", "1 for an object that refers to itself", (scene) => loseRing(scene, "list", 1)],
  ["ring", "100 for a ring of 100", (scene) => loseRing(scene, "node", 100)],
  ["sum", "the sum of rings of several layouts", (scene) => loseSeveral(scene)],
  ["hanging", "what hangs on a ring, too", (scene) => loseHanging(scene)],
  ["leaves", "no leaves", (scene) => loseWithLeaves(scene)],
];

/** What `collect` returns, and what `getStats` makes of it. */
export function numberCases(subject: CollectorSubject): CollectorDraft[] {
  return [
    ...GARBAGE.map(([name, title, lose]): CollectorDraft => ({
      id: `exact-number/${name}`,
      rule: "exact-number",
      title: `returns ${title}`,
      origin: "Lib/test/test_gc.py, CPython 3.11",
      skip: without(subject, "exact"),
      run: () =>
        withScene(subject, (scene) => {
          chain(scene, "node", 3, scene.scope);
          demandNumber(scene, lose(scene));
          demandNumber(scene, 0);
        }),
    })),
    {
      id: "exact-number/chains",
      rule: "exact-number",
      title: "returns 0 for garbage that died by its counts before",
      skip: without(subject, "exact") ?? withoutCounter(subject),
      run: () => demandChain(subject, 0),
    },
    {
      id: "exact-number/chains-uncounted",
      rule: "exact-number",
      title: "returns the length of an unreachable chain in a heap without counts",
      skip: without(subject, "exact") ?? withCounter(subject),
      run: () => demandChain(subject, 20),
    },
    {
      id: "exact-number/stats",
      rule: "exact-number",
      title: "adds up collections and objects in getStats",
      origin: "gc_get_stats_impl, Modules/gcmodule.c, CPython 3.11",
      skip: without(subject, "exact"),
      run: () => demandStats(subject),
    },
  ];
}

/** Demands that a collection returns a number. */
export function demandNumber({ heap }: Scene, expected: number, generation = 2): void {
  const found = heap.gc.collect(generation);
  demand(found === expected, `collect(${generation}) must return ${expected}; it returned ${found}.`);
}

function loseRing(scene: Scene, kind: KindName, length: number): number {
  scene.lose((scope) => ring(scene, kind, length, scope));
  return length;
}

function loseSeveral(scene: Scene): number {
  const kinds: readonly KindName[] = ["node", "list", "dict", "array", "bits", "custom"];
  return kinds.reduce((sum, kind, index) => sum + loseRing(scene, kind, index + 1), 0);
}

function loseHanging(scene: Scene): number {
  scene.lose((scope) => {
    const [object] = ring(scene, "node", 1, scope);
    connect(scene.heap, "node", object!, chain(scene, "node", 4, scope)[0]!, 1);
  });
  return 5;
}

function loseWithLeaves(scene: Scene): number {
  scene.lose((scope) => {
    for (const object of ring(scene, "node", 3, scope)) {
      const leaf = scene.make("leaf", scope);
      setMark(scene.heap, "leaf", leaf, 7);
      connect(scene.heap, "node", object, leaf, 1);
    }
  });
  return 3;
}

function demandChain(subject: CollectorSubject, expected: number): void {
  withScene(subject, (scene) => {
    scene.lose((scope) => chain(scene, "node", 20, scope));
    demandNumber(scene, expected);
  });
}

function demandStats(subject: CollectorSubject): void {
  withScene(subject, (scene) => {
    const { gc } = scene.heap;
    const [before] = gc.getStats().slice(2);
    for (let length = 1; length <= 4; length++) {
      loseRing(scene, "node", length);
      gc.collect(2);
    }
    const [after] = gc.getStats().slice(2);
    const collections = after!.collections - before!.collections;
    const collected = after!.collected - before!.collected;
    demand(
      collections === 4 && collected === 10,
      `getStats()[2] must have grown by 4 collections and 10 objects; it grew by ${collections} and ${collected}.`,
    );
  });
}
