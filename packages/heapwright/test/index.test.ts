import * as allocator from "@heapwright/allocator";
import * as core from "@heapwright/core";
import * as generationalPackage from "@heapwright/gc-generational";
import * as markSweepPackage from "@heapwright/gc-mark-sweep";
import * as refcountPackage from "@heapwright/refcount";
import { expect, it } from "vitest";

import * as heapwright from "../src/index.js";

const parts = [allocator, core, generationalPackage, markSweepPackage, refcountPackage];

it("has everything that its parts export, and no two of one name", () => {
  const names = parts.flatMap((part) => Object.keys(part)).sort();
  expect(Object.keys(heapwright).sort()).toEqual(names);
  expect(new Set(names).size).toBe(names.length);
});

it("hands out the very same values, but for createHeap, which fills in the plugins", () => {
  const { createHeap, ...rest } = Object.assign({}, ...parts) as typeof core;
  expect(heapwright).toMatchObject(rest);
  expect(heapwright.createHeap).not.toBe(createHeap);
});

it("makes a heap of pymalloc, exact counts and three generations", () => {
  const heap = heapwright.createHeap({ maxBytes: "8MiB" });
  expect(heap.plan.counted).toBe(true);
  expect(heap.gc.getThreshold()).toEqual([700, 10, 10]);
  heap.dispose();
});

it("keeps no counts for a collector that does not want them", () => {
  const heap = heapwright.createHeap({ maxBytes: "8MiB", collector: heapwright.markSweep() });
  expect(heap.plan.counted).toBe(false);
  heap.dispose();
});
