import type { Ptr } from "@heapwright/core";

import { demand } from "../demand.js";
import { connect } from "./kinds.js";
import { demandGone, demandLive, ring, withScene, type Scene } from "./scene.js";
import { without, withoutCounter, type CollectorDraft, type CollectorSubject } from "./subject.js";

/** Counts around which bytes and fields wrap: 8 bits, 14 bits, and the part that is kept elsewhere. */
const EDGES = [255, 256, 257, 512, 4096, 8191, 8192, 8448] as const;

/** Counts: exact for the living, whatever died, and exact however large. */
export function countCases(subject: CollectorSubject): CollectorDraft[] {
  return [
    {
      id: "survivor-counts/from-the-dead",
      rule: "survivor-counts",
      title: "takes the references of the dead from the counts of the living",
      skip: withoutCounter(subject),
      run: () => demandDropped(subject, 10),
    },
    {
      id: "survivor-counts/untouched",
      rule: "survivor-counts",
      title: "leaves the counts of a kept graph as they were",
      skip: withoutCounter(subject),
      run: () =>
        withScene(subject, (scene) => {
          const objects = ring(scene, "node", 10, scene.scope);
          for (const object of objects) connect(scene.heap, "node", object, objects[0]!, 2);
          for (let round = 0; round < 3; round++) scene.heap.gc.collect();
          demandCounts(scene, objects, (index) => (index === 0 ? 12 : 2));
        }),
    },
    {
      id: "survivor-counts/last-reference",
      rule: "survivor-counts",
      title: "lets die by its count what only the dead referred to, and what that referred to",
      skip: withoutCounter(subject) ?? without(subject, "cycles"),
      run: () =>
        withScene(subject, (scene) => {
          const { heap } = scene;
          const hanging = scene.lose((scope) => {
            const [object] = ring(scene, "node", 2, scope);
            const untracked = scene.make("node", scope);
            const last = scene.make("leaf", scope);
            connect(heap, "node", object!, untracked, 1);
            connect(heap, "node", untracked, last, 0);
            heap.untrack(untracked);
            return [untracked, last];
          });
          heap.gc.collect();
          demandGone(scene, hanging, "Their last reference was in an object that died.");
        }),
    },
    ...[...EDGES, 20_000].map((count): CollectorDraft => ({
      id: `large-counts/outside-${count}`,
      rule: "large-counts",
      title: `keeps an object that is held ${count} times from outside, and frees it afterwards`,
      run: () => demandHeldOutside(subject, count),
    })),
    ...EDGES.map((count): CollectorDraft => ({
      id: `large-counts/inside-${count}`,
      rule: "large-counts",
      title: `frees a ring in which an object is referred to ${count} times, and not while it is held once more`,
      skip: without(subject, "cycles"),
      run: () => demandHeldInside(subject, count),
    })),
    {
      id: "large-counts/from-the-dead",
      rule: "large-counts",
      title: "takes 10,000 references of the dead from the count of a survivor",
      skip: withoutCounter(subject),
      run: () => demandDropped(subject, 10_000),
    },
    {
      id: "immortals/stay",
      rule: "immortals",
      title: "keeps an immortal object that nothing refers to, and a ring that it refers to",
      run: () =>
        withScene(subject, (scene) => {
          const objects = loseImmortalRing(scene);
          for (let round = 0; round < 3; round++) scene.heap.gc.collect();
          demandLive(scene, objects, "One of them is immortal and refers to the others.");
        }),
    },
    {
      id: "immortals/referred-to-by-the-dead",
      rule: "immortals",
      title: "keeps an immortal object when dead ones referred to it three hundred times",
      run: () =>
        withScene(subject, (scene) => {
          const objects = loseImmortalRing(scene);
          scene.lose((scope) => {
            for (const object of ring(scene, "node", 300, scope))
              connect(scene.heap, "node", object, objects[0]!, 2);
          });
          for (let round = 0; round < 3; round++) scene.heap.gc.collect();
          demandLive(scene, objects, "One of them is immortal and refers to the others.");
        }),
    },
  ];
}

function loseImmortalRing(scene: Scene): Ptr[] {
  return scene.lose((scope) => {
    const objects = ring(scene, "node", 3, scope);
    scene.heap.immortalize(objects[0]!);
    return objects;
  });
}

/** Demands counts of objects that only scopes and their references hold. */
function demandCounts({ heap }: Scene, objects: readonly Ptr[], expected: (index: number) => number): void {
  for (const [index, object] of objects.entries()) {
    const found = heap.count(object);
    demand(
      found === expected(index),
      `The count of object ${index + 1} must be ${expected(index)} after a collection; it is ${found}.`,
    );
  }
}

/** A ring with references to two objects that a scope owns. */
function demandDropped(subject: CollectorSubject, references: number): void {
  withScene(subject, (scene) => {
    const { heap } = scene;
    const kept = [scene.make("node"), scene.make("leaf")];
    scene.lose((scope) => {
      for (const object of ring(scene, "node", references, scope)) {
        for (const [index, target] of kept.entries()) connect(heap, "node", object, target, 1 + index);
      }
    });
    // Where cycles are not freed, the dead have not let go.
    const left = subject.traits.cycles ? 1 : 1 + references;
    heap.gc.collect();
    demandCounts(scene, kept, () => left);
  });
}

function demandHeldOutside(subject: CollectorSubject, count: number): void {
  withScene(subject, (scene) => {
    const { heap } = scene;
    const objects = scene.lose((scope) => {
      const made = ring(scene, "node", 2, scope);
      heap.retain(made[0]!, count);
      return made;
    });
    heap.gc.collect();
    demandLive(scene, objects, `One of them is held ${count} times from outside.`);
    heap.release(objects[0]!, count - 1);
    heap.gc.collect();
    demandLive(scene, objects, "One of them is held once from outside.");
    heap.release(objects[0]!);
    if (!subject.traits.cycles) return;
    heap.gc.collect();
    demandGone(scene, objects, "Nothing holds them any more.");
  });
}

/** An object to which the others of a ring refer, so often in all. */
function demandHeldInside(subject: CollectorSubject, count: number): void {
  withScene(subject, (scene) => {
    const { heap } = scene;
    const held = scene.lose((scope) => {
      const [target, ...others] = ring(scene, "node", Math.ceil(count / 2) + 1, scope);
      // One reference is the ring's own.
      for (let n = 0; n < count - 1; n++) {
        connect(heap, "node", others[n % others.length]!, target!, n < others.length ? 1 : 2);
      }
      return { objects: [target!, ...others], pin: heap.pin(target!) };
    });
    heap.gc.collect();
    demandLive(
      scene,
      held.objects,
      `The first of them has ${count} references from inside and one from outside.`,
    );
    heap.unpin(held.pin);
    heap.gc.collect();
    demandGone(scene, held.objects, `The ${count} references to the first of them all come from inside.`);
  });
}
