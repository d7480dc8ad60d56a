import { demand } from "../demand.js";
import { LARGE_BYTES, chain, demandLive, isLive, ring, withScene, type Scene } from "./scene.js";
import { without, type CollectorDraft, type CollectorSubject } from "./subject.js";

/** Objects of garbage in small rings. */
const MANY = 300_000;

/** Objects that are held one by one. */
const HELD = 100_000;

/** Objects in one chain. */
const DEEP = 200_000;

/** Graphs that no fixed stack and no recursion can hold. */
export function sizeCases(subject: CollectorSubject): CollectorDraft[] {
  return [
    {
      id: "big-garbage/rings",
      rule: "big-garbage",
      title: "frees three hundred thousand objects in rings of ten at once",
      skip: without(subject, "cycles"),
      run: () => demandBigGarbage(subject, 10),
    },
    {
      id: "big-garbage/living",
      rule: "big-garbage",
      title: "keeps a hundred thousand objects that a scope owns",
      run: () =>
        inLargeScene(subject, (scene) => {
          const objects = ring(scene, "node", HELD, scene.scope);
          scene.heap.gc.collect();
          demandLive(scene, objects, "A scope owns them.");
        }),
    },
    {
      id: "deep/garbage",
      rule: "deep",
      title: "frees a ring of two hundred thousand objects",
      skip: without(subject, "cycles"),
      run: () => demandDeepGarbage(subject),
    },
    {
      id: "deep/kept",
      rule: "deep",
      title: "follows a chain of two hundred thousand objects from its first one",
      run: () =>
        inLargeScene(subject, (scene) => {
          const objects = scene.lose((scope) => {
            const made = chain(scene, "node", DEEP, scope);
            scope.escape(made[0]!);
            return made;
          });
          scene.heap.gc.collect();
          demandLive(scene, objects, "A scope owns the first of them, which leads to all.");
        }),
    },
  ];
}

function inLargeScene(subject: CollectorSubject, body: (scene: Scene) => void): void {
  withScene(subject, body, { maxBytes: LARGE_BYTES });
}

function demandBigGarbage(subject: CollectorSubject, length: number): void {
  inLargeScene(subject, (scene) => {
    const lost = scene.lose((scope) => {
      const objects = [];
      for (let made = 0; made < MANY; made += length) objects.push(...ring(scene, "node", length, scope));
      return objects;
    });
    scene.heap.gc.collect();
    const left = lost.filter((object) => isLive(scene, object)).length;
    demand(left === 0, `${left} of ${MANY} unreachable objects were not freed.`);
  });
}

function demandDeepGarbage(subject: CollectorSubject): void {
  inLargeScene(subject, (scene) => {
    const lost = scene.lose((scope) => ring(scene, "node", DEEP, scope));
    scene.heap.gc.collect();
    const left = lost.filter((object) => isLive(scene, object)).length;
    demand(left === 0, `${left} of a ring of ${DEEP} unreachable objects were not freed.`);
  });
}
