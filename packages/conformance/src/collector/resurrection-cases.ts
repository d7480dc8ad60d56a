import { NULL, type Pin, type Ptr } from "@heapwright/core";

import { demand } from "../demand.js";
import { countFinalized } from "./finalizer-cases.js";
import { connect, getSlot } from "./kinds.js";
import { chain, demandGone, demandLive, ring, withScene, type Scene } from "./scene.js";
import { without, type CollectorDraft, type CollectorSubject } from "./subject.js";

/** Finalizers that bring objects back, and those that do other things. */
export function resurrectionCases(subject: CollectorSubject): CollectorDraft[] {
  const draft = (id: string, title: string, body: (scene: Scene) => void): CollectorDraft => ({
    id,
    rule: id.slice(0, id.indexOf("/")) as CollectorDraft["rule"],
    title,
    origin: "Lib/test/test_gc.py and test_finalization.py, CPython 3.11",
    skip: without(subject, "cycles"),
    run: () => withScene(subject, body),
  });
  return [
    draft("resurrection/transitive", "keeps a resurrected object and all that it reaches", keepsAllReached),
    draft("resurrection/others-die", "frees what a resurrected object does not reach", freesTheOthers),
    draft("resurrection/of-another", "keeps an object that the finalizer of another one stored", keepsStored),
    draft(
      "resurrection/once",
      "frees a resurrected object later, and does not call its finalizer again",
      freesLater,
    ),
    draft(
      "finalizer-deeds/throws",
      "goes on when finalizers throw, and tells the unraisable hook of each",
      goesOn,
    ),
    draft(
      "finalizer-deeds/collects",
      "returns 0 from a collection that a finalizer asks for",
      returnsNothing,
    ),
    draft("finalizer-deeds/stores", "keeps what a finalizer made and stored", keepsMade),
    draft(
      "finalizer-deeds/garbage",
      "leaves the garbage that a finalizer made to the next collection",
      leavesMade,
    ),
    draft(
      "finalizer-deeds/lets-go",
      "lets finalizers clear the fields of condemned objects and unpin others",
      letsGo,
    ),
  ];
}

/** An object with a finalizer, a chain that hangs on it, and a ring that leads to it. */
function losePhoenix(scene: Scene): {
  readonly phoenix: Ptr;
  readonly reached: Ptr[];
  readonly leading: Ptr[];
} {
  const { heap } = scene;
  return scene.lose((scope) => {
    const phoenix = scene.make("phoenix", scope);
    const reached = chain(scene, "node", 3, scope);
    const leading = ring(scene, "node", 3, scope);
    connect(heap, "phoenix", phoenix, reached[0]!, 0);
    connect(heap, "node", leading[0]!, phoenix, 1);
    return { phoenix, reached, leading };
  });
}

function keepsAllReached(scene: Scene): void {
  const { phoenix, reached } = losePhoenix(scene);
  scene.hooks.finalize = (object, heap) => void heap.pin(object);
  for (let round = 0; round < 2; round++) scene.heap.gc.collect();
  demandLive(
    scene,
    [phoenix, ...reached],
    "A finalizer resurrected the first of them, which leads to the others.",
  );
}

function freesTheOthers(scene: Scene): void {
  const { leading } = losePhoenix(scene);
  scene.hooks.finalize = (object, heap) => void heap.pin(object);
  scene.heap.gc.collect();
  demandGone(scene, leading, "They lead to a resurrected object, and it does not lead to them.");
}

function keepsStored(scene: Scene): void {
  const { heap, hooks } = scene;
  const list = scene.make("list");
  const [mourned, nodes] = scene.lose((scope) => {
    const object = scene.make("mourned", scope);
    const others = ring(scene, "node", 3, scope);
    connect(heap, "mourned", object, others[0]!, 0);
    connect(heap, "node", others[1]!, object, 1);
    return [object, others];
  });
  hooks.finalize = (object) => {
    const other = getSlot(heap, "mourned", object, 0);
    heap.items.append(list, getSlot(heap, "node", other, 0));
  };
  heap.gc.collect();
  // The second object of the ring leads to the one with the finalizer, which thereby is kept as well.
  demandLive(
    scene,
    [...nodes, mourned],
    "A finalizer stored one of them in a list that is kept, and it leads to all.",
  );
}

function freesLater(scene: Scene): void {
  const { heap } = scene;
  const calls = countFinalized(scene);
  const count = scene.hooks.finalize;
  const pins: Pin[] = [];
  scene.hooks.finalize = (object) => {
    count(object, heap);
    pins.push(heap.pin(object));
  };
  const objects = scene.lose((scope) => ring(scene, "phoenix", 2, scope));
  heap.gc.collect();
  demandLive(scene, objects, "Their finalizers resurrected them.");
  for (const pin of pins) heap.unpin(pin);
  for (let round = 0; round < 2; round++) heap.gc.collect();
  demand(
    objects.every((object) => calls.get(object) === 1),
    `The finalizers of resurrected objects must be called once in all; they were called ${[...calls.values()].join(" and ")} times.`,
  );
  demandGone(scene, objects, "They were resurrected once, and let go of.");
}

function goesOn(scene: Scene): void {
  const { hooks, heap } = scene;
  const told: unknown[] = [];
  hooks.unraisable = (error) => told.push(error);
  hooks.finalize = (object) => {
    throw new Error(`finalizer of ${object}`);
  };
  const lost = scene.lose((scope) => ring(scene, "mourned", 5, scope));
  heap.gc.collect();
  demand(told.length === 5, `The unraisable hook must be told of 5 errors; it was told of ${told.length}.`);
  demandGone(scene, lost, "That their finalizers threw does not keep them.");
}

function returnsNothing(scene: Scene): void {
  const { hooks, heap } = scene;
  const found: number[] = [];
  hooks.finalize = () => {
    for (const generation of [0, 1, 2]) found.push(heap.gc.collect(generation));
  };
  scene.lose((scope) => ring(scene, "mourned", 2, scope));
  heap.gc.collect();
  demand(
    found.join() === "0,0,0,0,0,0",
    `collect() inside a finalizer must return 0 each time; two finalizers got ${found.join(", ")}.`,
  );
  const lost = scene.lose((scope) => ring(scene, "node", 3, scope));
  heap.gc.collect();
  demandGone(scene, lost, "A finalizer collected in the collection before.");
}

function keepsMade(scene: Scene): void {
  const { hooks, heap } = scene;
  const list = scene.make("list");
  const made: Ptr[] = [];
  hooks.finalize = () => {
    heap.scope((scope) => {
      for (const object of [...ring(scene, "node", 5, scope), scene.make("leaf", scope)]) {
        heap.items.append(list, object);
        made.push(object);
      }
    });
  };
  scene.lose((scope) => ring(scene, "mourned", 3, scope));
  for (let round = 0; round < 2; round++) heap.gc.collect();
  demandLive(scene, made, "Finalizers made them and put them into a list that is kept.");
}

function leavesMade(scene: Scene): void {
  const { hooks, heap } = scene;
  const made: Ptr[] = [];
  hooks.finalize = () => void made.push(...scene.lose((scope) => ring(scene, "node", 3, scope)));
  scene.lose((scope) => ring(scene, "mourned", 1, scope));
  heap.gc.collect();
  demandLive(scene, made, "A finalizer made them in this collection; they are for the next one.");
  heap.gc.collect();
  demandGone(scene, made, "A finalizer made them in the collection before, and nothing holds them.");
}

function letsGo(scene: Scene): void {
  const { hooks, heap } = scene;
  const lost = scene.lose((scope) => ring(scene, "mourned", 6, scope));
  // Kept until a finalizer lets go of them.
  const other = scene.lose((scope) => {
    const objects = ring(scene, "node", 2, scope);
    const pin = heap.pin(objects[0]!);
    hooks.finalize = (object) => {
      for (let slot = 0; slot < 3; slot++) heap.set(object, slot, NULL);
      if (object === lost[0]) heap.unpin(pin);
    };
    return objects;
  });
  heap.gc.collect();
  demandGone(scene, lost, "Their finalizers cleared their own fields.");
  demandLive(scene, other, "A finalizer unpinned them in this collection; they are for the next one.");
  heap.gc.collect();
  demandGone(scene, other, "A finalizer unpinned them in the collection before.");
}
