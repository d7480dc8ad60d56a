/**
 * What the collector counts: `test/fixtures/deaths/accounting.py`, line by line.
 */
import { ring, rise, type Var, type World } from "./world.js";

type Scenario = (w: World) => void;

export const accounting: Readonly<Record<string, Scenario>> = {
  what_collect_returns(w) {
    const [x, y, z] = [w.node("x"), w.node("y"), w.node("z")];
    ring(w, [x, y, z]);
    w.note("collect", w.collect());
    w.drop(x, y);
    w.note("collect", w.collect());
    w.drop(z);
    w.note("collect", w.collect());
    w.note("collect", w.collect());
  },

  resurrected_objects_are_not_counted(w) {
    const kept: Var[] = [];
    const x = w.final("x", (object) => kept.push(w.keep(object)));
    const [y, z, u] = [w.node("y"), w.node("z"), w.node("u")];
    ring(w, [x, y]);
    ring(w, [z, u]);
    w.drop(x, y, z, u);
    collectAndNoteStats(w);
  },

  vanished_objects_are_not_counted(w) {
    const x = w.final("x", (object) => {
      w.unlink(object, "a");
    });
    const others = [0, 1, 2, 3, 4].map((number) => w.node(String(number)));
    ring(w, [x, ...others]);
    w.drop(x, ...others);
    collectAndNoteStats(w);
  },

  references_that_end_with_their_callbacks_are_counted(w) {
    const x = w.node("x");
    w.link(x, "a", x);
    const refs: Var[] = [];
    refs.push(
      w.weak(x, "1", () => {
        w.drop(refs[0]!);
      }),
    );
    refs.push(w.weak(x, "2"));
    refs.push(
      w.weak(x, "3", () => {
        w.drop(refs[2]!);
      }),
    );
    w.drop(x);
    collectAndNoteStats(w);
  },

  collect_inside_changes_no_statistics(w) {
    const x = w.final("x", () => {
      w.note("inside", w.collect(), w.collect(0));
    });
    w.link(x, "a", x);
    w.drop(x);
    const before = w.collections();
    w.note("collect", w.collect());
    w.note("collections", ...rise(w.collections(), before));
  },

  each_generation_has_its_statistics(w) {
    for (const generation of [0, 1, 2, 0]) {
      const x = w.node("x");
      w.link(x, "a", x);
      w.drop(x);
      const [before, stats] = [w.collections(), w.stats().map(([collected]) => collected!)];
      w.note("collect", w.collect(generation));
      w.note("collections", ...rise(w.collections(), before));
      w.note(
        "collected",
        ...rise(
          w.stats().map(([collected]) => collected!),
          stats,
        ),
      );
    }
  },

  generations_of_survivors(w) {
    const x = w.node("x");
    w.note("generation", w.generation(x));
    w.collect(0);
    w.note("generation", w.generation(x));
    w.collect(0);
    w.note("generation", w.generation(x));
    w.collect(1);
    w.note("generation", w.generation(x));
    const y = w.node("y");
    w.collect(1);
    w.note("generation", w.generation(x), w.generation(y));
    const z = w.node("z");
    w.collect(2);
    w.note("generation", w.generation(x), w.generation(y), w.generation(z));
  },

  old_garbage_stays(w) {
    const [x, y] = [w.node("x"), w.node("y")];
    ring(w, [x, y]);
    w.collect(0);
    const young = w.node("young");
    w.link(young, "a", young);
    w.drop(x, y, young);
    w.note("collect", w.collect(0));
    w.note("collect", w.collect(0));
    w.note("collect", w.collect(1));
    const old = w.node("old");
    w.link(old, "a", old);
    w.collect();
    w.drop(old);
    w.note("collect", w.collect(1));
    w.note("collect", w.collect(2));
  },

  old_garbage_keeps_the_young(w) {
    const [old, young] = [w.node("old"), w.final("young")];
    w.link(old, "a", old);
    w.collect();
    w.link(old, "b", young);
    w.link(young, "a", young);
    w.drop(old, young);
    for (const generation of [0, 1, 2]) w.note("collect", w.collect(generation));
  },

  generation_of_the_resurrected(w) {
    for (const generation of [0, 1, 2]) {
      const kept: Var[] = [];
      const x = w.final("x", (object) => {
        kept.push(w.keep(object));
        kept.push(w.node("new"));
      });
      w.link(x, "a", x);
      w.drop(x);
      w.note("collect", w.collect(generation));
      w.note("generation", w.generation(kept[0]!), w.generation(kept[1]!));
      w.drop(...kept);
      w.collect();
    }
  },

  the_young_count_less_what_died(w) {
    w.collect();
    const count = (): number => w.heap.gc.getCount()[0]!;
    const counts = [count()];
    const holder = Array.from({ length: 30 }, (_, index) => w.node(String(index)));
    counts.push(count());
    w.drop(...holder.slice(0, 10));
    counts.push(count());
    w.collect(1);
    counts.push(count());
    w.drop(...holder.slice(10));
    counts.push(count());
    w.note("born", counts[1]! - counts[0]!);
    w.note("died", counts[1]! - counts[2]!);
    w.note("collected", counts[3]!);
    w.note("never below zero", counts[4]!);
  },

  older_counts(w) {
    w.collect();
    const noteCounts = (): void => {
      w.note("count", ...w.heap.gc.getCount().slice(1));
    };
    noteCounts();
    w.collect(0);
    noteCounts();
    w.collect(0);
    noteCounts();
    w.collect(1);
    noteCounts();
    w.collect(0);
    w.collect(1);
    noteCounts();
    w.collect(2);
    noteCounts();
  },

  legacy_in_a_cycle(w) {
    const [x, y, tail] = [w.legacy("x"), w.final("y"), w.final("tail")];
    ring(w, [x, y]);
    w.link(y, "b", tail);
    const keep = [w.weak(x, "x"), w.weak(y, "y"), w.weak(tail, "tail")];
    w.drop(x, y, tail);
    collectAndNoteStats(w);
    w.note("garbage", ...w.garbage());
    w.note("targets", ...keep.map((each) => w.target(each)));
    w.note("collect", w.collect());
    w.note("garbage", ...w.garbage());
  },

  legacy_beside_a_cycle(w) {
    const [x, y, legacy, tail] = [w.node("x"), w.final("y"), w.legacy("legacy"), w.node("tail")];
    ring(w, [x, y]);
    w.link(x, "b", legacy);
    w.link(legacy, "a", tail);
    w.drop(x, y, legacy, tail);
    w.note("collect", w.collect());
    w.note("garbage", ...w.garbage());
  },

  legacy_and_resurrection(w) {
    const kept: Var[] = [];
    const x = w.final("x", (object) => kept.push(w.keep(object)));
    const y = w.node("y");
    ring(w, [x, y]);
    const legacy = w.legacy("legacy");
    w.link(legacy, "a", legacy);
    w.link(x, "b", legacy);
    w.drop(x, y, legacy);
    w.note("collect", w.collect());
    w.note("garbage", ...w.garbage());
  },

  legacy_once_its_cycle_is_broken(w) {
    const [x, y] = [w.legacy("x"), w.node("y")];
    ring(w, [x, y]);
    w.drop(x, y);
    w.note("collect", w.collect());
    const kept = w.keep(w.garbageAt(0));
    w.clearGarbage();
    w.unlink(kept, "a");
    w.note("unlinked");
    w.drop(kept);
  },

  legacy_by_count(w) {
    const [x, y] = [w.legacy("x"), w.legacy("y")];
    w.link(x, "a", y);
    w.drop(y);
    w.drop(x);
    w.note("garbage", ...w.garbage());
  },

  legacy_is_called_again(w) {
    const kept: Var[] = [];
    const x = w.legacy("x", (object) => {
      if (kept.length < 2) kept.push(w.keep(object));
    });
    const ref = w.weak(x, "ref");
    w.drop(x);
    w.note("target", w.target(ref));
    w.drop(kept[0]!);
    w.drop(kept[1]!);
    w.note("kept", kept.length);
  },

  two_legacy_objects(w) {
    const [x, y] = [w.legacy("x"), w.legacy("y")];
    ring(w, [x, y]);
    w.drop(x, y);
    w.note("collect", w.collect());
    w.note("garbage", ...w.garbage());
    w.note("generation", w.generation(w.garbageAt(0)));
  },

  legacy_generation(w) {
    const [x, y] = [w.legacy("x"), w.node("y")];
    ring(w, [x, y]);
    w.drop(x, y);
    w.note("collect", w.collect(0));
    w.note("garbage", ...w.garbage());
    w.note("generation", w.generation(w.garbageAt(0)));
  },
};

function collectAndNoteStats(w: World): void {
  const before = w.stats()[2]!;
  w.note("collect", w.collect());
  w.note("stats", ...rise(w.stats()[2]!, before));
}
