/**
 * Finalizers, and what they bring back to life: `test/fixtures/deaths/finalizers.py`, line by line.
 */
import type { Ptr } from "@heapwright/core";

import { ring, type Var, type World } from "./world.js";

type Scenario = (w: World) => void;

export const finalizers: Readonly<Record<string, Scenario>> = {
  order_in_a_ring(w) {
    const nodes = Array.from("vwxyz", (name) => w.final(name));
    ring(w, nodes);
    w.drop(...nodes);
    w.note("collect", w.collect());
  },

  order_in_a_ring_the_other_way(w) {
    const nodes = Array.from("vwxyz", (name) => w.final(name)).reverse();
    ring(w, nodes);
    w.drop(...nodes);
    w.note("collect", w.collect());
  },

  order_of_a_chain_by_count(w) {
    const [x, y, z] = [w.final("x"), w.final("y"), w.final("z")];
    w.link(x, "a", y);
    w.link(y, "a", z);
    w.drop(z, y);
    w.drop(x);
  },

  order_of_slots_by_count(w) {
    const [x, y, z] = [w.final("x"), w.final("y"), w.final("z")];
    const node = w.node("node");
    w.link(node, "c", x);
    w.link(node, "a", y);
    w.link(node, "b", z);
    w.drop(x, y, z);
    w.drop(node);
  },

  order_of_items_by_count(w) {
    const nodes = [w.final("x"), w.final("y"), w.final("z")];
    const items = w.list(...nodes);
    w.drop(...nodes);
    w.drop(items);
  },

  items_that_are_truncated(w) {
    const lists: Var[] = [];
    const look = (): void => {
      w.note("count", w.count(lists[0]!));
    };
    const nodes = Array.from("vwxyz", (name) => w.final(name, look));
    const items = w.list(...nodes);
    lists.push(items);
    w.drop(...nodes);
    w.truncate(items, 2);
    w.note("truncated");
    w.truncate(items, 0);
  },

  items_that_grow_while_they_are_truncated(w) {
    const more = w.node("more");
    const lists: Var[] = [];
    const grow = (): void => {
      w.append(lists[0]!, more);
      w.note("count", w.count(lists[0]!));
    };
    const nodes = [w.final("x", grow), w.final("y", grow), w.final("z", grow)];
    const items = w.list(...nodes);
    lists.push(items);
    w.drop(...nodes);
    w.truncate(items, 1);
    w.note("count", w.count(items));
  },

  replaced_value_sees_the_new_one(w) {
    const [node, fresh] = [w.node("node"), w.node("new")];
    const old = w.final("old", () => {
      w.note("now", w.name(w.get(node, "a")));
    });
    w.link(node, "a", old);
    w.drop(old);
    w.link(node, "a", fresh);
  },

  finalized_once(w) {
    const kept: Var[] = [];
    const x = w.final("x", (object) => kept.push(w.keep(object)));
    w.link(x, "a", x);
    w.drop(x);
    w.note("collect", w.collect());
    w.note("finalized", w.isFinalized(kept[0]!));
    w.drop(kept[0]!);
    w.note("collect", w.collect());
    w.note("kept", kept.length);
  },

  finalized_once_by_count(w) {
    const kept: Var[] = [];
    const x = w.final("x", (object) => kept.push(w.keep(object)));
    const ref = w.weak(x, "ref");
    w.drop(x);
    w.note("target", w.target(ref), w.isFinalized(kept[0]!));
    w.drop(kept[0]!);
    w.note("target", w.target(ref), kept.length);
  },

  finalized_by_count_and_then_collected(w) {
    const kept: Var[] = [];
    const x = w.final("x", (object) => kept.push(w.keep(object)));
    w.drop(x);
    w.link(kept[0]!, "a", kept[0]!);
    w.drop(kept[0]!);
    w.note("collect", w.collect());
  },

  finalized_in_a_collection_and_then_by_count(w) {
    const kept: Var[] = [];
    const x = w.final("x", (object) => kept.push(w.keep(object)));
    w.link(x, "a", x);
    w.drop(x);
    w.note("collect", w.collect());
    w.unlink(kept[0]!, "a");
    w.drop(kept[0]!);
    w.note("collect", w.collect());
  },

  resurrection_is_transitive(w) {
    const kept: Var[] = [];
    const x = w.final("x", (object) => kept.push(w.keep(object)));
    const [y, z] = [w.final("y"), w.final("z")];
    ring(w, [x, y, z]);
    const tail = w.node("tail");
    w.link(z, "b", tail);
    const refs = [x, y, z, tail].map((each) => w.weak(each));
    w.drop(x, y, z, tail);
    w.note("collect", w.collect());
    w.note("targets", ...refs.map((each) => w.target(each)));
    const last = w.get(w.get(kept[0]!, "a"), "a");
    w.note("names", w.name(last), w.name(w.get(last, "b")));
    w.drop(kept[0]!);
    w.note("collect", w.collect());
  },

  the_rest_dies(w) {
    const kept: Var[] = [];
    const x = w.final("x", (object) => kept.push(w.keep(object)));
    const [y, z, u] = [w.node("y"), w.final("z"), w.final("u")];
    w.link(x, "a", y);
    w.link(y, "a", y);
    ring(w, [z, u]);
    w.link(z, "b", x);
    w.link(x, "b", x);
    w.drop(x, y, z, u);
    w.note("collect", w.collect());
    w.note("name", w.name(w.get(kept[0]!, "a")));
  },

  another_is_resurrected(w) {
    const kept: Var[] = [];
    const y = w.node("y");
    const x = w.final("x", (object) => kept.push(w.keep(w.get(object, "a"))));
    w.link(x, "a", y);
    w.link(y, "a", y);
    w.link(x, "b", x);
    w.drop(x, y);
    w.note("collect", w.collect());
    w.note("kept", w.name(kept[0]!));
    w.drop(kept[0]!);
    w.note("collect", w.collect());
  },

  resurrected_and_let_go_at_once(w) {
    const x = w.final("x", (object) => {
      w.drop(w.keep(object));
    });
    w.link(x, "a", x);
    w.drop(x);
    w.note("collect", w.collect());
  },

  resurrected_and_let_go_at_once_by_count(w) {
    const x = w.final("x", (object) => {
      w.drop(w.keep(object));
    });
    w.weak(x, "ref");
    w.drop(x);
  },

  resurrected_by_one_and_let_go_by_the_next(w) {
    const kept: Var[] = [];
    const x = w.final("x", (object) => kept.push(w.keep(object)));
    const y = w.final("y", () => {
      w.drop(kept[0]!);
    });
    ring(w, [x, y]);
    w.drop(x, y);
    w.note("collect", w.collect());
  },

  resurrected_references_stay_cleared(w) {
    const kept: Var[] = [];
    const x = w.final("x", (object) => kept.push(w.keep(object)));
    const y = w.node("y");
    ring(w, [x, y]);
    const inside = w.weak(y, "inside");
    w.link(x, "b", inside);
    w.drop(x, y, inside);
    w.note("collect", w.collect());
    w.note("target", w.target(w.get(kept[0]!, "b")));
    w.unlink(kept[0]!, "a");
    w.drop(kept[0]!);
  },

  link_broken_by_a_finalizer(w) {
    const x = w.final("x", unlinkAndNote(w));
    const [y, z] = [w.final("y"), w.node("z")];
    ring(w, [x, y, z]);
    w.weak(z, "z");
    w.drop(x, y, z);
    w.note("collect", w.collect());
  },

  link_broken_by_the_last_finalizer(w) {
    const [x, y] = [w.node("x"), w.final("y")];
    const z = w.final("z", unlinkAndNote(w));
    ring(w, [x, y, z]);
    w.drop(x, y, z);
    w.note("collect", w.collect());
  },

  own_link_broken_by_a_finalizer(w) {
    const unlink = (object: Ptr): void => {
      w.unlink(object, "a");
    };
    const [x, y] = [w.final("x", unlink), w.final("y", unlink)];
    w.link(x, "a", x);
    w.link(y, "a", y);
    w.link(y, "b", x);
    w.drop(x, y);
    w.note("collect", w.collect());
  },

  neighbours_vanish(w) {
    const early = w.final("early");
    const x = w.final("x", (object) => {
      w.unlink(w.get(object, "b"), "a");
      w.note("cut");
      w.unlink(object, "b");
      w.note("cut");
    });
    const [late, z] = [w.final("late"), w.node("z")];
    ring(w, [x, z]);
    w.link(x, "b", late);
    w.link(late, "a", early);
    w.link(early, "b", z);
    w.drop(early, x, late, z);
    w.note("collect", w.collect());
  },

  vanished_cells_are_used_again(w) {
    const kept: Var[] = [];
    const x = w.final("x", (object) => {
      w.unlink(object, "a");
      kept.push(w.final("n0"), w.node("n1"), w.node("n2"), w.node("n3"));
      ring(w, kept);
    });
    const [y, z] = [w.node("y"), w.node("z")];
    ring(w, [x, y, z]);
    w.drop(x, y, z);
    w.note("collect", w.collect());
    w.note("names", ...kept.map((each) => w.name(each)));
    w.drop(...kept);
    w.note("collect", w.collect());
  },

  finalizer_that_allocates(w) {
    const x = w.final("x", () => {
      const fresh = w.node("new");
      w.link(fresh, "a", fresh);
      w.drop(fresh);
    });
    w.link(x, "a", x);
    w.drop(x);
    w.note("collect", w.collect());
    w.note("collect", w.collect());
  },

  finalizer_that_allocates_trash_of_the_trash(w) {
    const x = w.final("x", (object) => {
      const fresh = w.final("new");
      w.link(object, "b", fresh);
      w.drop(fresh);
    });
    w.link(x, "a", x);
    w.drop(x);
    w.note("collect", w.collect());
  },

  finalizer_that_refers_to_trash_from_new_trash(w) {
    const x = w.final("x", (object) => {
      const fresh = w.node("new");
      w.link(fresh, "a", fresh);
      w.link(fresh, "b", object);
      w.drop(fresh);
    });
    w.link(x, "a", x);
    w.drop(x);
    w.note("collect", w.collect());
    w.note("collect", w.collect());
  },

  finalizer_that_collects(w) {
    const x = w.final("x", collectOther(w));
    w.link(x, "a", x);
    w.drop(x);
    w.note("collect", w.collect());
    w.note("collect", w.collect());
  },

  finalizer_that_collects_by_count(w) {
    const x = w.final("x", collectOther(w));
    const y = w.node("y");
    w.link(x, "a", y);
    w.drop(y);
    w.drop(x);
    w.note("collect", w.collect());
  },

  finalizer_that_makes_a_cycle_by_count(w) {
    const x = w.final("x", (object) => {
      w.link(object, "a", object);
    });
    const ref = w.weak(x, "ref");
    w.drop(x);
    w.note("target", w.target(ref));
    w.note("collect", w.collect());
  },

  finalizer_that_fails(w) {
    const nodes = [w.final("x"), w.final("y", () => w.fail()), w.final("z")];
    ring(w, nodes);
    w.drop(...nodes);
    w.note("collect", w.collect());
  },

  finalizer_that_fails_by_count(w) {
    const y = w.final("y");
    const x = w.final("x", () => w.fail());
    w.link(x, "a", y);
    w.drop(y);
    w.drop(x);
  },

  finalizer_that_resurrects_and_fails(w) {
    const kept: Var[] = [];
    const x = w.final("x", (object) => {
      kept.push(w.keep(object));
      w.fail();
    });
    w.link(x, "a", x);
    w.drop(x);
    w.note("collect", w.collect());
    w.note("kept", w.name(kept[0]!));
  },

  finalizer_that_drops_another_by_count(w) {
    const y = w.final("y");
    const z = w.final("z", () => {
      w.drop(y);
      w.note("z ends");
    });
    const x = w.final("x", () => {
      w.drop(z);
      w.note("x ends");
    });
    w.drop(x);
  },

  finalizer_that_drops_another_in_a_collection(w) {
    const y = w.final("y");
    const x = w.final("x", () => {
      w.drop(y);
      w.note("x ends");
    });
    w.link(x, "a", x);
    w.drop(x);
    w.note("collect", w.collect());
  },

  trash_that_keeps_others_alive(w) {
    const [x, tail, last] = [w.node("x"), w.final("tail"), w.final("last")];
    w.link(x, "a", x);
    w.link(x, "b", tail);
    w.link(tail, "a", last);
    w.drop(x, tail, last);
    w.note("collect", w.collect());
  },

  survivor_loses_its_last_reference_to_trash(w) {
    const [survivor, x] = [w.node("survivor"), w.final("x")];
    w.link(x, "a", x);
    w.link(x, "b", survivor);
    w.drop(x);
    w.note("collect", w.collect());
    w.note("name", w.name(survivor));
  },

  resurrected_by_a_survivor(w) {
    const survivor = w.node("survivor");
    const x = w.final("x", (object) => {
      w.link(survivor, "a", object);
    });
    const y = w.final("y");
    ring(w, [x, y]);
    w.drop(x, y);
    w.note("collect", w.collect());
    const back = w.get(survivor, "a");
    w.note("names", w.name(back), w.name(w.get(back, "a")));
    w.unlink(survivor, "a");
    w.note("collect", w.collect());
  },

  long_chain_by_count(w) {
    let head = w.final("0");
    for (let number = 1; number < 300; number++) {
      const node = w.final(String(number));
      w.link(node, "a", head);
      w.drop(head);
      head = node;
    }
    w.drop(head);
  },
};

function unlinkAndNote(w: World): (object: Ptr) => void {
  return (object) => {
    w.unlink(object, "a");
    w.note("unlinked");
  };
}

function collectOther(w: World): () => void {
  return () => {
    const other = w.node("other");
    w.link(other, "a", other);
    w.drop(other);
    w.note("inside", w.collect());
  };
}
