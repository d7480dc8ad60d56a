import type { Ptr } from "@heapwright/core";

import { connect } from "./kinds.js";
import { chain, demandLive, ring, withScene, type Scene } from "./scene.js";
import type { CollectorDraft, CollectorSubject } from "./subject.js";

/** Builds a graph that something holds. */
type Build = (scene: Scene) => Ptr[];

const GRAPHS: readonly (readonly [name: string, title: string, build: Build])[] = [
  ["root", "an object that a scope owns", (scene) => [scene.make("node")]],
  ["ring", "a ring of which a scope owns one object", (scene) => heldRing(scene, 0)],
  ["middle", "a ring whose owned object is in the middle of its addresses", (scene) => heldRing(scene, 50)],
  ["last", "a ring whose owned object has its highest address", (scene) => heldRing(scene, 99)],
  ["backward", "a chain that leads from the highest address to the lowest", backwardChain],
  ["zigzag", "a chain that leads to and fro between low and high addresses", zigzag],
  ["diamond", "what several paths lead to", diamond],
  ["behind-garbage", "what the living and the dead refer to", besideGarbage],
  ["long", "the last object of a long chain", (scene) => heldChain(scene, 2000)],
];

/** Reachable objects are kept. Objects are made by rising address here, in most heaps. */
export function keepCases(subject: CollectorSubject): CollectorDraft[] {
  return GRAPHS.map(([name, title, build]) => ({
    id: `keeps/${name}`,
    rule: "keeps",
    title: `keeps ${title}`,
    run: () =>
      withScene(subject, (scene) => {
        const kept = build(scene);
        for (let round = 0; round < 3; round++) scene.heap.gc.collect();
        demandLive(scene, kept, "They can be reached from what a scope owns.");
      }),
  }));
}

function heldRing(scene: Scene, root: number): Ptr[] {
  return scene.lose((scope) => {
    const objects = ring(scene, "node", 100, scope);
    scope.escape(objects[root]!);
    return objects;
  });
}

function heldChain(scene: Scene, length: number): Ptr[] {
  return scene.lose((scope) => {
    const objects = chain(scene, "node", length, scope);
    scope.escape(objects[0]!);
    return objects;
  });
}

function backwardChain(scene: Scene): Ptr[] {
  return heldPath(scene, (position) => 99 - position);
}

function zigzag(scene: Scene): Ptr[] {
  return heldPath(scene, (position) => (position % 2 === 0 ? position / 2 : 99 - (position - 1) / 2));
}

/** A chain of a hundred objects, made in order, that leads from one to the next of a path. */
function heldPath(scene: Scene, path: (position: number) => number): Ptr[] {
  return scene.lose((scope) => {
    const objects = Array.from({ length: 100 }, () => scene.make("node", scope));
    for (let position = 1; position < 100; position++) {
      connect(scene.heap, "node", objects[path(position - 1)]!, objects[path(position)]!, 0);
    }
    scope.escape(objects[path(0)]!);
    return objects;
  });
}

function diamond(scene: Scene): Ptr[] {
  return scene.lose((scope) => {
    const [top, left, right, bottom] = Array.from({ length: 4 }, () => scene.make("node", scope));
    for (const [slot, side] of [left!, right!].entries()) {
      connect(scene.heap, "node", top!, side, slot);
      connect(scene.heap, "node", side, bottom!, 2);
    }
    scope.escape(top!);
    return [top!, left!, right!, bottom!];
  });
}

function besideGarbage(scene: Scene): Ptr[] {
  const root = scene.make("node");
  const shared = scene.lose((scope) => {
    const object = scene.make("node", scope);
    connect(scene.heap, "node", root, object, 0);
    return object;
  });
  scene.lose((scope) => {
    for (const object of ring(scene, "node", 5, scope)) connect(scene.heap, "node", object, shared, 1);
  });
  return [root, shared];
}
