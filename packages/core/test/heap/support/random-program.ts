/**
 * Random programs on a heap, and what JavaScript's own objects say about them: which objects must be alive, and with what
 * in their slots.
 */

import fc from "fast-check";

import { HeapwrightError } from "../../../src/errors.js";
import type { Heap } from "../../../src/heap/heap.js";
import type { Ptr } from "../../../src/heap/reference.js";
import type { Pin } from "../../../src/heap/roots.js";
import type { Scope } from "../../../src/heap/scope.js";
import { layoutsOf, type LayoutName } from "./open-heap.js";

/** One step: what is done, and numbers that say with what. */
export interface Step {
  readonly do: (typeof KINDS)[number];
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

const KINDS = [
  "create",
  "create",
  "create",
  "link",
  "link",
  "link",
  "unlink",
  "append",
  "append",
  "truncate",
  "enter",
  "leave",
  "own",
  "pin",
  "unpin",
  "retain",
  "release",
  "watch",
  "reserve",
  "untrack",
  "collect",
] as const;

/** Random programs. */
export const programs: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ do: fc.constantFrom(...KINDS), a: fc.nat(99), b: fc.nat(99), c: fc.nat(99) }),
  { size: "max", maxLength: 120 },
);

/** Kinds of objects, and the slots that `link` uses in them; lists and dicts are appended to. */
const MADE: readonly (readonly [LayoutName, slots: readonly number[]])[] = [
  ["node", [0, 1, 2, 3]],
  ["plain", [0, 1, 2]],
  ["sparse", [1, 4]],
  ["tuple", [0, 3]],
  ["custom", [1, 3]],
  ["list", []],
  ["dict", []],
  ["short", []],
  ["blob", []],
];

/** An object as the model knows it. */
interface Shade {
  readonly ptr: Ptr;
  readonly slots: readonly number[];
  readonly kind: LayoutName;
  /** By slot. */
  readonly edges: Map<number, Shade>;
  readonly items: Shade[];
}

/** Plays programs on a heap, and knows what is reachable. */
export interface Player {
  /** Plays one step. Returns the code of the error that it threw, or `""`. */
  play(step: Step): string;
  /** Addresses of all objects that the roots lead to. */
  reachable(): Set<number>;
  /** Sentences on slots and items that are not as the model has them. */
  differences(): string[];
  /** Ends all scopes, pins and holds. */
  end(): void;
}

/** Makes a player. The finalizer of `node` must resurrect nothing: the model does not know it. */
export function createPlayer(heap: Heap): Player {
  const layouts = layoutsOf(heap);
  const scopes: { scope: Scope; holds: Shade[] }[] = [{ scope: heap.enter(), holds: [] }];
  const pins: { pin: Pin; shade: Shade }[] = [];
  const retained: Shade[] = [];

  function shades(): Shade[] {
    const roots = [...scopes.flatMap(({ holds }) => holds), ...pins.map(({ shade }) => shade), ...retained];
    const reached = new Set(roots);
    for (const { edges, items } of reached)
      for (const each of [...edges.values(), ...items]) reached.add(each);
    return [...reached];
  }

  const pick = (among: readonly Shade[], number: number): Shade | undefined =>
    among[number % Math.max(1, among.length)];

  const ACTIONS: Readonly<Record<Step["do"], (step: Step, all: Shade[]) => void>> = {
    create({ a }) {
      const [kind, slots] = MADE[a % MADE.length]!;
      const { scope, holds } = scopes.at(-1)!;
      const ptr = scope.create(layouts[kind], kind === "tuple" ? 4 : undefined);
      holds.push({ ptr, kind, slots, edges: new Map(), items: [] });
    },
    link({ a, b, c }, all) {
      const from = pick(
        all.filter(({ slots }) => slots.length > 0),
        a,
      );
      const to = pick(all, b);
      if (!from || !to) return;
      const slot = from.slots[c % from.slots.length]!;
      heap.set(from.ptr, slot, to.ptr);
      from.edges.set(slot, to);
    },
    unlink({ a, c }, all) {
      const from = pick(
        all.filter(({ edges }) => edges.size > 0),
        a,
      );
      if (!from) return;
      const slot = [...from.edges.keys()][c % from.edges.size]!;
      heap.set(from.ptr, slot, 0 as Ptr);
      from.edges.delete(slot);
    },
    append({ a, b }, all) {
      const list = pick(
        all.filter(({ kind }) => kind === "list" || kind === "dict"),
        a,
      );
      const item = pick(all, b);
      if (!list || !item) return;
      heap.items.append(list.ptr, item.ptr);
      list.items.push(item);
    },
    truncate({ a, b }, all) {
      const list = pick(
        all.filter(({ items }) => items.length > 0),
        a,
      );
      if (!list) return;
      const length = b % list.items.length;
      heap.items.truncate(list.ptr, length);
      list.items.length = length;
    },
    enter() {
      if (scopes.length < 6) scopes.push({ scope: heap.enter(), holds: [] });
    },
    leave() {
      if (scopes.length > 1) scopes.pop()!.scope.dispose();
    },
    own({ a }, all) {
      const shade = pick(all, a);
      if (!shade) return;
      const { scope, holds } = scopes.at(-1)!;
      scope.own(shade.ptr);
      holds.push(shade);
    },
    pin({ a }, all) {
      const shade = pick(all, a);
      if (shade) pins.push({ pin: heap.pin(shade.ptr), shade });
    },
    unpin({ a }) {
      if (pins.length === 0) return;
      const place = a % pins.length;
      heap.unpin(pins[place]!.pin);
      pins.splice(place, 1);
    },
    retain({ a, b }, all) {
      const shade = pick(all, a);
      // Some very often, so that counts do not fit into their headers.
      const times = b % 10 === 0 ? 9000 : 1;
      if (!shade) return;
      heap.retain(shade.ptr, times);
      for (let time = 0; time < times; time++) retained.push(shade);
    },
    release({ a }) {
      const shade = pick(retained, a * 37);
      if (!shade) return;
      heap.release(shade.ptr);
      retained.splice(retained.indexOf(shade), 1);
    },
    watch({ a, b }, all) {
      const shade = pick(
        all.filter(({ kind }) => kind !== "short" && kind !== "blob"),
        a,
      );
      // In a scope of its own: weak references that end before their targets, and shared ones.
      if (shade)
        heap.scope((s) => void heap.weak.create(s, shade.ptr, b % 2 === 0 ? {} : { callback: () => {} }));
    },
    reserve({ a, b }, all) {
      const shade = pick(
        all.filter(({ kind }) => kind === "list" || kind === "blob"),
        a,
      );
      if (shade) heap.items.reserve(shade.ptr, b * 50);
    },
    untrack({ a, b }, all) {
      const shade = pick(
        all.filter(({ slots }) => slots.length > 0),
        a,
      );
      if (!shade) return;
      // What is untracked must not be part of a cycle: it goes back at once, as a tuple that changed does.
      heap.untrack(shade.ptr);
      if (b % 2 === 0) heap.verify();
      heap.track(shade.ptr);
    },
    collect({ a }) {
      heap.gc.collect(a % 3);
    },
  };

  return {
    play(step) {
      try {
        ACTIONS[step.do](step, shades());
        return "";
      } catch (error) {
        if (HeapwrightError.is(error)) return error.code;
        throw error;
      }
    },

    reachable: () => new Set(shades().map(({ ptr }) => ptr)),

    differences() {
      const found: string[] = [];
      for (const { ptr, kind, slots, edges, items } of shades()) {
        if (!heap.isObject(ptr) || heap.layoutOf(ptr) !== layouts[kind]) {
          found.push(`${ptr} is no ${kind}.`);
          continue;
        }
        for (const slot of slots) {
          if (heap.get(ptr, slot) !== (edges.get(slot)?.ptr ?? 0))
            found.push(`Slot ${slot} of ${ptr} differs.`);
        }
        const isList = kind === "list" || kind === "dict";
        const there = isList ? Array.from(items, (_, place) => heap.items.get(ptr, place)) : [];
        const differs = items.some((item, place) => item.ptr !== there[place]);
        if (differs || (isList && heap.items.count(ptr) !== items.length))
          found.push(`The items of ${ptr} differ.`);
      }
      return found;
    },

    end() {
      for (const { pin } of pins.splice(0)) heap.unpin(pin);
      for (const shade of retained.splice(0)) heap.release(shade.ptr);
      while (scopes.length > 0) scopes.pop()!.scope.dispose();
    },
  };
}
