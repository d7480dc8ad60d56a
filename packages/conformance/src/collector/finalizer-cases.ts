import type { Ptr, Scope } from "@heapwright/core";

import { demand } from "../demand.js";
import { connect, getSlot, markOf, setMark, type KindName } from "./kinds.js";
import { demandGone, demandLive, ring, withScene, type Scene } from "./scene.js";
import { without, type CollectorDraft, type CollectorSubject } from "./subject.js";

const ORIGIN = "Lib/test/test_finalization.py, CPython 3.11";

/** Finalizers of the unreachable: each runs once, and finds everything in place. */
export function finalizerCases(subject: CollectorSubject): CollectorDraft[] {
  const draft = (id: string, title: string, body: (scene: Scene) => void): CollectorDraft => ({
    id,
    rule: id.slice(0, id.indexOf("/")) as CollectorDraft["rule"],
    title,
    origin: ORIGIN,
    skip: without(subject, "cycles"),
    run: () => withScene(subject, body),
  });
  return [
    draft(
      "finalizers/once-each",
      "calls the finalizer of each dead object that has one, once",
      callsEachOnce,
    ),
    draft("finalizers/not-the-living", "calls no finalizer of what is kept", callsNone),
    draft("finalizers/pairs", "calls the finalizers of many small rings", callsPairs),
    draft("finalizers/then-freed", "frees the objects whose finalizers it called", freesAfterwards),
    draft(
      "graph-intact/fields",
      "shows finalizers every condemned object with its fields and items",
      showsAll,
    ),
    draft(
      "graph-intact/leaves",
      "shows finalizers the leaves that only condemned objects refer to",
      showsLeaves,
    ),
    draft(
      "uncollectable/ring",
      "keeps a ring with a legacy finalizer, and counts its objects as uncollectable",
      keepsLegacy,
    ),
    draft("uncollectable/beside", "frees what does not hang on a legacy finalizer", freesBesideLegacy),
  ];
}

/** Notes which objects are finalized, and how often. */
export function countFinalized(scene: Scene): Map<Ptr, number> {
  const calls = new Map<Ptr, number>();
  scene.hooks.finalize = (object) => calls.set(object, (calls.get(object) ?? 0) + 1);
  return calls;
}

function demandCalls(calls: ReadonlyMap<Ptr, number>, objects: readonly Ptr[], expected: number): void {
  for (const [index, object] of objects.entries()) {
    const found = calls.get(object) ?? 0;
    demand(
      found === expected,
      `The finalizer of object ${index + 1} must be called ${expected} times; it was called ${found} times.`,
    );
  }
}

/** A ring in which every other object has a finalizer. Returns these. */
function mixedRing(scene: Scene, scope: Scope): Ptr[] {
  const mourned = ring(scene, "mourned", 20, scope);
  for (const object of mourned) {
    const other = scene.make("node", scope);
    connect(scene.heap, "mourned", object, other, 1);
    connect(scene.heap, "node", other, object, 0);
  }
  return mourned;
}

function callsEachOnce(scene: Scene): void {
  const calls = countFinalized(scene);
  const mourned = scene.lose((scope) => mixedRing(scene, scope));
  for (let round = 0; round < 3; round++) scene.heap.gc.collect();
  demandCalls(calls, mourned, 1);
  demand(
    calls.size === mourned.length,
    `${calls.size - mourned.length} finalizers of other objects were called.`,
  );
}

function callsNone(scene: Scene): void {
  const calls = countFinalized(scene);
  const kept = ring(scene, "mourned", 10, scene.scope);
  scene.lose((scope) => ring(scene, "node", 10, scope));
  for (let round = 0; round < 3; round++) scene.heap.gc.collect();
  demandCalls(calls, kept, 0);
}

function callsPairs(scene: Scene): void {
  const calls = countFinalized(scene);
  const objects = Array.from({ length: 5 }, () =>
    scene.lose((scope) => ring(scene, "mourned", 2, scope)),
  ).flat();
  scene.heap.gc.collect();
  demandCalls(calls, objects, 1);
}

function freesAfterwards(scene: Scene): void {
  const mourned = scene.lose((scope) => mixedRing(scene, scope));
  scene.heap.gc.collect();
  demandGone(scene, mourned, "Their finalizers were called, and did nothing to keep them.");
}

function showsAll(scene: Scene): void {
  const { heap, hooks } = scene;
  const kinds: readonly KindName[] = [
    "mourned",
    "node",
    "list",
    "mourned",
    "dict",
    "array",
    "bits",
    "custom",
    "mourned",
  ];
  const objects = scene.lose((scope) => {
    const made = kinds.map((kind) => scene.make(kind, scope));
    for (const [index, kind] of kinds.entries()) {
      setMark(heap, kind, made[index]!, 500 + index);
      connect(heap, kind, made[index]!, made[(index + 1) % made.length]!, 0);
    }
    return made;
  });
  const damage: string[] = [];
  hooks.finalize = () => {
    for (const [index, kind] of kinds.entries()) {
      const object = objects[index]!;
      const next = objects[(index + 1) % objects.length]!;
      if (!heap.isObject(object)) damage.push(`object ${index + 1}, a ${kind}, was freed`);
      else if (getSlot(heap, kind, object, 0) !== next)
        damage.push(`a reference of object ${index + 1} was gone`);
      else if (markOf(heap, kind, object) !== 500 + index)
        damage.push(`a word of object ${index + 1} was lost`);
    }
  };
  heap.gc.collect();
  demand(damage.length === 0, `While finalizers ran, ${damage.slice(0, 3).join("; ")}.`);
}

function showsLeaves(scene: Scene): void {
  const { heap, hooks } = scene;
  const leaves = scene.lose((scope) =>
    ring(scene, "mourned", 5, scope).map((object, index) => {
      const leaf = scene.make("leaf", scope);
      setMark(heap, "leaf", leaf, 800 + index);
      connect(heap, "mourned", object, leaf, 1);
      return leaf;
    }),
  );
  let lost = 0;
  hooks.finalize = () => {
    lost += leaves.filter(
      (leaf, index) => !heap.isObject(leaf) || markOf(heap, "leaf", leaf) !== 800 + index,
    ).length;
  };
  heap.gc.collect();
  demand(lost === 0, "While finalizers ran, leaves of condemned objects were gone.");
}

function keepsLegacy(scene: Scene): void {
  const { heap } = scene;
  const objects = scene.lose((scope) => {
    const [legacy, node] = [scene.make("legacy", scope), scene.make("node", scope)];
    connect(heap, "legacy", legacy, node, 0);
    connect(heap, "node", node, legacy, 0);
    return [legacy, node];
  });
  const before = heap.gc.getStats()[2]!;
  heap.gc.collect();
  const after = heap.gc.getStats()[2]!;
  demandLive(
    scene,
    objects,
    "One of them has a legacy finalizer, so nobody knows an order to finalize them in.",
  );
  demand(heap.gc.garbage.includes(objects[0]!), "gc.garbage must list the object with a legacy finalizer.");
  const found = after.uncollectable - before.uncollectable;
  demand(found === 2, `getStats() must count both as uncollectable; it counts ${found}.`);
}

function freesBesideLegacy(scene: Scene): void {
  const { heap } = scene;
  const lost = scene.lose((scope) => {
    const [legacy] = ring(scene, "legacy", 1, scope);
    const objects = ring(scene, "node", 3, scope);
    // They lead to it, and it does not lead to them.
    connect(heap, "node", objects[0]!, legacy!, 1);
    return objects;
  });
  heap.gc.collect();
  demandGone(scene, lost, "No object with a legacy finalizer leads to them.");
}
