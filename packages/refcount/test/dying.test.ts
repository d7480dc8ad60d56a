import { IMMORTAL } from "@heapwright/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { NESTING_LIMIT } from "../src/dying.js";
import { createFakeHeap, KIND, type FakeHeap } from "./fake-heap.js";

/** Notes each object whose last words are asked for. */
function listen(heap: FakeHeap, answer: (object: number) => boolean = () => true): number[] {
  const asked: number[] = [];
  heap.lastWords = (object) => {
    asked.push(object);
    return answer(object);
  };
  return asked;
}

describe("an object whose count reaches 0", () => {
  it("is buried at once, and so is all that only it referred to", () => {
    const heap = createFakeHeap();
    const [leaf, kept] = [heap.create(KIND.leaf), heap.create(KIND.leaf)];
    heap.incref(kept);
    const node = heap.create(KIND.node, leaf, 0, -7, kept);
    heap.decref(node);
    expect(heap.buried).toEqual([leaf, node]);
    expect(heap.counter.count(kept)).toBe(1);
    expect(heap.counter.waiting()).toEqual([]);
  });

  it.each(["node", "tuple", "list", "dict"] as const)("drops every reference of a %s", (kind) => {
    const heap = createFakeHeap();
    const held = Array.from({ length: 15 }, () => heap.create(KIND.leaf));
    const holder = heap.create(KIND[kind], ...held);
    heap.decref(holder);
    expect(heap.buried).toHaveLength(16);
    expect(heap.buried.at(-1)).toBe(holder);
  });

  it("drops what a custom layout's edges say, and no more", () => {
    const heap = createFakeHeap();
    const [first, other, third] = [heap.create(KIND.leaf), heap.create(KIND.leaf), heap.create(KIND.leaf)];
    heap.decref(heap.create(KIND.custom, first, other, third));
    expect(heap.isAlive(first)).toBe(false);
    expect(heap.isAlive(other)).toBe(true);
    expect(heap.isAlive(third)).toBe(false);
  });

  it("that refers to one object twice gives up two references", () => {
    const heap = createFakeHeap();
    const twice = heap.create(KIND.leaf);
    heap.counter.add(twice, 2);
    heap.decref(heap.create(KIND.node, twice, twice));
    expect(heap.counter.count(twice)).toBe(1);
  });

  it("of an empty list or dict is all that dies", () => {
    const heap = createFakeHeap();
    const [list, dict] = [heap.create(KIND.list), heap.create(KIND.dict)];
    heap.decref(list);
    heap.decref(dict);
    expect(heap.buried).toEqual([list, dict]);
  });
});

describe("the order of last words", () => {
  const dying = (kind: keyof typeof KIND): { order: number[]; held: number[] } => {
    const heap = createFakeHeap();
    const held = [1, 2, 3].map(() => heap.create(KIND.finalized, heap.create(KIND.finalized)));
    const order = listen(heap);
    heap.decref(heap.create(KIND[kind], ...held));
    return { order, held: held.flatMap((object) => [object, object - 16]) };
  };

  it.each(["node", "dict"] as const)(
    "of what a %s refers to is the first to the last, depth first",
    (kind) => {
      const { order, held } = dying(kind);
      expect(order).toEqual(held);
    },
  );

  it.each(["tuple", "list"] as const)(
    "of what a %s refers to is the last to the first, depth first",
    (kind) => {
      const { order, held } = dying(kind);
      const [a, aa, b, bb, c, cc] = held;
      expect(order).toEqual([c, cc, b, bb, a, aa]);
    },
  );

  it("asks objects with a finalizer, with weak references to them, and weak references, and no others", () => {
    const heap = createFakeHeap();
    const objects = Object.values(KIND).map((kind) => heap.create(kind));
    const known = heap.create(KIND.node);
    heap.words[known]! |= 0x4000;
    const order = listen(heap);
    for (const object of [...objects, known]) heap.decref(object);
    expect(order).toEqual([objects[6], objects[7], objects[8], known]);
    expect(heap.buried).toHaveLength(10);
  });
});

describe("while an object waits", () => {
  it("its count is 1, and it is among those that wait, also during its own last words", () => {
    const heap = createFakeHeap();
    const held = [1, 2, 3].map(() => heap.create(KIND.finalized));
    const seen: number[][] = [];
    heap.lastWords = (object) => {
      const waiting = heap.counter.waiting();
      expect(waiting).toContain(object);
      for (const each of waiting) expect(heap.counter.count(each)).toBe(1);
      seen.push([...waiting]);
      return true;
    };
    heap.decref(heap.create(KIND.node, ...held));
    const [a, b, c] = held;
    expect(seen).toEqual([[c, b, a], [c, b], [c]]);
  });

  it("it can be found and kept, and then lives with the references that it has", () => {
    const heap = createFakeHeap();
    const [first, second] = [heap.create(KIND.finalized), heap.create(KIND.finalized)];
    const order = listen(heap, (object) => {
      if (object === first) heap.incref(second);
      return true;
    });
    heap.decref(heap.create(KIND.node, first, second));
    expect(order).toEqual([first]);
    expect(heap.counter.count(second)).toBe(1);
    heap.decref(second);
    expect(order).toEqual([first, second]);
    expect(heap.isAlive(second)).toBe(false);
  });

  it("it can be found, kept and dropped again, and dies when its turn comes", () => {
    const heap = createFakeHeap();
    const [first, second] = [heap.create(KIND.finalized), heap.create(KIND.finalized)];
    const order = listen(heap, () => {
      if (order.length > 1) return true;
      heap.counter.add(second, 10_000);
      for (let index = 0; index < 10_000; index++) heap.decref(second);
      return true;
    });
    heap.decref(heap.create(KIND.node, first, second));
    expect(order).toEqual([first, second]);
    expect(heap.buried).toHaveLength(3);
  });

  it("it can become immortal", () => {
    const heap = createFakeHeap();
    const [first, second] = [heap.create(KIND.finalized), heap.create(KIND.finalized)];
    listen(heap, () => {
      heap.counter.immortalize(second);
      return true;
    });
    heap.decref(heap.create(KIND.node, first, second));
    expect(heap.words[second]! & IMMORTAL).toBe(IMMORTAL);
    expect(heap.isAlive(second)).toBe(true);
  });
});

describe("a resurrected object", () => {
  it("lives on with the references that it was given, and what it refers to with it", () => {
    const heap = createFakeHeap();
    const held = heap.create(KIND.finalized);
    const object = heap.create(KIND.finalized, held);
    const order = listen(heap, (each) => {
      if (order.length === 1) heap.counter.add(each, 9000);
      return order.length > 1;
    });
    heap.decref(object);
    expect(heap.counter.count(object)).toBe(9000);
    expect(heap.counter.count(held)).toBe(1);
    heap.counter.add(object, -8999);
    heap.decref(object);
    expect(order).toEqual([object, object, held]);
    expect(heap.buried).toEqual([object, held]);
  });

  it("is noticed even after mayDie said that it goes", () => {
    const heap = createFakeHeap();
    const object = heap.create(KIND.finalized);
    listen(heap, () => {
      heap.incref(object);
      return true;
    });
    heap.decref(object);
    expect(heap.counter.count(object)).toBe(1);
    expect(heap.counter.waiting()).toEqual([]);
  });
});

describe("last words that make others die", () => {
  it("see them dead when the call returns, as in CPython", () => {
    const heap = createFakeHeap();
    const inner = heap.create(KIND.node, heap.create(KIND.leaf));
    const outer = heap.create(KIND.finalized);
    const sibling = heap.create(KIND.finalized);
    const order = listen(heap, (object) => {
      if (object === outer) {
        heap.decref(inner);
        expect(heap.isAlive(inner)).toBe(false);
        expect(heap.isAlive(sibling)).toBe(true);
      }
      return true;
    });
    heap.decref(heap.create(KIND.node, outer, sibling));
    expect(order).toEqual([outer, sibling]);
  });

  it("nest 50 deep; what dies deeper down waits, and dies all the same", () => {
    const heap = createFakeHeap();
    const chain = Array.from({ length: 1000 }, () => heap.create(KIND.finalized));
    let depth = 0;
    let deepest = 0;
    const order = listen(heap, (object) => {
      deepest = Math.max(deepest, ++depth);
      const next = chain[chain.indexOf(object) + 1];
      if (next !== undefined) {
        heap.decref(next);
        // An object that nobody would miss never waits.
        const leaf = heap.create(KIND.leaf);
        heap.decref(leaf);
        expect(heap.isAlive(leaf)).toBe(false);
      }
      depth--;
      return true;
    });
    heap.decref(chain[0]!);
    expect(deepest).toBe(NESTING_LIMIT);
    expect(order).toEqual(chain);
    expect(heap.counter.waiting()).toEqual([]);
  });

  it("may wait in crowds where the nesting is deepest", () => {
    const heap = createFakeHeap();
    const order = listen(heap, (object) => {
      const held = heap.words[object + 2]!;
      heap.words[object + 2] = 0;
      if (held !== 0) heap.decref(held);
      return true;
    });
    // Each finalizer drops a list of three; one of them goes on so.
    let object = heap.create(KIND.finalized);
    for (let level = 0; level < 100; level++) {
      const crowd = heap.create(KIND.list, heap.create(KIND.finalized), object, heap.create(KIND.finalized));
      object = heap.create(KIND.finalized, 0, crowd);
    }
    heap.decref(object);
    expect(order).toHaveLength(301);
    expect(heap.buried).toHaveLength(401);
  });
});

describe("suspend and resume", () => {
  it("make everything wait until the outermost resume, leaves included", () => {
    const heap = createFakeHeap();
    const [leaf, node] = [heap.create(KIND.leaf), heap.create(KIND.finalized, heap.create(KIND.finalized))];
    const order = listen(heap);
    heap.counter.suspend();
    heap.decref(leaf);
    heap.counter.suspend();
    heap.decref(node);
    heap.counter.resume();
    expect(heap.counter.waiting()).toEqual([leaf, node]);
    expect(heap.counter.count(leaf)).toBe(1);
    expect(heap.buried).toEqual([]);
    heap.counter.resume();
    expect(heap.counter.waiting()).toEqual([]);
    expect(order).toEqual([node, node - 16]);
    expect(heap.buried).toHaveLength(3);
  });

  it("let die in the order in which they began to wait, each with what only it held", () => {
    const heap = createFakeHeap();
    const pairs = [1, 2, 3].map(() => {
      const held = heap.create(KIND.finalized);
      return [heap.create(KIND.finalized, held), held];
    });
    const order = listen(heap);
    heap.counter.suspend();
    for (const [object] of pairs) heap.decref(object!);
    heap.counter.resume();
    expect(order).toEqual(pairs.flat());
  });

  it("let overflowed counts go down meanwhile", () => {
    const heap = createFakeHeap();
    const object = heap.create(KIND.leaf);
    heap.counter.add(object, 12_000);
    heap.counter.suspend();
    for (let index = 0; index < 12_000; index++) heap.decref(object);
    expect(heap.counter.waiting()).toEqual([]);
    heap.decref(object);
    expect(heap.counter.waiting()).toEqual([object]);
    heap.counter.resume();
    expect(heap.isAlive(object)).toBe(false);
  });

  it("work inside last words: what waited since then dies before they return", () => {
    const heap = createFakeHeap();
    const others = [1, 2].map(() => heap.create(KIND.node));
    const [first, second] = [heap.create(KIND.finalized), heap.create(KIND.finalized)];
    const order = listen(heap, (object) => {
      if (object === first) {
        heap.counter.suspend();
        for (const other of others) heap.decref(other);
        expect(heap.counter.waiting()).toEqual([second, first, ...others]);
        heap.counter.resume();
        expect(heap.counter.waiting()).toEqual([second, first]);
      }
      return true;
    });
    heap.decref(heap.create(KIND.node, first, second));
    expect(order).toEqual([first, second]);
  });

  it("that nobody ended inside last words end the dying, until they are", () => {
    const heap = createFakeHeap();
    const [first, second] = [heap.create(KIND.finalized), heap.create(KIND.finalized)];
    listen(heap, (object) => {
      if (object === first) heap.counter.suspend();
      return true;
    });
    heap.decref(heap.create(KIND.node, first, second));
    expect(heap.counter.waiting()).toEqual([second]);
    heap.counter.resume();
    expect(heap.counter.waiting()).toEqual([]);
    expect(heap.isAlive(second)).toBe(false);
  });

  it("must be even", () => {
    expect(() => createFakeHeap().counter.resume()).toThrow("Invariant:");
  });
});

describe("an error that comes out of a death", () => {
  it("of a custom layout's edges leaves the rest to the next death, and the object is buried", () => {
    const heap = createFakeHeap();
    const custom = heap.create(KIND.custom, heap.create(KIND.leaf));
    const sibling = heap.create(KIND.node);
    heap.beforeEdges = () => {
      throw new TypeError("edges");
    };
    const holder = heap.create(KIND.node, custom, sibling);
    expect(() => heap.decref(holder)).toThrow("edges");
    expect(heap.isAlive(custom)).toBe(false);
    expect(heap.counter.waiting()).toEqual([sibling]);
    heap.decref(heap.create(KIND.node));
    expect(heap.counter.waiting()).toEqual([]);
    expect(heap.isAlive(sibling)).toBe(false);
  });

  it("of last words leaves the object waiting, and it is asked again", () => {
    const heap = createFakeHeap();
    const [first, second] = [heap.create(KIND.finalized), heap.create(KIND.finalized)];
    const order = listen(heap, () => {
      if (order.length === 1) throw new TypeError("last words");
      return true;
    });
    const holder = heap.create(KIND.node, first, second);
    expect(() => heap.decref(holder)).toThrow("last words");
    expect(heap.counter.waiting()).toEqual([second, first]);
    heap.counter.suspend();
    heap.counter.resume();
    expect(order).toEqual([first, first, second]);
    expect(heap.counter.waiting()).toEqual([]);
  });

  it("does not shorten the nesting of later deaths", () => {
    const heap = createFakeHeap();
    let isBroken = true;
    heap.lastWords = () => {
      if (isBroken) throw new TypeError("last words");
      return true;
    };
    for (let index = 0; index < 2 * NESTING_LIMIT; index++) {
      const object = heap.create(KIND.finalized);
      expect(() => heap.decref(object)).toThrow("last words");
    }
    isBroken = false;
    heap.decref(heap.create(KIND.finalized));
    expect(heap.counter.waiting()).toEqual([]);
    expect(heap.buried).toHaveLength(2 * NESTING_LIMIT + 1);
  });
});

describe("dispose", () => {
  it("inside last words ends the dying: the memory is touched no more", () => {
    const heap = createFakeHeap();
    const [first, second] = [heap.create(KIND.finalized), heap.create(KIND.finalized)];
    const before: Int32Array[] = [];
    listen(heap, () => {
      heap.counter.dispose();
      before.push(heap.words.slice());
      return true;
    });
    heap.decref(heap.create(KIND.node, first, second));
    expect(heap.buried).toHaveLength(1);
    expect(heap.words.every((word, index) => word === before[0]![index])).toBe(true);
    expect(heap.counter.waiting()).toEqual([]);
    heap.decref(second);
    expect(heap.buried).toHaveLength(1);
  });
});

describe("a random graph without cycles", () => {
  interface Plan {
    readonly kind: keyof typeof KIND;
    readonly to: readonly number[];
    readonly roots: number;
  }
  const plan: fc.Arbitrary<Plan> = fc.record({
    kind: fc.constantFrom("node", "tuple", "list", "dict", "custom", "finalized"),
    to: fc.array(fc.nat(), { maxLength: 6 }),
    roots: fc.nat(2),
  });

  it("loses exactly what its roots do not reach any more, whatever order they go in", () => {
    fc.assert(
      fc.property(
        fc.array(plan, { minLength: 1, maxLength: 60 }),
        fc.infiniteStream(fc.nat()),
        (plans, picks) => {
          const heap = createFakeHeap();
          const asked = listen(heap);
          const objects: number[] = [];
          const edges = new Map<number, readonly number[]>();
          const roots: number[] = [];
          for (const { kind, to, roots: rooted } of plans) {
            let refs = to.map((pick) => objects[pick % (objects.length + 1)] ?? -1 - (pick % 5));
            if (kind === "custom") refs = [refs[0] ?? 0, -1, refs[1] ?? 0];
            const living = refs.filter((ref) => ref > 0);
            for (const ref of living) heap.incref(ref);
            const object = heap.create(KIND[kind], ...refs);
            objects.push(object);
            edges.set(object, living);
            heap.counter.add(object, rooted);
            for (let index = 0; index <= rooted; index++) roots.push(object);
          }
          const finalized = objects.filter((object) => (heap.words[object]! & 0xfff) === KIND.finalized);
          for (let left = roots.length; left > 0; left--) {
            const [dropped] = roots.splice(picks.next().value! % left, 1);
            heap.decref(dropped!);
            const reached = new Set(roots);
            for (const object of reached) for (const ref of edges.get(object)!) reached.add(ref);
            for (const object of objects) {
              if (heap.isAlive(object) !== reached.has(object))
                expect(heap.isAlive(object)).toBe(reached.has(object));
            }
          }
          expect([...heap.buried].sort((a, b) => a - b)).toEqual(objects);
          expect([...asked].sort((a, b) => a - b)).toEqual(finalized);
        },
      ),
    );
  });
});

describe("depth and width", () => {
  it("need no recursion: a chain as long as the heap dies like one object", () => {
    const heap = createFakeHeap();
    let head = 0;
    for (let index = 0; index < 30_000; index++) {
      head = heap.create([KIND.node, KIND.tuple, KIND.list, KIND.dict, KIND.custom][index % 5]!, head);
    }
    heap.decref(head);
    expect(heap.buried).toHaveLength(30_000);
  });

  it("need room for what waits, and give it back", () => {
    const heap = createFakeHeap();
    const held = Array.from({ length: 30_000 }, () => heap.create(KIND.node));
    heap.decref(heap.create(KIND.list, ...held));
    expect(heap.buried).toHaveLength(30_001);
    // The last item dies first.
    expect(heap.buried.slice(0, 3)).toEqual([heap.buried[0], held.at(-1), held.at(-2)]);
  });
});
