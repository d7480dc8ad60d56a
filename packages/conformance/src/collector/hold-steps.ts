/**
 * Steps that hold objects from outside and let go of them, in the heap and in its model.
 */

import type { Scope } from "@heapwright/core";

import type { Model, ModelObject, ModelWeak } from "./model.js";
import type { Scene } from "./scene.js";
import { isHolder } from "./slot-steps.js";
import type { CollectorSubject } from "./subject.js";

/** Steps that have an object and nothing else. */
export type HoldStep = "own" | "pin" | "unpin" | "release" | "untrack" | "track" | "immortalize";

/** Holds objects for a program. */
export interface HoldSteps {
  /** The innermost scope, and how deep it is. */
  innermost(): Scope;
  depth(): number;
  enter(): void;
  leave(): void;
  /** Whether a step makes sense for an object. */
  readonly fits: Readonly<Record<HoldStep, (object: ModelObject) => boolean>>;
  readonly perform: Readonly<Record<HoldStep, (object: ModelObject) => void>>;
  retain(object: ModelObject, times: number): void;
  weak(target: ModelObject, hasCallback: boolean): void;
}

/** Makes the holder of a program. */
export function createHoldSteps(
  subject: CollectorSubject,
  { heap, scope }: Scene,
  model: Model,
  listing: string[],
): HoldSteps {
  const scopes: Scope[] = [scope];

  const innermost = (): Scope => scopes.at(-1)!;

  function leave(): void {
    if (scopes.length === 1) return;
    listing.push("leave()");
    const depth = scopes.length;
    for (const object of model.objects) object.scopes = object.scopes.filter((each) => each !== depth);
    scopes.pop()!.dispose();
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

  /** Steps that hold objects, and let go of them. */
  const perform: HoldSteps["perform"] = {
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
    immortalize(object) {
      object.immortal = true;
      heap.immortalize(object.ref);
    },
  };
  const fits: HoldSteps["fits"] = {
    own: () => true,
    pin: () => true,
    unpin: ({ pins }) => pins.length > 0,
    release: ({ retained }) => retained > 0,
    // Without counts nobody says what becomes of an untracked object that cannot be reached.
    untrack: (object) => subject.counter !== undefined && object.tracked && isHolder(object),
    track: (object) => !object.tracked,
    immortalize: ({ immortal }) => !immortal,
  };

  return {
    innermost,
    depth: () => scopes.length,
    enter() {
      listing.push("enter()");
      scopes.push(heap.enter());
    },
    leave,
    fits,
    perform,
    retain(object, times) {
      listing.push(`retain(${object.name}, ${times})`);
      object.retained += times;
      heap.retain(object.ref, times);
    },
    weak,
  };
}
