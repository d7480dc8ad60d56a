/**
 * What CPython did with the same structures: fixtures/deaths.json, recorded by fixtures/record-deaths.py.
 */
import { readFileSync } from "node:fs";

import type { Ptr, Scope } from "@heapwright/core";
import { describe, expect, it } from "vitest";

import { openHeap } from "./open-heap.js";

/** The name of an object built before, or a kind and its parts; the first part of a node is its name. */
type Shape = string | readonly Shape[];

interface Recorded {
  readonly python: string;
  readonly trees: readonly { readonly shape: Shape; readonly order: readonly string[] }[];
  readonly shared: readonly { readonly shape: Shape; readonly order: readonly string[] }[];
}

const recorded = JSON.parse(
  readFileSync(new URL("fixtures/deaths.json", import.meta.url), "utf8"),
) as Recorded;

const NAME_WORD = 5;

/** Builds a shape in a heap, lets go of it, and returns the names of its nodes as they died. */
function orderOf(shape: Shape): string[] {
  const names: string[] = [];
  const order: string[] = [];
  const { heap, layouts } = openHeap((object) => {
    order.push(names[heap.words[object + NAME_WORD]!]!);
  });
  const built = new Map<string, Ptr>();

  function build(scope: Scope, part: Shape): Ptr {
    if (typeof part === "string") return built.get(part)!;
    const kind = part[0] as "node" | "list" | "tuple" | "dict";
    const values = part.slice(kind === "node" ? 2 : 1).map((each) => build(scope, each));
    const object = scope.create(layouts[kind], kind === "tuple" ? values.length : undefined);
    if (kind === "node") {
      const name = part[1] as string;
      built.set(name, object);
      heap.words[object + NAME_WORD] = names.push(name) - 1;
    }
    for (const [slot, value] of values.entries()) {
      if (kind === "list" || kind === "dict") heap.items.append(object, value);
      else heap.set(object, slot, value);
    }
    return object;
  }

  const root = heap.scope((scope) => {
    const object = build(scope, shape);
    heap.retain(object);
    return object;
  });
  expect(order).toEqual([]);
  heap.release(root);
  heap.verify();
  expect([...heap.objects()]).toEqual([]);
  heap.dispose();
  return order;
}

describe(`finalizers are called in the order of CPython ${recorded.python}`, () => {
  it.each(recorded.trees)("in the tree $shape", ({ shape, order }) => {
    expect(orderOf(shape)).toEqual(order);
  });

  it("also where objects are shared, unless an object that holds a shared one holds others besides", () => {
    const same = recorded.shared.map(({ shape, order }) => orderOf(shape).join() === order.join());
    expect(same).toEqual([true, true, false, true, true]);
    // p drops d before a dies, so a's is the last reference to d, not p's.
    const [p, a, , d] = [...recorded.shared[2]!.order].map(String);
    expect(orderOf(recorded.shared[2]!.shape)).toEqual([p, a, d, recorded.shared[2]!.order[2]]);
  });
});
