/**
 * Plays a program in a heap and in the naive model of it, side by side.
 */

import type { Ptr, Scope } from "@heapwright/core";

import { KINDS, connect, setMark, setSlot, type KindName } from "./kinds.js";
import {
  FROM_FINALIZER,
  createModel,
  type Edge,
  type Model,
  type ModelObject,
  type ModelWeak,
} from "./model.js";
import type { HeapStep } from "./program.js";
import { type Scene } from "./scene.js";
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
  const scopes: Scope[] = [scene.scope];
  const listing: string[] = [];
  const finalized: Ptr[] = [];
  /** What was pinned by finalizers in this step. */
  const pinned = new Map<Ptr, ReturnType<typeof heap.pin>>();
  let made = 0;
  let collected: Collected | undefined;

  scene.hooks.finalize = (object) => {
    finalized.push(object);
    if (heap.layoutOf(object) === heap.layoutNamed("phoenix")) pinned.set(object, heap.pin(object));
  };

  const innermost = (): Scope => scopes.at(-1)!;

  /** One of the objects that can be reached. */
  function pick(
    number: number,
    which: (object: ModelObject) => boolean = () => true,
  ): ModelObject | undefined {
    const objects = model.reachable().filter(which);
    return objects[number % objects.length];
  }

  const isHolder = ({ kind }: ModelObject): boolean => KINDS[kind].spec.scan !== "leaf";
  const isList = ({ kind }: ModelObject): boolean => KINDS[kind].itemWords !== undefined;

  function create(step: HeapStep & { do: "create" }): void {
    const { kind } = step;
    const id = ++made;
    const holder = step.hold === "slot" ? pick(step.from, isHolder) : undefined;
    const hold = step.hold === "slot" && holder === undefined ? "scope" : step.hold;
    const name = `${kind}${id}`;
    const blank = (ref: ModelObject["ref"]): ModelObject => ({
      id,
      name,
      kind,
      ref,
      edges: Array.from({ length: KINDS[kind].slots }, () => 0 as const),
      scopes: [],
      pins: [],
      retained: 0,
      immortal: false,
      tracked: true,
      age: 0,
      ageBefore: 0,
      finalized: false,
      spared: false,
      peakCount: 0,
      wasUntracked: false,
      dead: false,
    });
    if (hold === "scope") {
      listing.push(`${name} = scope.create(${kind})`);
      const object = blank(scene.make(kind, innermost()));
      setMark(heap, kind, object.ref, id);
      object.scopes.push(scopes.length);
      model.add(object);
      return;
    }
    heap.scope((scope) => {
      const object = blank(scene.make(kind, scope));
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
        put(holder!, step.slot, object);
      }
    });
  }

  const textOf = (edge: Edge): string =>
    typeof edge === "object" ? edge.name : edge === 0 ? "null" : "None";
  const valueOf = (edge: Edge): Ptr => (typeof edge === "object" ? edge.ref : (edge as Ptr));

  /** Stores into a slot; into a list without items it appends. */
  function put(object: ModelObject, slot: number, edge: Edge): void {
    if (object.edges.length === 0) {
      append(object, edge);
      return;
    }
    const at = slot % object.edges.length;
    listing.push(`${object.name}[${at}] = ${textOf(edge)}`);
    object.edges[at] = edge;
    setSlot(heap, object.kind, object.ref, at, valueOf(edge));
  }

  function append(object: ModelObject, edge: Edge): void {
    listing.push(`${object.name}.append(${textOf(edge)})`);
    object.edges.push(edge);
    connect(heap, object.kind, object.ref, valueOf(edge));
  }

  function truncate(object: ModelObject, count: number): void {
    const left = Math.min(count, object.edges.length);
    listing.push(`${object.name}.truncate(${left})`);
    object.edges.length = left;
    heap.items.truncate(object.ref, left * KINDS[object.kind].itemWords!);
  }

  function weak(target: ModelObject, hasCallback: boolean): void {
    listing.push(`weak(${target.name}${hasCallback ? ", callback" : ""})`);
    const callback = { callback: () => mine.calls++ };
    const ref = heap.scope((scope) => {
      const made = heap.weak.create(scope, target.ref, hasCallback ? callback : {});
      heap.pin(made);
      return made;
    });
    const mine: ModelWeak = { ref, target, hasCallback, cleared: false, calls: 0 };
    model.weaks.push(mine);
  }

  function leave(): void {
    if (scopes.length === 1) return;
    listing.push("leave()");
    const depth = scopes.length;
    for (const object of model.objects) object.scopes = object.scopes.filter((each) => each !== depth);
    scopes.pop()!.dispose();
  }

  function collect(generation: number): void {
    const found = heap.gc.collect(generation);
    collected = { generation, found, expected: model.collect(generation) };
    listing.push(`collect(${generation}) // ${found}`);
  }

  /** Steps that hold objects, and let go of them. */
  const holds: Record<
    "own" | "pin" | "unpin" | "release" | "untrack" | "track",
    (object: ModelObject) => void
  > = {
    own(object) {
      object.scopes.push(scopes.length);
      innermost().own(object.ref);
    },
    pin: (object) => void object.pins.push(heap.pin(object.ref)),
    unpin: (object) => heap.unpin(object.pins.pop()!),
    release(object) {
      const times = object.retained;
      object.retained = 0;
      heap.release(object.ref, times);
    },
    untrack(object) {
      object.tracked = false;
      object.wasUntracked = true;
      heap.untrack(object.ref);
    },
    track(object) {
      object.tracked = true;
      object.age = 0;
      heap.track(object.ref);
    },
  };
  const fits: Record<keyof typeof holds, (object: ModelObject) => boolean> = {
    own: () => true,
    pin: () => true,
    unpin: ({ pins }) => pins.length > 0,
    release: ({ retained }) => retained > 0,
    // Without counts nobody says what becomes of an untracked object that cannot be reached.
    untrack: (object) => subject.counter !== undefined && object.tracked && isHolder(object),
    track: (object) => !object.tracked,
  };

  function dispatch(step: HeapStep): void {
    switch (step.do) {
      case "create":
        create(step);
        return;
      case "set": {
        const [from, to] = [pick(step.from, isHolder), pick(step.to)];
        if (from !== undefined && to !== undefined) put(from, step.slot, to);
        return;
      }
      case "clear": {
        const from = pick(step.from, isHolder);
        if (from !== undefined && from.edges.length > 0) put(from, step.slot, step.value);
        return;
      }
      case "append": {
        const [from, to] = [pick(step.from, isList), pick(step.to)];
        if (from !== undefined && to !== undefined) append(from, to);
        return;
      }
      case "truncate": {
        const from = pick(step.from, isList);
        if (from !== undefined) truncate(from, step.count);
        return;
      }
      case "retain": {
        const object = pick(step.object);
        if (object === undefined) return;
        listing.push(`retain(${object.name}, ${step.times})`);
        object.retained += step.times;
        heap.retain(object.ref, step.times);
        return;
      }
      case "immortalize": {
        const object = pick(step.object, ({ immortal }) => !immortal);
        if (object === undefined) return;
        listing.push(`immortalize(${object.name})`);
        object.immortal = true;
        heap.immortalize(object.ref);
        return;
      }
      case "weak": {
        const object = pick(step.object, isHolder);
        if (object !== undefined) weak(object, step.callback);
        return;
      }
      case "enter":
        listing.push("enter()");
        scopes.push(heap.enter());
        return;
      case "leave":
        leave();
        return;
      case "collect":
        collect(step.generation);
        return;
      default: {
        const object = pick(step.object, fits[step.do]);
        if (object === undefined) return;
        listing.push(`${step.do}(${object.name})`);
        holds[step.do](object);
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

/** Kinds whose objects are reached through plain slots of a cell. */
export function isPlain(kind: KindName): boolean {
  return kind === "node" || kind === "mourned" || kind === "phoenix";
}
