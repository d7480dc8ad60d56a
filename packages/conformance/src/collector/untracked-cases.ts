import type { Ptr } from "@heapwright/core";

import { demand } from "../demand.js";
import { connect } from "./kinds.js";
import { demandLive, ring, withScene, type Scene } from "./scene.js";
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
      skip: skipFor(withoutCounter(subject), without(subject, "cycles"), without(subject, "exact")),
      run: () =>
        withScene(subject, (scene) => {
          const objects = loseUntrackedRing(scene);
          scene.heap.gc.collect();
          scene.heap.track(objects[0]!);
          const found = scene.heap.gc.collect();
          demand(
            found === 3,
            `collect() must return 3 when all of a ring are tracked again; it returned ${found}.`,
          );
        }),
    },
    {
      id: "untracked/not-counted",
      rule: "untracked",
      title: "does not count untracked objects",
      skip: skipFor(without(subject, "exact"), without(subject, "cycles")),
      run: () =>
        withScene(subject, (scene) => {
          const { heap } = scene;
          const idle = scene.make("list");
          heap.untrack(idle);
          scene.lose((scope) => {
            for (const object of ring(scene, "node", 2, scope)) connect(heap, "node", object, idle, 1);
          });
          const found = heap.gc.collect();
          demand(
            found === 2,
            `collect() must return 2 for a ring that refers to an untracked object; it returned ${found}.`,
          );
          demandLive(scene, [idle], "It is untracked, and a scope owns it.");
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
