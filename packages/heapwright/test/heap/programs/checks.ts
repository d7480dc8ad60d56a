/** Holds a heap against its model. */
import type { Heap } from "@heapwright/core";

import type { Model, Thing } from "./model.js";
import type { Plan } from "./plans.js";

export function expectThat(condition: boolean, otherwise: () => string): asserts condition {
  if (!condition) throw new Error(otherwise());
}

export function describeThing({ id, kind, ref }: Thing): string {
  return `${kind === "weak" ? "weak reference" : kind.spec.name} ${id} at ${ref}`;
}

/** What a thing refers to, as the heap has it, is what the model has. */
export function compareContents(heap: Heap, model: Model, thing: Thing): void {
  const { kind, ref, values, raw } = thing;
  const what = (): string => describeThing(thing);
  expectThat(heap.isObject(ref), () => `${what()} is reachable and dead.`);
  const expected = values.map((value) => (value > 0 ? model.get(value).ref : value));
  if (kind === "weak") {
    expectThat(heap.get(ref, 0) === expected[0], () => `${what()} is bound to something else.`);
    return;
  }
  expectThat(heap.layoutOf(ref) === heap.layoutNamed(kind.spec.name), () => `${what()} has another layout.`);
  if (kind.items === true) {
    expectThat(heap.items.count(ref) === values.length, () => `${what()} has another number of items.`);
  }
  for (const [place, value] of expected.entries()) {
    const found =
      kind.items === true ? heap.items.get(ref, place) : heap.get(ref, kind.slots[place] ?? place);
    expectThat(found === value, () => `${what()} has ${found} at ${place}, not ${value}.`);
  }
  if (kind.raw !== 0) {
    expectThat(heap.words[ref + kind.raw] === raw, () => `${what()} has lost its raw word.`);
  }
  expectThat(heap.isTracked(ref) === thing.isTracked, () => `${what()}: isTracked is wrong.`);
}

/** An object has died: it may, and it has had its last words. */
export function noteDeath(model: Model, thing: Thing, counted: boolean): void {
  expectThat(
    !model.reach([...model.roots(), ...model.operands]).has(thing.id),
    () => `${describeThing(thing)} has died and is reachable.`,
  );
  if (thing.kind !== "weak") {
    const { finalizer, legacyFinalizer } = thing.kind.spec;
    const missed =
      (finalizer !== undefined || (legacyFinalizer !== undefined && counted)) && thing.calls === 0;
    expectThat(!missed, () => `${describeThing(thing)} has died and was not finalized.`);
  }
  model.bury(thing);
}

/** Weak references know whether their targets live. */
function compareWeak(heap: Heap, model: Model, weak: Thing): void {
  const target = heap.weak.target(weak.ref);
  const thing = model.things.get(weak.target);
  if (target !== 0) {
    expectThat(
      thing?.ref === target,
      () => `${describeThing(weak)} refers to ${target}, which is not what it was made for.`,
    );
    return;
  }
  if (weak.target === 0) return;
  expectThat(
    thing === undefined || thing.wasTrash,
    () => `${describeThing(weak)} was cleared, and ${describeThing(thing!)} was reachable all the time.`,
  );
  weak.target = 0;
  expectThat(
    !weak.hasCallback || weak.mayBeSilent || weak.wasTrash || weak.calls === 1,
    () => `The callback of ${describeThing(weak)} was called ${weak.calls} times.`,
  );
}

/** Everything, when no user code is under way. */
export function compareAll(heap: Heap, model: Model, counted: boolean): void {
  heap.verify();
  const live = new Set(heap.objects());
  for (const thing of model.alive()) if (!live.has(thing.ref)) noteDeath(model, thing, counted);
  // Without counts, what a call had made before it was refused is there until the next collection.
  for (const ref of counted ? live : []) {
    expectThat(model.at(ref) !== undefined, () => `Nobody knows of an object at ${ref}.`);
  }
  for (const id of model.reach(model.roots())) compareContents(heap, model, model.get(id));
  for (const thing of model.alive()) if (thing.kind === "weak") compareWeak(heap, model, thing);
}

/** After a full collection in which no user code ran. */
export function expectNoGarbage(model: Model, { counted }: Plan, isCramped: boolean): void {
  const reached = model.reach(model.roots());
  const isLeftOver = ({ kind, isTracked }: Thing): boolean => {
    // To a collector that works from counts, what an untracked object refers to is referred to from outside.
    if (counted && !isTracked && (kind === "weak" || kind.spec.scan !== "leaf")) return true;
    // Where there is no room for `gc.garbage`, the next collection finds it again.
    return isCramped && kind !== "weak" && kind.spec.legacyFinalizer !== undefined;
  };
  const leftOver = model.alive().filter(isLeftOver);
  for (const id of model.reach(leftOver.map(({ id }) => id))) reached.add(id);
  for (const thing of model.alive()) {
    expectThat(reached.has(thing.id), () => `${describeThing(thing)} is unreachable, and was not collected.`);
  }
}
