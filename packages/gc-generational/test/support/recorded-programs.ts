/** Programs that CPython ran step by step, and what its gc said after each. */

import { readFileSync } from "node:fs";

import { pymalloc } from "@heapwright/allocator";
import { createHeap, type Heap, type Layout, type Owned } from "@heapwright/core";
import { refcount } from "@heapwright/refcount";
import { expect } from "vitest";

import { generational } from "../../src/index.js";

/** A recorded program. */
export interface Program {
  /** Its number in the recording. */
  readonly index: number;
  readonly steps: readonly (readonly [string, ...number[]])[];
  /** What gc said after each step. */
  readonly after: readonly Figures[];
}

interface Figures {
  readonly count: number[];
  readonly threshold: number[];
  readonly collections: number[];
  readonly collected: number[];
}

const recorded = JSON.parse(
  readFileSync(new URL("../fixtures/thresholds.json", import.meta.url), "utf8"),
) as {
  readonly python: string;
  readonly programs: readonly Omit<Program, "index">[];
};

/** CPython's version. */
export const python: string = recorded.python;

/** All programs. */
export const programs: readonly Program[] = recorded.programs.map((program, index) => ({
  index,
  ...program,
}));

/** Whether a program makes so many objects that it takes seconds. */
export function isLong({ steps }: Program): boolean {
  return steps.some(([, count]) => count !== undefined && count > 500_000);
}

/** What the programs of fixtures/record-thresholds.py do, on a heap of ours. */
function createPlayer(): { heap: Heap; play(step: readonly [string, ...number[]]): void } {
  const heap = createHeap({
    allocator: pymalloc(),
    counter: refcount(),
    collector: generational(),
    maxBytes: "256MiB",
    layouts: [{ name: "node", scan: "prefix", slots: 1 }],
  });
  const node = heap.layoutNamed("node")!;
  const held: Owned[] = [];

  const steps: Record<string, (...values: number[]) => void> = {
    keep(count) {
      for (let i = 0; i < count; i++) held.push(create(heap, node));
    },
    make(count) {
      for (let i = 0; i < count; i++) heap.release(create(heap, node));
    },
    cycles(count) {
      for (let i = 0; i < count; i++) {
        const object = create(heap, node);
        heap.set(object, 0, object);
        heap.release(object);
      }
    },
    drop(count) {
      for (let i = 0; i < count && held.length > 0; i++) heap.release(held.pop()!);
    },
    collect: (generation) => void heap.gc.collect(generation),
    threshold: (...values) => heap.gc.setThreshold(...values),
    enable: () => heap.gc.enable(),
    disable: () => heap.gc.disable(),
  };
  return { heap, play: ([kind, ...values]) => steps[kind]!(...values) };
}

/** An object that is held from outside, and by no scope. */
function create(heap: Heap, layout: Layout): Owned {
  return heap.scope((scope) => {
    const object = scope.create(layout);
    heap.retain(object);
    return object;
  });
}

function figuresOf({ gc }: Heap): Figures {
  const stats = gc.getStats();
  return {
    count: gc.getCount(),
    threshold: gc.getThreshold(),
    collections: stats.map(({ collections }) => collections),
    collected: stats.map(({ collected }) => collected),
  };
}

/** Runs a program here, and compares what `heap.gc` says after each step. */
export function expectSameFigures({ steps, after }: Program): void {
  const { heap, play } = createPlayer();
  const found = steps.map((step) => {
    play(step);
    return figuresOf(heap);
  });
  expect(found).toEqual(after);
  heap.verify();
  heap.dispose();
}
