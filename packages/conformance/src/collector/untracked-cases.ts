import type { Ptr } from "@heapwright/core";

import { connect } from "./kinds.js";
import { demandGone, demandLive, ring, withScene, type Scene } from "./scene.js";
import { skipFor, withoutCounter, without, type CollectorDraft, type CollectorSubject } from "./subject.js";

/** Objects that the collector was told not to look at. */
export function untrackedCases(subject: CollectorSubject): CollectorDraft[] {
  return [
    {
      id: "untracked/holder",
      rule: "untracked",
      title: "keeps what a kept untracked object refers to",
      run: () =>
        withScene(subject, (scene) => {
          const holder = scene.make("list");
          const kept = scene.lose((scope) => {
            const objects = ring(scene, "node", 3, scope);
            connect(scene.heap, "list", holder, objects[0]!);
            return objects;
          });
          scene.heap.untrack(holder);
          for (let round = 0; round < 2; round++) scene.heap.gc.collect();
          demandLive(scene, [holder, ...kept], "An untracked object that a scope owns refers to them.");
        }),
    },
    {
      id: "untracked/in-a-ring",
      rule: "untracked",
      title: "keeps a ring through an untracked object: its references count as ones from outside",
      origin: "PyObject_GC_UnTrack, Doc/c-api/gcsupport.rst, CPython 3.11",
      skip: withoutCounter(subject),
      run: () =>
        withScene(subject, (scene) => {
          const objects = loseUntrackedRing(scene);
          scene.heap.gc.collect();
          demandLive(
            scene,
            objects,
            "One object of the ring is untracked, and the collector does not look at it.",
          );
        }),
    },
    {
      id: "untracked/tracked-again",
      rule: "untracked",
      title: "frees such a ring once the object is tracked again",
      skip: skipFor(withoutCounter(subject), without(subject, "cycles")),
      run: () =>
        withScene(subject, (scene) => {
          const objects = loseUntrackedRing(scene);
          scene.heap.gc.collect();
          scene.heap.track(objects[0]!);
          scene.heap.gc.collect();
          demandGone(
            scene,
            objects,
            "All objects of the ring are tracked again, and nothing else refers to them.",
          );
        }),
    },
  ];
}

function loseUntrackedRing(scene: Scene): Ptr[] {
  return scene.lose((scope) => {
    const objects = ring(scene, "node", 3, scope);
    scene.heap.untrack(objects[0]!);
    return objects;
  });
}
