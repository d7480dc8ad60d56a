/**
 * Plays a program in a heap and in the naive model of it, side by side.
 */

import type { Pin, Ptr } from "@heapwright/core";

import { createHoldSteps } from "./hold-steps.js";
import { setMark } from "./kinds.js";
import { FROM_FINALIZER, createModel, newObject, type Model, type ModelObject } from "./model.js";
import type { HeapStep } from "./program.js";
import type { Scene } from "./scene.js";
import { createSlotSteps, isHolder, isList } from "./slot-steps.js";
import type { CollectorSubject } from "./subject.js";

/** The collection of a step. */
export interface Collected {
  readonly generation: number;
  /** What `collect` returned. */
  readonly found: number;
  /** What it should have returned. */
  readonly expected: number;
}

/** A program under way. */
export interface World {
  readonly scene: Scene;
  readonly model: Model;
  /** The program so far, a step a line. */
  readonly listing: readonly string[];
  /** The collection of the last step, if it was one. */
  readonly collected: Collected | undefined;
  /** The objects whose finalizers were called in the last step. */
  readonly finalized: readonly Ptr[];
  perform(step: HeapStep): void;
}

/** Begins a program in a new scene. */
export function createWorld(subject: CollectorSubject, scene: Scene): World {
  const { heap } = scene;
  const model = createModel({
    counted: subject.counter !== undefined,
    cycles: subject.traits.cycles,
    generations: subject.traits.generations === 3,
  });
  const listing: string[] = [];
  const slots = createSlotSteps(heap, listing);
  const holds = createHoldSteps(subject, scene, model, listing);
  const finalized: Ptr[] = [];
  /** What was pinned by finalizers in this step. */
  const pinned = new Map<Ptr, Pin>();
  let made = 0;
  let collected: Collected | undefined;

  scene.hooks.finalize = (object) => {
    finalized.push(object);
    if (heap.layoutOf(object) === heap.layoutNamed("phoenix")) pinned.set(object, heap.pin(object));
  };

  /** One of the objects that can be reached. */
  function pick(
    number: number,
    which: (object: ModelObject) => boolean = () => true,
  ): ModelObject | undefined {
    const objects = model.reachable().filter(which);
    return objects[number % objects.length];
  }

  function create(step: HeapStep & { do: "create" }): void {
    const { kind } = step;
    const id = ++made;
    const holder = step.hold === "slot" ? pick(step.from, isHolder) : undefined;
    const hold = step.hold === "slot" && holder === undefined ? "scope" : step.hold;
    const name = `${kind}${id}`;
    if (hold === "scope") {
      listing.push(`${name} = scope.create(${kind})`);
      const object = newObject(id, kind, scene.make(kind, holds.innermost()));
      setMark(heap, kind, object.ref, id);
      object.scopes.push(holds.depth());
      model.add(object);
      return;
    }
    heap.scope((scope) => {
      const object = newObject(id, kind, scene.make(kind, scope));
      setMark(heap, kind, object.ref, id);
      model.add(object);
      if (hold === "pin") {
        listing.push(`${name} = pin(create(${kind}))`);
        object.pins.push(heap.pin(object.ref));
      } else if (hold === "retain") {
        listing.push(`${name} = retain(create(${kind}))`);
        heap.retain(object.ref);
        object.retained = 1;
      } else {
        listing.push(`${name} = create(${kind})`);
        slots.put(holder!, step.slot, object);
      }
    });
  }

  function collect(generation: number): void {
    const found = heap.gc.collect(generation);
    collected = { generation, found, expected: model.collect(generation) };
    listing.push(`collect(${generation}) // ${found}`);
  }

  function dispatch(step: HeapStep): void {
    switch (step.do) {
      case "create":
        create(step);
        return;
      case "set": {
        const [from, to] = [pick(step.from, isHolder), pick(step.to)];
        if (from !== undefined && to !== undefined) slots.put(from, step.slot, to);
        return;
      }
      case "clear": {
        const from = pick(step.from, isHolder);
        if (from !== undefined && from.edges.length > 0) slots.put(from, step.slot, step.value);
        return;
      }
      case "append": {
        const [from, to] = [pick(step.from, isList), pick(step.to)];
        if (from !== undefined && to !== undefined) slots.append(from, to);
        return;
      }
      case "truncate": {
        const from = pick(step.from, isList);
        if (from !== undefined) slots.truncate(from, step.count);
        return;
      }
      case "retain": {
        const object = pick(step.object);
        if (object !== undefined) holds.retain(object, step.times);
        return;
      }
      case "weak": {
        const object = pick(step.object, isHolder);
        if (object !== undefined) holds.weak(object, step.callback);
        return;
      }
      case "enter":
      case "leave":
        holds[step.do]();
        return;
      case "collect":
        collect(step.generation);
        return;
      default: {
        const object = pick(step.object, holds.fits[step.do]);
        if (object === undefined) return;
        listing.push(`${step.do}(${object.name})`);
        holds.perform[step.do](object);
      }
    }
  }

  return {
    scene,
    model,
    listing,
    get collected() {
      return collected;
    },
    finalized,
    perform(step) {
      collected = undefined;
      finalized.length = 0;
      pinned.clear();
      model.begin();
      dispatch(step);
      model.settle();
      for (const object of model.objects) {
        const pin = pinned.get(object.ref);
        const at = object.pins.indexOf(FROM_FINALIZER);
        if (at >= 0 && pin !== undefined) object.pins[at] = pin;
      }
    },
  };
}
