/**
 * Weak references and their callbacks: `test/fixtures/deaths/weak_references.py`, line by line.
 */
import type { Ptr } from "@heapwright/core";

import { ring, type Var, type World } from "./world.js";

type Scenario = (w: World) => void;

export const weakReferences: Readonly<Record<string, Scenario>> = {
  callbacks_by_count(w) {
    const x = w.node("x");
    const refs = [w.weak(x, "1"), w.weak(x, "2"), w.weak(x, "3")];
    w.drop(x);
    w.note("targets", ...refs.map((each) => w.target(each)));
  },

  callbacks_by_collection(w) {
    const x = w.node("x");
    w.link(x, "a", x);
    const refs = [w.weak(x, "1"), w.weak(x, "2"), w.weak(x, "3")];
    w.drop(x);
    w.note("targets", ...refs.map((each) => w.target(each)));
    w.note("collect", w.collect());
    w.note("targets", ...refs.map((each) => w.target(each)));
  },

  callbacks_of_several_targets(w) {
    const [x, y, z] = [w.node("x"), w.node("y"), w.node("z")];
    w.link(x, "a", z);
    w.link(z, "a", y);
    w.link(y, "a", x);
    const keep = [w.weak(y, "y1"), w.weak(x, "x1"), w.weak(z, "z1"), w.weak(x, "x2"), w.weak(y, "y2")];
    w.drop(x, y, z);
    w.note("collect", w.collect());
    w.note("targets", ...keep.map((each) => w.target(each)));
  },

  all_are_cleared_before_the_first_callback(w) {
    const [x, y] = [w.node("x"), w.node("y")];
    ring(w, [x, y]);
    const refs: Var[] = [];
    const look = (): void => {
      w.note("targets", ...refs.map((each) => w.target(each)));
    };
    refs.push(w.weak(x, "1", look), w.weak(x), w.weak(y, "2", look), w.weak(y));
    w.drop(x, y);
    w.note("collect", w.collect());
  },

  all_are_cleared_before_the_first_callback_by_count(w) {
    const x = w.node("x");
    const refs: Var[] = [];
    const look = (): void => {
      w.note("targets", ...refs.map((each) => w.target(each)));
    };
    refs.push(w.weak(x, "1", look), w.weak(x), w.weak(x, "2", look));
    w.drop(x);
  },

  trash_is_not_called(w) {
    const [x, y] = [w.node("x"), w.node("y")];
    ring(w, [x, y]);
    const inside = w.weak(y, "inside");
    w.link(x, "b", inside);
    const outside = w.weak(y, "outside");
    w.drop(x, y, inside);
    w.note("collect", w.collect());
    w.note("targets", w.target(outside));
  },

  held_by_its_own_target(w) {
    const x = w.node("x");
    const own = w.weak(x, "own");
    w.link(x, "a", own);
    w.drop(own);
    w.drop(x);
  },

  gone_before_its_target(w) {
    const x = w.node("x");
    const w1 = w.weak(x, "1");
    w.weak(x, "2");
    w.drop(w1);
    w.note("refs", ...w.refs(x));
    w.drop(x);
  },

  without_callback_it_is_shared(w) {
    const [x, y] = [w.node("x"), w.node("y")];
    const [w1, w2, w3] = [w.weak(x), w.weak(x), w.weak(y)];
    w.note("same", w.same(w1, w2), w.same(w1, w3));
    w.drop(w1);
    w.note("targets", w.target(w2), w.target(w3));
    w.drop(w2);
    w.note("refs", ...w.refs(x));
  },

  with_callback_it_is_not_shared(w) {
    const x = w.node("x");
    const [w1, w2] = [w.weak(x, "1"), w.weak(x, "1")];
    w.note("same", w.same(w1, w2));
    w.drop(x);
  },

  the_shared_one_is_listed_first(w) {
    const x = w.node("x");
    const keep = [w.weak(x, "1"), w.weak(x), w.weak(x, "2"), w.weak(x, "3")];
    w.note("refs", ...w.refs(x));
    w.note("targets", ...keep.map((each) => w.target(each)));
    w.drop(x);
  },

  callback_that_fails(w) {
    const x = w.node("x");
    w.link(x, "a", x);
    const keep = [w.weak(x, "1"), w.weak(x, "2", () => w.fail()), w.weak(x, "3")];
    w.drop(x);
    w.note("collect", w.collect());
    w.note("targets", ...keep.map((each) => w.target(each)));
  },

  callback_that_fails_by_count(w) {
    const x = w.node("x");
    const keep = [w.weak(x, "1"), w.weak(x, "2", () => w.fail()), w.weak(x, "3")];
    w.drop(x);
    w.note("targets", ...keep.map((each) => w.target(each)));
  },

  callback_that_collects(w) {
    const x = w.node("x");
    w.link(x, "a", x);
    const keep = w.weak(x, "1", () => {
      w.note("inside", w.collect());
    });
    w.drop(x);
    w.note("collect", w.collect());
    w.note("targets", w.target(keep));
  },

  callback_that_collects_by_count(w) {
    const [x, y] = [w.node("x"), w.node("y")];
    w.link(y, "a", y);
    const keep = w.weak(x, "1", () => {
      w.note("inside", w.collect());
    });
    w.drop(y);
    w.drop(x);
    w.note("targets", w.target(keep));
  },

  callback_that_drops_others(w) {
    const x = w.node("x");
    w.link(x, "a", x);
    const w1 = w.weak(x, "1");
    w.weak(x, "2", () => {
      w.drop(w1);
    });
    w.drop(x);
    w.note("collect", w.collect());
  },

  callback_that_drops_others_by_count(w) {
    const x = w.node("x");
    const w1 = w.weak(x, "1");
    w.weak(x, "2", () => {
      w.drop(w1);
    });
    w.drop(x);
  },

  callback_that_ends_its_reference(w) {
    const x = w.node("x");
    w.link(x, "a", x);
    endTheirReferences(w, x);
    w.note("collect", w.collect());
  },

  callback_that_ends_its_reference_by_count(w) {
    endTheirReferences(w, w.node("x"));
  },

  callback_that_makes_others_die(w) {
    const [x, y] = [w.node("x"), w.final("y")];
    w.link(x, "a", x);
    w.weak(x, "2");
    w.weak(x, "1", () => {
      w.drop(y);
      w.note("dropped");
    });
    w.weak(y, "y");
    w.drop(x);
    w.note("collect", w.collect());
  },

  reference_in_trash_to_the_living(w) {
    const [x, y] = [w.node("x"), w.node("y")];
    const inside = w.weak(y, "inside");
    w.link(x, "a", inside);
    w.link(x, "b", x);
    w.drop(x, inside);
    w.note("refs", ...w.refs(y));
    w.note("collect", w.collect());
    w.note("refs", ...w.refs(y));
    w.drop(y);
  },

  bound_object_in_trash(w) {
    const [x, y] = [w.node("x"), w.final("y")];
    w.link(x, "a", x);
    const ref = w.weak(x, "1", null, y);
    w.link(x, "b", ref);
    w.drop(x, y, ref);
    w.note("collect", w.collect());
  },

  callbacks_before_finalizers(w) {
    const [x, y] = [w.final("x"), w.final("y")];
    ring(w, [x, y]);
    w.weak(x, "1");
    w.weak(y, "2");
    w.drop(x, y);
    w.note("collect", w.collect());
  },

  finalizer_before_callbacks_by_count(w) {
    const seen: Var[] = [];
    const x = w.final("x", () => {
      w.note("targets", ...seen.map((each) => w.target(each)));
    });
    seen.push(w.weak(x, "1"), w.weak(x));
    w.drop(x);
  },

  finalizers_see_the_others_references_cleared(w) {
    const refs: Var[] = [];
    const look = (): void => {
      w.note("targets", ...refs.map((each) => w.target(each)));
    };
    const [x, y] = [w.final("x", look), w.final("y", look)];
    ring(w, [x, y]);
    refs.push(w.weak(x), w.weak(y));
    w.drop(x, y);
    w.note("collect", w.collect());
  },

  finalizer_that_refers_to_itself(w) {
    const late: Var[] = [];
    const x = w.final("x", (object) => late.push(w.weak(object, "late")));
    w.link(x, "a", x);
    w.drop(x);
    w.note("collect", w.collect());
    w.note("targets", w.target(late[0]!));
  },

  finalizer_that_refers_to_itself_by_count(w) {
    const late: Var[] = [];
    const x = w.final("x", (object) => late.push(w.weak(object, "late")));
    w.drop(x);
    w.note("targets", w.target(late[0]!));
  },

  legacy_finalizer_that_refers_to_itself(w) {
    const late: Var[] = [];
    const x = w.legacy("x", (object) => late.push(w.weak(object, "late")));
    w.drop(x);
    w.note("targets", w.target(late[0]!));
  },

  legacy_finalizer_after_callbacks(w) {
    const x = w.legacy("x");
    w.weak(x, "1");
    w.weak(x, "2");
    w.drop(x);
  },
};

/** Two callbacks that drop their own weak references, each of which keeps an object with a finalizer alive. */
function endTheirReferences(w: World, x: Var): void {
  const [n1, n2] = [w.final("n1"), w.final("n2")];
  const refs: Record<string, Var> = {};
  const end = (name: string) => (_weak: Ptr) => {
    w.drop(refs[name]!);
  };
  refs["1"] = w.weak(x, "1", end("1"), n1);
  refs["2"] = w.weak(x, "2", end("2"), n2);
  w.drop(n1, n2);
  w.drop(x);
}
