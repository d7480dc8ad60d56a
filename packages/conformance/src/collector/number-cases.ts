import { demand } from "../demand.js";
import { connect, setMark } from "./kinds.js";
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
  ["pair", "2 for two objects that refer to each other", (scene) => loseRing(scene, 2)],
  ["ring", "100 for a ring of 100", (scene) => loseRing(scene, 100)],
  ["sum", "the sum of several rings", (scene) => loseSeveral(scene)],
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
      id: "exact-number/resurrected",
      rule: "exact-number",
      title: "does not count what a finalizer resurrected",
      skip: without(subject, "exact"),
      run: () =>
        withScene(subject, (scene) => {
          scene.hooks.finalize = (object, heap) => void heap.pin(object);
          scene.lose((scope) => {
            const phoenix = scene.make("phoenix", scope);
            const [leading] = ring(scene, "node", 3, scope);
            connect(scene.heap, "node", leading!, phoenix, 1);
            connect(scene.heap, "phoenix", phoenix, phoenix, 0);
          });
          demandNumber(scene, 3);
        }),
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

/** Demands that a collection returns a number. Where it frees something else, that is another rule's business. */
function demandNumber({ heap }: Scene, expected: number): void {
  const before = heap.stats().tracked;
  const found = heap.gc.collect(2);
  const freed = before - heap.stats().tracked;
  if (freed !== expected) return;
  demand(
    found === expected,
    `collect(2) must return ${expected}, since it freed so many; it returned ${found}.`,
  );
}

function loseRing(scene: Scene, length: number): number {
  scene.lose((scope) => ring(scene, "node", length, scope));
  return length;
}

function loseSeveral(scene: Scene): number {
  return [2, 3, 4, 5].reduce((sum, length) => sum + loseRing(scene, length), 0);
}

function loseHanging(scene: Scene): number {
  scene.lose((scope) => {
    const [object] = ring(scene, "node", 2, scope);
    connect(scene.heap, "node", object!, chain(scene, "node", 4, scope)[0]!, 1);
  });
  return 6;
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
    const before = gc.getStats()[2];
    const trackedBefore = scene.heap.stats().tracked;
    loseSeveral(scene);
    for (let round = 0; round < 4; round++) gc.collect(2);
    if (scene.heap.stats().tracked !== trackedBefore) return;
    const after = gc.getStats()[2];
    const collections = after!.collections - before!.collections;
    const collected = after!.collected - before!.collected;
    demand(
      collections === 4 && collected === 14,
      `getStats()[2] must have grown by 4 collections and 14 objects; it grew by ${collections} and ${collected}.`,
    );
  });
}
