/**
 * The naive model of a heap: objects in a Map, reachability by following everything from the roots.
 *
 * Objects have numbers of their own, from 1 on and never used again, and values are numbers: an object's, 0 for null, and
 * below 0 for immediates.
 */
import type { Pin, Ptr, Scope } from "@heapwright/core";

import type { Kind } from "./kinds.js";

/** Number of an object, null or an immediate. */
export type Value = number;

/** What the model knows of an object. */
export interface Thing {
  readonly id: number;
  readonly kind: Kind | "weak";
  /** Where it is. */
  readonly ref: Ptr;
  /** What it refers to, by slot or by place. */
  values: Value[];
  raw: number;
  isDead: boolean;
  /** It was unreachable at some time: its weak references may have been cleared. */
  wasTrash: boolean;
  isTracked: boolean;
  isImmortal: boolean;
  /** Calls of its finalizer, or of its callback. */
  calls: number;
  /** Held by `retain`, so often. */
  retained: number;
  /** For weak references: the object; 0 once it was cleared. */
  target: number;
  hasCallback: boolean;
  /** Its callback is a function that has no name: whoever attaches does not have it. */
  isAnonymous: boolean;
  /** Its callback may be left out: it was made by a legacy finalizer, perhaps. */
  mayBeSilent: boolean;
}

/** An open scope, and what it owns. */
export interface OpenScope {
  readonly scope: Scope;
  readonly owned: number[];
}

export class Model {
  readonly things: Map<number, Thing>;
  readonly #byRef = new Map<Ptr, Thing>();
  readonly scopes: OpenScope[] = [];
  readonly pins: { readonly pin: Pin; readonly id: number }[] = [];
  /** What user code was called with. */
  readonly operands: number[] = [];
  garbage: number[] = [];
  #last = 0;

  constructor() {
    this.things = new Map();
  }

  add(ref: Ptr, kind: Kind | "weak", slotCount: number): Thing {
    const thing: Thing = {
      id: ++this.#last,
      kind,
      ref,
      values: new Array<Value>(slotCount).fill(0),
      raw: 0,
      isDead: false,
      wasTrash: false,
      isTracked: kind === "weak" || kind.spec.scan !== "leaf",
      isImmortal: false,
      calls: 0,
      retained: 0,
      target: 0,
      hasCallback: false,
      isAnonymous: false,
      mayBeSilent: false,
    };
    this.things.set(thing.id, thing);
    this.#byRef.set(ref, thing);
    return thing;
  }

  /** The live object at a reference. */
  at(ref: Ptr): Thing | undefined {
    const thing = this.#byRef.get(ref);
    return thing?.isDead === false ? thing : undefined;
  }

  get(id: number): Thing {
    return this.things.get(id)!;
  }

  alive(): Thing[] {
    return [...this.things.values()].filter(({ isDead }) => !isDead);
  }

  bury(thing: Thing): void {
    thing.isDead = true;
    this.things.delete(thing.id);
  }

  roots(): number[] {
    return [
      ...this.scopes.flatMap(({ owned }) => owned),
      ...this.pins.map(({ id }) => id),
      ...this.garbage,
      ...this.alive()
        .filter(({ isImmortal, retained }) => isImmortal || retained > 0)
        .map(({ id }) => id),
    ].filter((id) => id > 0);
  }

  /** Everything that can be reached from somewhere, what it begins with included. */
  reach(from: Iterable<number>): Set<number> {
    const reached = new Set(from);
    for (const id of reached) {
      for (const value of this.things.get(id)?.values ?? []) if (value > 0) reached.add(value);
    }
    return reached;
  }

  /** What the program can get at: everything from the roots, and from what user code was called with. */
  accessible(): Thing[] {
    return [...this.reach([...this.roots(), ...this.operands])].map((id) => this.get(id));
  }

  /** Everything that nothing but user code under way can reach may be taken for trash from now on. */
  markTrash(): void {
    const reached = this.reach(this.roots());
    for (const thing of this.alive()) if (!reached.has(thing.id)) thing.wasTrash = true;
  }
}
