/** The plugins that random programs run on: every kind of plan, on an allocator with pools and on one without. */
import { bump, pymalloc } from "@heapwright/allocator";
import type { AllocatorPlugin, CollectorPlugin, CounterPlugin } from "@heapwright/core";
import { generational } from "@heapwright/gc-generational";
import { markSweep } from "@heapwright/gc-mark-sweep";
import { none, refcount } from "@heapwright/refcount";

export interface Plan {
  readonly name: string;
  /** Objects die by their counts, at once. */
  readonly counted: boolean;
  /** A full collection finds everything that cannot be reached. */
  readonly complete: boolean;
  /** For memories that are too small for a program: how large they may be. */
  readonly crampedKiB?: { readonly min: number; readonly max: number };
  plugins(): Plugins;
}

export interface Plugins {
  readonly allocator: AllocatorPlugin;
  readonly collector: CollectorPlugin;
  readonly counter?: CounterPlugin;
}

/** Arenas so small that a memory of little more than the heap's tables has room for some. */
const smallArenas = pymalloc({ poolBytes: "4KiB", arenaBytes: "32KiB" });

const plansOn = (allocator: AllocatorPlugin): readonly Plan[] => [
  {
    name: `counts and generations on ${allocator.name}`,
    counted: true,
    complete: true,
    plugins: () => ({ allocator, collector: generational(), counter: refcount() }),
  },
  {
    name: `mark and sweep on ${allocator.name}`,
    counted: false,
    complete: true,
    plugins: () => ({ allocator, collector: markSweep() }),
  },
  {
    name: `counts alone on ${allocator.name}`,
    counted: true,
    complete: false,
    plugins: () => ({ allocator, collector: none(), counter: refcount() }),
  },
];

export const PLANS: readonly Plan[] = [pymalloc(), bump()].flatMap(plansOn);

/** For memories with little room. */
export const CRAMPED_PLANS: readonly Plan[] = [
  ...plansOn(smallArenas).map((plan) => ({ ...plan, crampedKiB: { min: 136, max: 160 } })),
  ...plansOn(bump()).map((plan) => ({ ...plan, crampedKiB: { min: 176, max: 240 } })),
];
