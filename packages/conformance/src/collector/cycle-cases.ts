import type { Pin, Ptr, Scope } from "@heapwright/core";

import { connect } from "./kinds.js";
import { chain, demandGone, ring, withScene, type Scene } from "./scene.js";
import { without, type CollectorDraft, type CollectorSubject } from "./subject.js";

type Build = (scene: Scene, scope: Scope) => Ptr[];

/** Unreachable graphs: each is freed whole. */
const GRAPHS: readonly (readonly [name: string, title: string, build: Build])[] = [
  ["self-loop", "an object that refers to itself", (scene, scope) => ring(scene, "node", 1, scope)],
  ["pair", "two objects that refer to each other", (scene, scope) => ring(scene, "node", 2, scope)],
  ["ring", "a ring of a hundred objects", (scene, scope) => ring(scene, "node", 100, scope)],
  ["full", "objects that all refer to each other and to themselves", complete],
  ["two-rings", "two rings with an object in common", twoRings],
  ["tail", "a ring with a chain that hangs on it, and one that leads to it", ringWithTails],
  ["backward", "a ring whose references lead to lower addresses", backwardRing],
];

/** Unreachable cycles are freed, whatever their shape. */
export function cycleCases(subject: CollectorSubject): CollectorDraft[] {
  return [
    ...GRAPHS.map(([name, title, build]): CollectorDraft => ({
      id: `cycles/${name}`,
      rule: "cycles",
      title: `frees ${title}`,
      origin: "Lib/test/test_gc.py, CPython 3.11",
      skip: without(subject, "cycles"),
      run: () =>
        withScene(subject, (scene) => {
          const lost = scene.lose((scope) => build(scene, scope));
          scene.heap.gc.collect();
          demandGone(scene, lost, "Nothing refers to them but themselves.");
        }),
    })),
    {
      id: "cycles/beside-the-living",
      rule: "cycles",
      title: "frees a ring that refers to objects which are kept",
      skip: without(subject, "cycles"),
      run: () =>
        withScene(subject, (scene) => {
          const kept = chain(scene, "node", 3, scene.scope);
          const lost = scene.lose((scope) => ring(scene, "node", 3, scope));
          for (const [index, object] of lost.entries()) connect(scene.heap, "node", object, kept[index]!, 1);
          scene.heap.gc.collect();
          demandGone(scene, lost, "That they refer to the living does not keep them.");
        }),
    },
    {
      id: "cycles/again",
      rule: "cycles",
      title: "frees rings in each of five collections",
      skip: without(subject, "cycles"),
      run: () =>
        withScene(subject, (scene) => {
          for (let round = 1; round <= 5; round++) {
            const lost = scene.lose((scope) => ring(scene, "node", 10, scope));
            scene.heap.gc.collect();
            demandGone(scene, lost, `It was collection ${round} of this heap.`);
          }
        }),
    },
    {
      id: "full-collection/old-garbage",
      rule: "full-collection",
      title: "frees rings that were reachable in one, two and three collections before",
      skip: without(subject, "cycles"),
      run: () => demandOldFreed(subject, 2),
    },
    {
      id: "full-collection/by-default",
      rule: "full-collection",
      title: "collects the oldest generation when none is named",
      skip: without(subject, "cycles"),
      run: () => demandOldFreed(subject, undefined),
    },
  ];
}

function complete(scene: Scene, scope: Scope): Ptr[] {
  const objects = Array.from({ length: 3 }, () => scene.make("node", scope));
  for (const object of objects) {
    for (const [slot, other] of objects.entries()) connect(scene.heap, "node", object, other, slot);
  }
  return objects;
}

function twoRings(scene: Scene, scope: Scope): Ptr[] {
  const first = ring(scene, "node", 4, scope);
  const second = ring(scene, "node", 5, scope);
  connect(scene.heap, "node", first[0]!, second[0]!, 1);
  connect(scene.heap, "node", second[2]!, first[0]!, 2);
  return [...first, ...second];
}

function ringWithTails(scene: Scene, scope: Scope): Ptr[] {
  const leading = chain(scene, "node", 3, scope);
  const middle = ring(scene, "node", 3, scope);
  const hanging = chain(scene, "node", 3, scope);
  connect(scene.heap, "node", leading[2]!, middle[0]!, 0);
  connect(scene.heap, "node", middle[1]!, hanging[0]!, 1);
  return [...leading, ...middle, ...hanging];
}

function backwardRing(scene: Scene, scope: Scope): Ptr[] {
  const objects = Array.from({ length: 20 }, () => scene.make("node", scope));
  for (const [index, object] of objects.entries()) {
    connect(scene.heap, "node", object, objects.at(index - 1)!, 0);
  }
  return objects;
}

/** Rings that survive one, two and three collections are lost, and collected. */
function demandOldFreed(subject: CollectorSubject, generation: number | undefined): void {
  withScene(subject, (scene) => {
    const { heap } = scene;
    const lost: Ptr[] = [];
    const holds: Pin[] = [];
    for (let round = 0; round < 3; round++) {
      const objects = scene.lose((scope) => {
        const made = ring(scene, "node", 3, scope);
        holds.push(heap.pin(made[0]!));
        return made;
      });
      lost.push(...objects);
      heap.gc.collect();
    }
    for (const hold of holds) heap.unpin(hold);
    heap.gc.collect(generation);
    demandGone(scene, lost, "They survived earlier collections, but nothing holds them now.");
  });
}
