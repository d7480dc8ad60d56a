/**
 * Finalizers, resurrection and weak references on the way of counts: each scenario notes what CPython noted when
 * fixtures/record-deaths.py recorded the one of the same name.
 */
import { readFileSync } from "node:fs";

import { NULL, type Ptr } from "@heapwright/core";
import { describe, expect, it } from "vitest";

import { openHeap } from "./open-heap.js";

const recorded = JSON.parse(readFileSync(new URL("fixtures/deaths.json", import.meta.url), "utf8")) as {
  readonly python: string;
  readonly scenarios: Readonly<Record<string, unknown[]>>;
};

/** What the scenarios are written with. Everything made is held, like a variable of Python's, until it is dropped. */
interface Stage {
  readonly log: unknown[];
  /** An object with a finalizer: notes "finalizer", then does what it is given. */
  talker(finalizer?: (self: Ptr) => unknown): Ptr;
  list(...items: Ptr[]): Ptr;
  weak(target: Ptr, callback?: () => unknown): Ptr;
  hold(object: Ptr): Ptr;
  drop(...objects: Ptr[]): void;
  isFinalized(object: Ptr): boolean;
  /** The target of a weak reference, 0 when it has died. */
  target(weak: Ptr): Ptr;
  /** The one slot that the scenarios need. */
  setChild(object: Ptr, value: Ptr): void;
}

const TALKER_NUMBER = 5;

function play(scenario: (stage: Stage) => void): unknown[] {
  const log: unknown[] = [];
  const held: Ptr[] = [];
  const finalizers: (((self: Ptr) => unknown) | undefined)[] = [];
  const { heap, layouts } = openHeap(
    (object) => {
      log.push("finalizer");
      heap.verify();
      finalizers[heap.words[object + TALKER_NUMBER]!]?.(object);
      heap.verify();
    },
    { unraisable: (error) => log.push((error as Error).message) },
  );
  const hold = (object: Ptr): Ptr => {
    heap.retain(object);
    held.push(object);
    return object;
  };
  const drop = (object: Ptr): void => {
    held.splice(held.indexOf(object), 1);
    heap.release(object);
    heap.verify();
  };

  scenario({
    log,
    talker: (finalizer) =>
      heap.scope((scope) => {
        const object = scope.create(layouts.node);
        heap.words[object + TALKER_NUMBER] = finalizers.push(finalizer) - 1;
        return hold(object);
      }),
    list: (...items) =>
      heap.scope((scope) => {
        const list = scope.create(layouts.list);
        for (const item of items) heap.items.append(list, item);
        return hold(list);
      }),
    weak: (target, callback) =>
      heap.scope((scope) =>
        hold(heap.weak.create(scope, target, callback === undefined ? {} : { callback })),
      ),
    hold,
    drop: (...objects) => objects.forEach(drop),
    isFinalized: (object) => heap.isFinalized(object),
    target: (weak) => heap.weak.target(weak),
    setChild: (object, value) => heap.set(object, 0, value),
  });

  // As at the end of a function.
  for (const object of [...held]) drop(object);
  expect([...heap.objects()]).toEqual([]);
  heap.dispose();
  return log;
}

const scenarios: Readonly<Record<string, (stage: Stage) => void>> = {
  finalizer_then_callbacks_newest_first({ log, talker, weak, target, drop }) {
    const refs: Ptr[] = [];
    const watched = talker((self) => log.push(["alive", refs.map((ref) => target(ref) === self)]));
    for (const name of ["first", "second", "third"]) {
      refs.push(weak(watched, () => log.push([name, refs.map((ref) => target(ref) !== 0)])));
    }
    drop(watched);
  },

  resurrection_keeps_weak_references_and_finalizes_once({
    log,
    talker,
    weak,
    target,
    hold,
    drop,
    isFinalized,
  }) {
    const object = talker(hold);
    const ref = weak(object, () => log.push("callback"));
    drop(object);
    log.push(["alive", target(ref) === object, isFinalized(object)]);
    drop(object);
    log.push(["alive", target(ref) !== 0]);
  },

  resurrection_keeps_what_is_referred_to({ log, talker, hold, drop, setChild }) {
    const [object, child] = [talker(hold), talker()];
    setChild(object, child);
    drop(child);
    drop(object);
    log.push("resurrected");
    drop(object);
  },

  a_weak_reference_that_dies_first_is_not_called({ log, talker, weak, drop }) {
    const object = talker();
    drop(weak(object, () => log.push("callback")));
    drop(object);
  },

  a_weak_reference_that_its_target_holds_is_called({ log, talker, weak, drop, setChild }) {
    const object = talker();
    const ref = weak(object, () => log.push("callback"));
    setChild(object, ref);
    drop(ref);
    drop(object);
  },

  a_sibling_is_alive_until_its_turn({ log, talker, list, weak, target, drop }) {
    const first = talker();
    const ref = weak(first, () => log.push("callback"));
    const second = talker(() => log.push(["sibling", target(ref) !== 0]));
    const both = list(first, second);
    drop(first, second);
    drop(both);
  },

  a_sibling_that_is_kept_lives_on_unfinalized({ log, talker, list, weak, target, hold, drop, isFinalized }) {
    const first = talker();
    const ref = weak(first, () => log.push("callback"));
    const second = talker(() => {
      hold(target(ref));
    });
    const both = list(first, second);
    drop(first, second);
    drop(both);
    log.push(["kept", isFinalized(first), target(ref) === first]);
    drop(first);
  },

  what_a_finalizer_drops_dies_before_it_returns({ log, talker, drop, setChild }) {
    const object = talker((self) => {
      setChild(self, NULL);
      log.push("dropped");
    });
    const child = talker();
    setChild(object, child);
    drop(child);
    drop(object);
  },

  what_a_callback_drops_dies_before_it_returns({ log, talker, weak, drop }) {
    const [held, object] = [talker(), talker()];
    weak(object, () => {
      drop(held);
      log.push("dropped");
    });
    drop(object);
  },

  errors_go_to_the_hook_and_the_rest_dies({ talker, weak, drop, setChild }) {
    const fail = (message: string) => (): never => {
      throw new Error(message);
    };
    const [object, child] = [talker(fail("finalizer")), talker()];
    setChild(object, child);
    drop(child);
    weak(object, fail("callback"));
    drop(object);
  },

  a_finalizer_may_store_its_object_into_a_dying_sibling({ log, talker, list, weak, target, drop, setChild }) {
    const first = talker();
    const ref = weak(first);
    const second = talker((self) => setChild(target(ref), self));
    const both = list(first, second);
    drop(first, second);
    drop(both);
    log.push(["alive", target(ref) !== 0]);
  },
};

describe(`as in CPython ${recorded.python}`, () => {
  it("every scenario is played", () => {
    expect(Object.keys(scenarios)).toEqual(Object.keys(recorded.scenarios));
  });

  it.each(Object.entries(scenarios))("%s", (name, scenario) => {
    expect(play(scenario)).toEqual(recorded.scenarios[name]);
  });
});
