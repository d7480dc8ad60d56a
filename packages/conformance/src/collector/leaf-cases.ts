import type { Ptr, Scope } from "@heapwright/core";

import { demand } from "../demand.js";
import { connect, setMark } from "./kinds.js";
import { demandGone, demandLive, ring, withScene, type Scene } from "./scene.js";
import { without, type CollectorDraft, type CollectorSubject } from "./subject.js";

/** Objects without references: they are never collected, and still have to go. */
export function leafCases(subject: CollectorSubject): CollectorDraft[] {
  return [
    {
      id: "leaves-go/with-a-ring",
      rule: "leaves-go",
      title: "frees leaves that only a dead ring refers to",
      skip: without(subject, "cycles"),
      run: () =>
        withScene(subject, (scene) => {
          const leaves = loseRingWithLeaves(scene, () => undefined);
          scene.heap.gc.collect();
          demandGone(scene, leaves, "Only dead objects referred to them.");
        }),
    },
    {
      id: "leaves-go/alone",
      rule: "leaves-go",
      title: "frees leaves that nothing ever referred to, when there is no other garbage",
      skip: without(subject, "cycles"),
      run: () =>
        withScene(subject, (scene) => {
          const leaves = scene.lose((scope) => Array.from({ length: 10 }, () => scene.make("leaf", scope)));
          scene.heap.gc.collect();
          demandGone(scene, leaves, "Nothing refers to them.");
        }),
    },
    {
      id: "leaves-go/shared-by-the-dead",
      rule: "leaves-go",
      title: "frees a leaf that many dead objects refer to",
      skip: without(subject, "cycles"),
      run: () =>
        withScene(subject, (scene) => {
          const leaf = scene.lose((scope) => {
            const made = scene.make("leaf", scope);
            for (const object of ring(scene, "node", 300, scope))
              connect(scene.heap, "node", object, made, 1);
            return made;
          });
          scene.heap.gc.collect();
          demandGone(scene, [leaf], "Only dead objects referred to it.");
        }),
    },
    {
      id: "leaves-go/buffers",
      rule: "leaves-go",
      title: "gives back the buffers of dead leaves and lists",
      skip: without(subject, "cycles"),
      run: () => demandBuffersGone(subject),
    },
    {
      id: "leaves-stay/owned",
      rule: "leaves-stay",
      title: "keeps leaves that a scope owns, byte for byte",
      run: () =>
        withScene(subject, (scene) => {
          const leaves = Array.from({ length: 200 }, () => scene.make("leaf"));
          fill(scene, leaves);
          loseRingWithLeaves(scene, () => undefined);
          scene.heap.gc.collect();
          demandFilled(scene, leaves, "A scope owns them.");
        }),
    },
    {
      id: "leaves-stay/referred-to",
      rule: "leaves-stay",
      title: "keeps leaves that living and dead objects refer to, byte for byte",
      run: () =>
        withScene(subject, (scene) => {
          const list = scene.make("list");
          const leaves = loseRingWithLeaves(scene, (leaf) => connect(scene.heap, "list", list, leaf));
          fill(scene, leaves);
          for (let round = 0; round < 2; round++) scene.heap.gc.collect();
          demandFilled(scene, leaves, "A list that is kept refers to them.");
        }),
    },
  ];
}

/** Loses a ring of a hundred objects, each with a leaf of its own. Returns the leaves. */
function loseRingWithLeaves(scene: Scene, each: (leaf: Ptr) => void): Ptr[] {
  return scene.lose((scope: Scope) =>
    ring(scene, "node", 100, scope).map((object) => {
      const leaf = scene.make("leaf", scope);
      connect(scene.heap, "node", object, leaf, 1);
      each(leaf);
      return leaf;
    }),
  );
}

function fill(scene: Scene, leaves: readonly Ptr[]): void {
  const { words } = scene.heap;
  for (const [index, leaf] of leaves.entries()) {
    // Words that look like references and like immediates: nobody must take them for any.
    words[leaf + 1] = leaves[(index + 1) % leaves.length]!;
    words[leaf + 2] = -1 - index;
    words[leaf + 3] = 0x7fff_fff0 - index;
  }
}

function demandFilled(scene: Scene, leaves: readonly Ptr[], why: string): void {
  demandLive(scene, leaves, why);
  const { words } = scene.heap;
  for (const [index, leaf] of leaves.entries()) {
    const expected = [leaves[(index + 1) % leaves.length]!, -1 - index, 0x7fff_fff0 - index];
    const found = [words[leaf + 1]!, words[leaf + 2]!, words[leaf + 3]!];
    demand(
      expected.join() === found.join(),
      `The words of leaf ${index + 1} must be ${expected.join(", ")} after a collection; they are ${found.join(", ")}.`,
    );
  }
}

function demandBuffersGone(subject: CollectorSubject): void {
  withScene(subject, (scene) => {
    const { heap } = scene;
    const before = heap.stats().buffers;
    scene.lose((scope) => {
      for (const object of ring(scene, "node", 20, scope)) {
        const [list, blob] = [scene.make("list", scope), scene.make("blob", scope)];
        heap.items.reserveBytes(blob, 500);
        setMark(heap, "blob", blob, 9);
        connect(heap, "list", list, blob);
        connect(heap, "node", object, list, 1);
      }
    });
    heap.gc.collect();
    const after = heap.stats().buffers;
    demand(
      after === before,
      `The heap had ${before} buffers before a ring with 20 lists and blobs was made, and ${after} after it was collected.`,
    );
  });
}
