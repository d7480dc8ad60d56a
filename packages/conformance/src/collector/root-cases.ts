import { NULL, type Ptr } from "@heapwright/core";

import { connect } from "./kinds.js";
import { demandGone, demandLive, ring, withScene, type Scene } from "./scene.js";
import { without, type CollectorDraft, type CollectorSubject } from "./subject.js";

/** Whatever can hold an object from outside the heap, and lets go of it again. */
export function rootCases(subject: CollectorSubject): CollectorDraft[] {
  return [
    {
      id: "roots/inner-scope",
      rule: "roots",
      title: "keeps what an inner scope owns, until it is closed",
      run: () =>
        withScene(subject, (scene) => {
          const { heap } = scene;
          const objects = heap.scope((scope) => {
            const made = ring(scene, "node", 3, scope);
            heap.gc.collect();
            demandLive(scene, made, "An inner scope owns them.");
            return made;
          });
          collectAndDemandGone(subject, scene, objects, "The scope that owned them was closed.");
        }),
    },
    {
      id: "roots/escaped",
      rule: "roots",
      title: "keeps what escaped from an inner scope",
      run: () =>
        withScene(subject, (scene) => {
          const escaped = scene.lose((scope) => scope.escape(ring(scene, "node", 1, scope)[0]!));
          scene.heap.gc.collect();
          demandLive(scene, [escaped], "It escaped to a scope that is open.");
        }),
    },
    {
      id: "roots/pin",
      rule: "roots",
      title: "keeps what is pinned, until it is unpinned",
      run: () =>
        demandHolds(subject, "pin", (scene, object) => {
          const pin = scene.heap.pin(object);
          return () => scene.heap.unpin(pin);
        }),
    },
    {
      id: "roots/retain",
      rule: "roots",
      title: "keeps what is retained, until it is released",
      run: () =>
        demandHolds(subject, "retain", (scene, object) => {
          scene.heap.retain(object, 3);
          return () => scene.heap.release(object, 3);
        }),
    },
    {
      id: "roots/retained-less",
      rule: "roots",
      title: "keeps what was retained three times and released twice",
      run: () =>
        withScene(subject, (scene) => {
          const object = scene.lose((scope) => {
            const [made] = ring(scene, "node", 1, scope);
            scene.heap.retain(made!, 3);
            return made!;
          });
          scene.heap.release(object);
          scene.heap.release(object);
          scene.heap.gc.collect();
          demandLive(scene, [object], "It was retained three times and released twice.");
        }),
    },
    {
      id: "roots/twice",
      rule: "roots",
      title: "keeps what two scopes and two pins hold",
      run: () =>
        withScene(subject, (scene) => {
          const { heap } = scene;
          const objects = ring(scene, "node", 3, scene.scope);
          heap.scope((scope) => {
            for (const object of objects) {
              scope.own(object);
              for (let n = 0; n < 2; n++) heap.pin(object);
            }
            heap.gc.collect();
            demandLive(scene, objects, "Two scopes own them, and they are pinned twice.");
          });
        }),
    },
    {
      id: "roots/field",
      rule: "roots",
      title: "keeps what a field or an item of a kept object refers to, until it is overwritten",
      run: () => demandFieldsHold(subject),
    },
    {
      id: "roots/many",
      rule: "roots",
      title: "keeps what three thousand pins and a scope of three thousand hold",
      run: () =>
        withScene(subject, (scene) => {
          const { heap } = scene;
          const pinned = scene.lose((scope) => {
            const objects = Array.from({ length: 3000 }, () => ring(scene, "node", 1, scope)[0]!);
            for (const object of objects) heap.pin(object);
            return objects;
          });
          const owned = Array.from({ length: 3000 }, () => ring(scene, "node", 1, scene.scope)[0]!);
          heap.gc.collect();
          demandLive(scene, pinned, "They are pinned.");
          demandLive(scene, owned, "A scope owns them.");
        }),
    },
  ];
}

/** Holds one object of a ring, collects, lets go, collects. */
function demandHolds(
  subject: CollectorSubject,
  what: string,
  hold: (scene: Scene, object: Ptr) => () => void,
): void {
  withScene(subject, (scene) => {
    const held = scene.lose((scope) => {
      const objects = ring(scene, "node", 3, scope);
      return { objects, letGo: hold(scene, objects[0]!) };
    });
    for (let round = 0; round < 2; round++) scene.heap.gc.collect();
    demandLive(scene, held.objects, `They are held by ${what}.`);
    held.letGo();
    collectAndDemandGone(subject, scene, held.objects, `They are not held by ${what} any more.`);
  });
}

function demandFieldsHold(subject: CollectorSubject): void {
  withScene(subject, (scene) => {
    const { heap } = scene;
    const [node, list] = [scene.make("node"), scene.make("list")];
    const [inField, inItem] = scene.lose((scope) => {
      const rings = [ring(scene, "node", 2, scope), ring(scene, "node", 2, scope)] as const;
      connect(heap, "node", node, rings[0][0]!, 2);
      connect(heap, "list", list, rings[1][0]!);
      return rings;
    });
    heap.gc.collect();
    demandLive(scene, inField, "A field of a kept object refers to them.");
    demandLive(scene, inItem, "An item of a kept list refers to them.");
    heap.set(node, 2, NULL);
    heap.items.set(list, 0, NULL);
    collectAndDemandGone(subject, scene, [...inField, ...inItem], "The fields were overwritten.");
  });
}

function collectAndDemandGone(
  subject: CollectorSubject,
  scene: Scene,
  objects: readonly Ptr[],
  why: string,
): void {
  if (without(subject, "cycles") !== undefined) return;
  scene.heap.gc.collect();
  demandGone(scene, objects, why);
}
