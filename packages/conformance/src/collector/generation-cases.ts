import type { Ptr } from "@heapwright/core";

import { demand } from "../demand.js";
import { connect } from "./kinds.js";
import { demandGone, demandLive, isLive, ring, withScene, type Scene } from "./scene.js";
import {
  skipFor,
  without,
  withoutGenerations,
  type CollectorDraft,
  type CollectorSubject,
} from "./subject.js";

/** Three generations, as CPython had them until 3.12. */
export function generationCases(subject: CollectorSubject): CollectorDraft[] {
  const draft = (id: string, title: string, body: (scene: Scene) => void): CollectorDraft => ({
    id,
    rule: id.slice(0, id.indexOf("/")) as CollectorDraft["rule"],
    title,
    origin: "gc_collect_main, Modules/gcmodule.c, CPython 3.11",
    skip: skipFor(withoutGenerations(subject), without(subject, "cycles")),
    run: () => withScene(subject, body),
  });
  return [
    draft("young-only/frees-young", "frees young garbage in a collection of generation 0", freesYoung),
    draft(
      "young-only/leaves-older",
      "leaves garbage of generations 1 and 2 to collections of their own",
      leavesOlder,
    ),
    draft("young-only/takes-younger", "takes the younger generations along", takesYounger),
    draft("ageing/moves-up", "moves what survives from generation 0 to 1 to 2, where it stays", movesUp),
    draft("ageing/by-full", "moves everything into generation 2 in a full collection", movesAllUp),
    draft("ageing/newborn", "has new objects in generation 0, between old ones", startsYoung),
    draft("ageing/place", "puts an object into the generation that place() names", places),
    draft("old-keeps-young/kept", "keeps what an old object that is kept refers to", keepsFromOld),
    draft(
      "old-keeps-young/garbage",
      "keeps what old garbage refers to until that is collected",
      keepsFromOldGarbage,
    ),
    draft("old-keeps-young/middle", "keeps what an object of generation 1 refers to", keepsFromMiddle),
  ];
}

/** A lost ring that was put into a generation. */
function loseOld(scene: Scene, generation: number): Ptr[] {
  return scene.lose((scope) => {
    const objects = ring(scene, "node", 3, scope);
    for (const object of objects) scene.heap.gc.place(object, generation);
    return objects;
  });
}

function freesYoung(scene: Scene): void {
  const lost = scene.lose((scope) => ring(scene, "node", 3, scope));
  scene.heap.gc.collect(0);
  demandGone(scene, lost, "They were young garbage, and generation 0 was collected.");
}

function leavesOlder(scene: Scene): void {
  const oldest = loseOld(scene, 2);
  const middle = loseOld(scene, 1);
  scene.heap.gc.collect(0);
  demandLive(scene, middle, "They are in generation 1, and generation 0 was collected.");
  scene.heap.gc.collect(1);
  demandGone(scene, middle, "They were garbage in generation 1, which was collected.");
  demandLive(scene, oldest, "They are in generation 2, and generation 1 was collected.");
  scene.heap.gc.collect(2);
  demandGone(scene, oldest, "They were garbage in generation 2, which was collected.");
}

function takesYounger(scene: Scene): void {
  const young = scene.lose((scope) => ring(scene, "node", 3, scope));
  scene.heap.gc.collect(1);
  demandGone(scene, young, "They were young garbage, and generation 1 was collected, with generation 0.");
}

function demandGeneration({ heap }: Scene, objects: readonly Ptr[], expected: number, when: string): void {
  for (const object of objects) {
    const found = heap.gc.generationOf(object);
    demand(
      found === expected,
      `${when}, an object must be in generation ${expected}; it is in ${String(found)}.`,
    );
  }
}

function movesUp(scene: Scene): void {
  const objects = ring(scene, "node", 3, scene.scope);
  for (const [collections, expected] of [0, 1, 2, 2, 2].entries()) {
    demandGeneration(scene, objects, expected, `After ${collections} collections`);
    scene.heap.gc.collect(Math.min(collections, 1));
  }
}

function movesAllUp(scene: Scene): void {
  const objects = ring(scene, "node", 3, scene.scope);
  scene.heap.gc.collect(0);
  objects.push(...ring(scene, "list", 3, scene.scope));
  scene.heap.gc.collect(2);
  demandGeneration(scene, objects, 2, "After a full collection");
}

function startsYoung(scene: Scene): void {
  // Every other object dies, and what is born takes its place.
  const old = Array.from({ length: 200 }, () => scene.make("node"));
  scene.lose((scope) => ring(scene, "node", 200, scope));
  scene.heap.gc.collect(2);
  const young = Array.from({ length: 300 }, () => scene.make("node"));
  demandGeneration(scene, young, 0, "Just born");
  demandGeneration(scene, old, 2, "After a full collection");
  scene.heap.gc.collect(0);
  demandGeneration(scene, young, 1, "After a collection of generation 0");
}

function places(scene: Scene): void {
  const { gc } = scene.heap;
  for (const generation of [2, 1, 0]) {
    const objects = ring(scene, "node", 3, scene.scope);
    for (const object of objects) gc.place(object, generation);
    demandGeneration(scene, objects, generation, `After place(object, ${generation})`);
  }
}

/** Makes a young ring that an older object refers to. */
function hangYoung(scene: Scene, kind: "node" | "list", old: Ptr): Ptr[] {
  return scene.lose((scope) => {
    const objects = ring(scene, "node", 3, scope);
    connect(scene.heap, kind, old, objects[0]!, 1);
    return objects;
  });
}

function keepsFromOld(scene: Scene): void {
  const holders = [scene.make("node"), scene.make("list")] as const;
  for (const holder of holders) scene.heap.gc.place(holder, 2);
  const young = [...hangYoung(scene, "node", holders[0]), ...hangYoung(scene, "list", holders[1])];
  for (const generation of [0, 1, 0, 1]) scene.heap.gc.collect(generation);
  demandLive(scene, young, "Old objects that are kept refer to them.");
}

function keepsFromOldGarbage(scene: Scene): void {
  const old = loseOld(scene, 2);
  const young = hangYoung(scene, "node", old[0]!);
  for (const generation of [0, 1]) {
    scene.heap.gc.collect(generation);
    // What becomes of the old garbage itself is the affair of the rule young-only.
    if (!isLive(scene, old[0]!)) return;
    demandLive(scene, young, "Old garbage, which was not collected yet, refers to them.");
  }
  scene.heap.gc.collect(2);
  demandGone(scene, [...old, ...young], "Only old garbage referred to them, and everything was collected.");
}

function keepsFromMiddle(scene: Scene): void {
  const middle = loseOld(scene, 1);
  const young = hangYoung(scene, "node", middle[0]!);
  scene.heap.gc.collect(0);
  if (!isLive(scene, middle[0]!)) return;
  demandLive(scene, young, "Garbage in generation 1, which was not collected, refers to them.");
  scene.heap.gc.collect(2);
  demandGone(
    scene,
    [...middle, ...young],
    "Only garbage in generation 1 referred to them, and everything was collected.",
  );
}
