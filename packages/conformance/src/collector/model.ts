/**
 * The naive model of a heap: what refers to what, and therefore what has to be alive.
 *
 * Nothing here is clever. Which objects can be reached is found by walking from what is held, counts by counting, each time.
 */

import type { Owned, Pin } from "@heapwright/core";

import { KINDS, type KindName } from "./kinds.js";

/** What a slot of the model holds: an object, or null or an immediate by its number. */
export type Edge = ModelObject | 0 | -1;

/** An object of the model. */
export interface ModelObject {
  /** Its mark, which no other one has. */
  readonly id: number;
  /** What it is called in the listing of the program. */
  readonly name: string;
  readonly kind: KindName;
  /** Where it is in the heap. */
  readonly ref: Owned;
  /** Its slots; those of the dead stay as they were. */
  readonly edges: Edge[];
  /** Depths of the scopes that own it, once for each time. */
  scopes: number[];
  /** Pins of it that are not the finalizer's. */
  pins: Pin[];
  retained: number;
  immortal: boolean;
  tracked: boolean;
  /** Its generation. */
  age: number;
  /** Its generation when the step began. */
  ageBefore: number;
  finalized: boolean;
  /** It was condemned in this step, and lives. */
  spared: boolean;
  /** The largest count that it ever had. */
  peakCount: number;
  /** It was untracked at some time. */
  wasUntracked: boolean;
  dead: boolean;
}

/** A new object, which nothing holds. */
export function newObject(id: number, kind: KindName, ref: Owned): ModelObject {
  return {
    id,
    name: `${kind}${id}`,
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
  };
}

/** A weak reference of the model. It is pinned to the end of the program. */
export interface ModelWeak {
  readonly ref: Owned;
  readonly target: ModelObject;
  readonly hasCallback: boolean;
  cleared: boolean;
  /** How often its callback was called. */
  calls: number;
}

/** What kind of heap it is a model of. */
export interface ModelTraits {
  /** Objects die when their counts are 0. */
  readonly counted: boolean;
  /** A collection frees what cannot be reached. */
  readonly cycles: boolean;
  /** A younger generation can be collected alone. */
  readonly generations: boolean;
}

/** A heap, naively. */
export interface Model {
  /** All objects that are not dead, by age. */
  readonly objects: ModelObject[];
  /** Objects that died in this step. */
  readonly dead: ModelObject[];
  readonly weaks: ModelWeak[];
  /** Objects that a finalizer was to be called for, in this step. */
  readonly finalizedNow: ModelObject[];
  add(object: ModelObject): void;
  /** What the program may name: what can be reached from what is held. */
  reachable(): ModelObject[];
  /** The exact count of an object. */
  countOf(object: ModelObject): number;
  /** Begins a step. */
  begin(): void;
  /** Lets die what has a count of 0, with all that follows. */
  settle(): void;
  /** Collects. Returns how many objects died of it. */
  collect(generation: number): number;
}

const OLDEST = 2;

/** Makes an empty model. */
export function createModel(traits: ModelTraits): Model {
  const objects: ModelObject[] = [];
  const dead: ModelObject[] = [];
  const weaks: ModelWeak[] = [];
  const finalizedNow: ModelObject[] = [];

  function closure(from: readonly ModelObject[], within: (object: ModelObject) => boolean): Set<ModelObject> {
    const found = new Set(from.filter(within));
    for (const object of found) {
      for (const edge of object.edges) if (typeof edge === "object" && within(edge)) found.add(edge);
    }
    return found;
  }

  function isHeld({ scopes, pins, retained, immortal }: ModelObject): boolean {
    return scopes.length + pins.length + retained > 0 || immortal;
  }

  function countOf(object: ModelObject): number {
    let count = object.scopes.length + object.pins.length + object.retained;
    for (const other of objects) for (const edge of other.edges) if (edge === object) count++;
    return count;
  }

  function kill(object: ModelObject): void {
    object.dead = true;
    objects.splice(objects.indexOf(object), 1);
    dead.push(object);
    clearWeaks(object);
  }

  function clearWeaks(target: ModelObject): void {
    for (const weak of weaks) if (weak.target === target) weak.cleared = true;
  }

  /** Calls a finalizer, if there is one to call: a phoenix pins itself. */
  function finalize(object: ModelObject): void {
    if (KINDS[object.kind].spec.finalizer === undefined || object.finalized) return;
    object.finalized = true;
    finalizedNow.push(object);
    if (object.kind === "phoenix") object.pins.push(FROM_FINALIZER);
  }

  function settle(): void {
    for (const object of objects) object.peakCount = Math.max(object.peakCount, countOf(object));
    if (!traits.counted) return;
    for (;;) {
      const next = objects.find((object) => !object.immortal && countOf(object) === 0);
      if (next === undefined) return;
      finalize(next);
      if (next.pins.length === 0) kill(next);
    }
  }

  function collect(generation: number): number {
    if (!traits.cycles) return 0;
    const isFull = !traits.generations || generation === OLDEST;
    const isTraced = ({ kind }: ModelObject): boolean => KINDS[kind].spec.scan !== "leaf";
    const isYoung = (object: ModelObject): boolean =>
      isTraced(object) && object.tracked && (isFull || object.age <= generation);
    const alive = closure(
      // Leaves lead nowhere; what the collector does not look at counts as held from outside.
      objects.filter((object) => isHeld(object) || (isTraced(object) && !isYoung(object))),
      () => true,
    );
    const condemned = new Set(objects.filter((object) => isYoung(object) && !alive.has(object)));
    for (const object of condemned) clearWeaks(object);
    for (const object of [...condemned]) finalize(object);
    const spared = closure([...condemned].filter(isHeld), (object) => condemned.has(object));
    const older = Math.min(isFull ? OLDEST : generation + 1, OLDEST);
    for (const object of objects) {
      if (isYoung(object)) object.age = older;
      object.spared = spared.has(object);
    }
    const gone = [...condemned].filter((object) => !spared.has(object));
    for (const object of gone) kill(object);
    if (!traits.counted && isFull) buryLeaves();
    settle();
    return gone.length;
  }

  /** Without counts, leaves that nothing refers to go in a collection. */
  function buryLeaves(): void {
    const alive = closure(
      objects.filter((object) => isHeld(object) || KINDS[object.kind].spec.scan !== "leaf"),
      () => true,
    );
    for (const object of [...objects]) if (!alive.has(object)) kill(object);
  }

  return {
    objects,
    dead,
    weaks,
    finalizedNow,
    add: (object) => void objects.push(object),
    reachable() {
      const found = closure(objects.filter(isHeld), () => true);
      return objects.filter((object) => found.has(object));
    },
    countOf,
    begin() {
      dead.length = 0;
      finalizedNow.length = 0;
      for (const object of objects) {
        object.ageBefore = object.age;
        object.spared = false;
      }
    },
    settle,
    collect,
  };
}

/** Stands for the pin that a finalizer made, until the step is over. */
export const FROM_FINALIZER = 0 as Pin;
