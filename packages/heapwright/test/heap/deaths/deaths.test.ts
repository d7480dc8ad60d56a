/**
 * How objects die, in CPython's order: fixtures/deaths.json, recorded by fixtures/deaths/record.py. Each scenario is
 * written once in Python and once here.
 */
import { readFileSync } from "node:fs";

import { bump, pymalloc } from "@heapwright/allocator";
import { generational } from "@heapwright/gc-generational";
import { markSweep } from "@heapwright/gc-mark-sweep";
import { refcount } from "@heapwright/refcount";
import { describe, expect, it } from "vitest";

import { accounting } from "./accounting.js";
import { finalizers } from "./finalizers.js";
import { weakReferences } from "./weak-references.js";
import { World, type Note } from "./world.js";

type Scenarios = Readonly<Record<string, (world: World) => void>>;

const recorded = JSON.parse(readFileSync(new URL("../../fixtures/deaths.json", import.meta.url), "utf8")) as {
  readonly groups: Readonly<Record<string, Readonly<Record<string, readonly Note[]>>>>;
};

const groups: Readonly<Record<string, Scenarios>> = {
  weak_references: weakReferences,
  finalizers,
  accounting,
};

/**
 * Scenarios whose answer does not depend on counts: everything dies in a full collection that is asked for, and nothing for
 * the reason alone that its last reference went.
 */
const UNCOUNTED: ReadonlySet<string> = new Set([
  "callbacks_by_collection",
  "callbacks_of_several_targets",
  "all_are_cleared_before_the_first_callback",
  "trash_is_not_called",
  "callback_that_fails",
  "callback_that_collects",
  "reference_in_trash_to_the_living",
  "bound_object_in_trash",
  "callbacks_before_finalizers",
  "finalizers_see_the_others_references_cleared",
  "finalizer_that_refers_to_itself",
  "order_in_a_ring",
  "order_in_a_ring_the_other_way",
  "finalized_once",
  "resurrection_is_transitive",
  "the_rest_dies",
  "another_is_resurrected",
  "resurrected_and_let_go_at_once",
  "resurrected_by_one_and_let_go_by_the_next",
  "resurrected_references_stay_cleared",
  "finalizer_that_allocates",
  "finalizer_that_refers_to_trash_from_new_trash",
  "finalizer_that_collects",
  "finalizer_that_fails",
  "finalizer_that_resurrects_and_fails",
  "trash_that_keeps_others_alive",
  "survivor_loses_its_last_reference_to_trash",
  "resurrected_by_a_survivor",
  "what_collect_returns",
  "resurrected_objects_are_not_counted",
  "collect_inside_changes_no_statistics",
  "each_generation_has_its_statistics",
  "legacy_in_a_cycle",
  "legacy_and_resurrection",
  "two_legacy_objects",
]);

const sentence = (name: string): string => name.replaceAll("_", " ");

for (const [group, scenarios] of Object.entries(groups)) {
  const answers = recorded.groups[group]!;

  it(`has every recorded scenario of ${sentence(group)}`, () => {
    expect(Object.keys(scenarios).sort()).toEqual(Object.keys(answers).sort());
  });

  describe.each([pymalloc(), bump()])(
    "with counts and generations on $name: " + sentence(group),
    (allocator) => {
      it.each(Object.keys(scenarios))("%s", (name) => {
        const world = new World({ allocator, collector: generational(), counter: refcount() });
        expect(world.play(scenarios[name]!)).toEqual(answers[name]);
      });
    },
  );

  describe("without counts: " + sentence(group), () => {
    it.each(Object.keys(scenarios).filter((name) => UNCOUNTED.has(name)))("%s", (name) => {
      const world = new World({ allocator: pymalloc(), collector: markSweep() });
      expect(world.play(scenarios[name]!)).toEqual(answers[name]);
    });
  });
}
