/**
 * The plan: what collector, counter and allocator agree on, and what the mutator must do for it.
 */

import type { AllocatorTraits } from "../allocator-plugin.js";
import type { CollectorTraits } from "./collector.js";
import type { CounterTraits } from "./counter.js";

/** What the mutator does on each store and allocation. */
export interface HeapPlan {
  /** References are counted, and objects die as soon as their count is 0. */
  readonly counted: boolean;
  /** Stores into objects with the flag LOGGED are told to the collector. */
  readonly barrier: boolean;
  /** Decrements that leave a count above 0 are told to the collector. */
  readonly decrements: boolean;
  /** Work byte of a new tracked object. */
  readonly birth: number;
}

/** Two plugins that do not fit. */
export interface Mismatch {
  /** What one of them needs. */
  readonly need: string;
  /** What is there. */
  readonly have: string;
  /** What to do. */
  readonly fix: string;
}

/** Traits of all plugins of a heap. */
export interface PluginTraits {
  /** Of its allocator. */
  readonly allocator: AllocatorTraits;
  /** Of its collector. */
  readonly collector: CollectorTraits;
  /** Of its counter, if it has one. */
  readonly counter?: CounterTraits | undefined;
}

/** The plan for a set of plugins, or everything that keeps them from working together. */
export function negotiate(traits: PluginTraits): HeapPlan | Mismatch[] {
  const { collector, counter } = traits;
  const found: Mismatch[] = [];
  if (collector.counts === "exact" && counter?.exact !== true) {
    found.push({
      need: "The collector works from exact reference counts",
      have: counter ? "the counter's are not exact" : "the heap has no counter",
      fix: 'pass a counter plugin with the trait exact as { counter }, or choose a collector with counts: "none"',
    });
  }
  if (collector.counts === "none" && counter) {
    found.push({
      need: "The collector scans roots and leaves counts alone",
      have: "a counter was passed, whose counts nobody would read",
      fix: 'leave { counter } out, or choose a collector with counts: "exact"',
    });
  }
  if (collector.roots === "derived" && collector.counts !== "exact") {
    found.push({
      need: "Roots are derived from exact reference counts",
      have: `the collector declares counts: "${collector.counts}"`,
      fix: 'declare counts: "exact" or roots: "scan" in the collector',
    });
  }
  if (collector.decrements && collector.counts !== "exact") {
    found.push({
      need: "The collector wants to be told of decrements",
      have: "without counts there are none",
      fix: 'declare counts: "exact" in the collector',
    });
  }
  if (collector.moves) {
    found.push({
      need: "The collector moves objects",
      have: "cells stay where they are in this version of the heap",
      fix: "choose a collector that does not move",
    });
  }
  if (found.length > 0) return found;
  return {
    counted: counter !== undefined,
    barrier: collector.barrier === "log",
    decrements: collector.decrements,
    birth: collector.birth,
  };
}
