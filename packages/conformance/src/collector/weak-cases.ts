import type { Owned, Ptr, WeakCallback } from "@heapwright/core";

import { demand } from "../demand.js";
import { connect } from "./kinds.js";
import { ring, withScene, type Scene } from "./scene.js";
import { without, type CollectorDraft, type CollectorSubject } from "./subject.js";

/** Weak references: to the dead, among the dead, and to the living. */
export function weakCases(subject: CollectorSubject): CollectorDraft[] {
  const draft = (id: string, title: string, body: (scene: Scene) => void): CollectorDraft => ({
    id,
    rule: id.slice(0, id.indexOf("/")) as CollectorDraft["rule"],
    title,
    origin: "Lib/test/test_weakref.py and test_gc.py, CPython 3.11",
    skip: without(subject, "cycles"),
    run: () => withScene(subject, body),
  });
  return [
    draft("weak-cleared/after", "clears weak references to the dead", clearsAfterwards),
    draft(
      "weak-cleared/before-finalizers",
      "clears them before the first finalizer runs",
      clearsBeforeFinalizers,
    ),
    draft(
      "weak-cleared/before-callbacks",
      "clears all of them before the first callback runs",
      clearsBeforeCallbacks,
    ),
    draft(
      "weak-callbacks/once",
      "calls the callback of each kept weak reference to the dead, once",
      callsOnce,
    ),
    draft("weak-callbacks/newest-first", "calls the callbacks of one object newest first", callsNewestFirst),
    draft(
      "weak-callbacks/of-the-dead",
      "does not call the callback of a weak reference that dies, too",
      callsNoDead,
    ),
    {
      ...draft("weak-kept/target", "leaves weak references to what is kept alone", leavesAlone),
      skip: undefined,
    },
    draft(
      "weak-kept/later",
      "clears a weak reference that survived collections when its target dies",
      clearsLater,
    ),
  ];
}

function weakTo(scene: Scene, target: Ptr, callback?: WeakCallback): Owned {
  return scene.heap.weak.create(scene.scope, target, callback === undefined ? {} : { callback });
}

/** Loses a ring, with weak references of the scene's to each of its objects. */
function loseWatched(scene: Scene, kind: "node" | "mourned", callback?: WeakCallback): Owned[] {
  const pins = scene.lose((scope) => ring(scene, kind, 4, scope).map((object) => scene.heap.pin(object)));
  return pins.map((pin) => {
    const weak = weakTo(scene, scene.heap.deref(pin), callback);
    scene.heap.unpin(pin);
    return weak;
  });
}

function demandCleared(scene: Scene, weaks: readonly Ptr[], when: string): void {
  const left = weaks.filter((weak) => scene.heap.weak.target(weak) !== 0).length;
  demand(
    left === 0,
    `${when}, ${left} of ${weaks.length} weak references to the dead still had their target.`,
  );
}

function clearsAfterwards(scene: Scene): void {
  const weaks = loseWatched(scene, "node");
  scene.heap.gc.collect();
  demandCleared(scene, weaks, "After the collection");
}

function clearsBeforeFinalizers(scene: Scene): void {
  const { hooks, heap } = scene;
  let seen = "";
  const weaks = [...loseWatched(scene, "mourned"), ...loseWatched(scene, "node")];
  // A second ring beside it: all of what dies at once is cleared at once.
  hooks.finalize = () => {
    seen += weaks.map((weak) => (heap.weak.target(weak) === 0 ? "" : "x")).join("");
  };
  heap.gc.collect();
  demand(
    seen === "",
    `While finalizers ran, weak references to the condemned had their targets ${seen.length} times.`,
  );
}

function clearsBeforeCallbacks(scene: Scene): void {
  let left = 0;
  const all: Owned[] = [];
  const callback: WeakCallback = () => {
    left += all.filter((weak) => scene.heap.weak.target(weak) !== 0).length;
  };
  all.push(...loseWatched(scene, "node", callback), ...loseWatched(scene, "mourned", callback));
  scene.heap.gc.collect();
  demand(
    left === 0,
    `While callbacks ran, weak references to the condemned had their targets ${left} times.`,
  );
}

function callsOnce(scene: Scene): void {
  const calls: Ptr[] = [];
  const weaks = loseWatched(scene, "node", (weak) => calls.push(weak));
  for (let round = 0; round < 3; round++) scene.heap.gc.collect();
  const expected = [...weaks].sort((left, right) => left - right).join(", ");
  const found = calls.sort((left, right) => left - right).join(", ");
  demand(
    expected === found,
    `The callbacks of ${expected} must be called once each; called were ${found || "none"}.`,
  );
}

function callsNewestFirst(scene: Scene): void {
  const { heap } = scene;
  const calls: number[] = [];
  const pin = scene.lose((scope) => heap.pin(ring(scene, "node", 2, scope)[0]!));
  for (let number = 1; number <= 4; number++) weakTo(scene, heap.deref(pin), () => calls.push(number));
  heap.unpin(pin);
  heap.gc.collect();
  demand(
    calls.join() === "4,3,2,1",
    `The callbacks must be called in the order 4, 3, 2, 1; it was ${calls.join(", ")}.`,
  );
}

function callsNoDead(scene: Scene): void {
  const { heap } = scene;
  let calls = 0;
  scene.lose((scope) => {
    const objects = ring(scene, "node", 4, scope);
    for (const [index, object] of objects.entries()) {
      const target = objects[(index + 2) % objects.length]!;
      const weak = heap.weak.create(scope, target, { callback: () => calls++ });
      connect(heap, "node", object, weak, 1);
    }
  });
  heap.gc.collect();
  demand(
    calls === 0,
    `Callbacks of weak references that died with their targets must not be called; ${calls} were.`,
  );
}

function leavesAlone(scene: Scene): void {
  const { heap } = scene;
  let calls = 0;
  const objects = ring(scene, "node", 5, scene.scope);
  const weaks = objects.map((object) => weakTo(scene, object, () => calls++));
  scene.lose((scope) => ring(scene, "node", 5, scope));
  for (let round = 0; round < 3; round++) heap.gc.collect();
  for (const [index, weak] of weaks.entries()) {
    const found = heap.weak.target(weak);
    demand(
      found === objects[index],
      `A weak reference to the kept object ${objects[index]!} must refer to it; it refers to ${found}.`,
    );
    demand(
      heap.weak.refs(objects[index]).includes(weak),
      `The kept object ${objects[index]} lost its weak reference.`,
    );
  }
  demand(calls === 0, `No callback may be called while its target is kept; ${calls} were.`);
}

function clearsLater(scene: Scene): void {
  const { heap } = scene;
  let calls = 0;
  const pin = scene.lose((scope) => heap.pin(ring(scene, "node", 3, scope)[0]!));
  const weak = weakTo(scene, heap.deref(pin), () => calls++);
  for (let round = 0; round < 2; round++) heap.gc.collect();
  heap.unpin(pin);
  heap.gc.collect();
  demandCleared(scene, [weak], "After its target died at last");
  demand(
    calls === 1,
    `The callback of a weak reference must be called when its target dies; it was called ${calls} times.`,
  );
}
