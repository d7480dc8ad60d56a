/**
 * `heap.gc`: CPython's gc module, in camelCase, whichever collector is behind it.
 */

import { HeapwrightError } from "../errors.js";
import { showValue } from "../show-value.js";
import type { Collector, EventSink, Trigger } from "./collector.js";
import {
  COLLECTING,
  ENABLED,
  LISTENERS,
  NEVER,
  STATISTICS,
  TRIGGER_COUNT,
  TRIGGER_LIMIT,
  WANTED_LIMIT,
} from "./control.js";
import { EVENT, type HeapEvents } from "./events.js";
import type { Garbage } from "./garbage.js";
import type { HeapTables } from "./heap-tables.js";
import type { Owned, Ptr } from "./reference.js";

/** Figures of the collections of one generation. */
export interface GenerationStats {
  /** How many there were. */
  readonly collections: number;
  /** Objects that were found unreachable and freed. */
  readonly collected: number;
  /** Objects that were found unreachable and kept, in {@link Gc.garbage}. */
  readonly uncollectable: number;
}

/** The collector of a heap, as its users see it. CPython: the module `gc`. */
export interface Gc {
  /**
   * Collects a generation and all younger ones.
   *
   * @param generation - 0, 1 or 2; a collector without generations collects everything whatever it is. Default: 2
   * @returns how many unreachable objects were found, uncollectable ones included; 0 while a collection is under way
   * @throws HeapwrightError `ERR_BAD_OPTION` for another generation, `ERR_DISPOSED`
   */
  collect(generation?: number): number;
  /** Turns automatic collection on, as it is at first. */
  enable(): void;
  /** Turns automatic collection off. `collect` still works. */
  disable(): void;
  /** Whether automatic collection is on. */
  isEnabled(): boolean;
  /** Whether a collection is under way: true in finalizers and callbacks that it calls. */
  isCollecting(): boolean;
  /** The thresholds of the generations; what they mean is the collector's to say. */
  getThreshold(): number[];
  /**
   * Sets thresholds; those left out stay. 0 for the first turns automatic collection off.
   *
   * @throws HeapwrightError `ERR_BAD_OPTION` unless each is a whole number from 0 to 2^31 - 1
   */
  setThreshold(...thresholds: number[]): void;
  /** How far the generations are from their thresholds. */
  getCount(): number[];
  /** Figures for generations 0, 1 and 2. */
  getStats(): GenerationStats[];
  /** The generation of an object; `undefined` when it is not tracked. */
  generationOf(object: Ptr): number | undefined;
  /** Puts a tracked object into a generation, as when a recorded graph is loaded. Does nothing where there is one only. */
  place(object: Ptr, generation: number): void;
  /** Unreachable objects that could not be freed since they have a legacy finalizer: kept until {@link Gc.dropGarbage}. */
  readonly garbage: Owned[];
  /** Lets everything in {@link Gc.garbage} go. CPython: `gc.garbage.clear()`. */
  dropGarbage(): void;
}

const GENERATIONS = 3;
/** Words of a generation in the statistics. */
const STATISTICS_WORDS = 3;
/** The largest threshold. */
const MOST = 0x7fff_ffff;

/** What the gc module leans on. */
export interface GcParts {
  readonly tables: HeapTables;
  readonly events: HeapEvents & EventSink;
  readonly garbage: Garbage;
  collector(): Collector;
  isTracked(object: Ptr): boolean;
  assertObject(object: Ptr): void;
  liveObjects(): number;
  /** Calls what was put off until the collector was done. */
  callLate(): void;
}

/** Makes the gc module of a heap, the trigger it shares with the collector, and what the mutator calls when it trips. */
export function createGc(parts: GcParts): { gc: Gc; trigger: Trigger; tripped(): void } {
  const { tables, events } = parts;
  const { control } = tables;

  function setLimit(limit: number): void {
    control[WANTED_LIMIT] = Math.min(limit, NEVER);
    control[TRIGGER_LIMIT] = control[ENABLED] === 1 ? control[WANTED_LIMIT] : NEVER;
  }

  const trigger: Trigger = {
    get count() {
      return control[TRIGGER_COUNT]!;
    },
    set count(count) {
      control[TRIGGER_COUNT] = count;
    },
    get limit() {
      return control[WANTED_LIMIT] === NEVER ? Infinity : control[WANTED_LIMIT]!;
    },
    set limit(limit) {
      setLimit(limit);
    },
  };

  function checkGeneration(generation: number): void {
    if (Number.isInteger(generation) && generation >= 0 && generation < GENERATIONS) return;
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `A generation is 0, 1 or ${GENERATIONS - 1}, not ${showValue(generation)}.`,
    );
  }

  function collect(generation = GENERATIONS - 1): number {
    checkGeneration(generation);
    if (control[COLLECTING] === 1) return 0;
    control[COLLECTING] = 1;
    try {
      if (control[LISTENERS] !== 0) events.emit(EVENT.collectionStarted, generation, parts.liveObjects());
      const { collected, uncollectable } = parts.collector().collect(generation);
      parts.callLate();
      const row = STATISTICS + generation * STATISTICS_WORDS;
      control[row]!++;
      control[row + 1]! += collected;
      control[row + 2]! += uncollectable;
      events.emit(EVENT.collectionEnded, collected, uncollectable);
      return collected + uncollectable;
    } finally {
      control[COLLECTING] = 0;
      events.flush();
    }
  }

  const gc: Gc = {
    collect,
    enable() {
      control[ENABLED] = 1;
      setLimit(trigger.limit);
    },
    disable() {
      control[ENABLED] = 0;
      setLimit(trigger.limit);
    },
    isEnabled: () => control[ENABLED] === 1,
    isCollecting: () => control[COLLECTING] === 1,
    getThreshold: () => [...parts.collector().getThreshold()],
    setThreshold(...thresholds) {
      const isThreshold = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= MOST;
      if (thresholds.length < 1 || thresholds.length > GENERATIONS || !thresholds.every(isThreshold)) {
        throw new HeapwrightError(
          "ERR_BAD_OPTION",
          `Thresholds are one to ${GENERATIONS} whole numbers from 0 to ${MOST}, not ${thresholds.map(showValue).join(", ")}.`,
        );
      }
      parts.collector().setThreshold(thresholds);
    },
    getCount: () => [...parts.collector().getCount()],
    getStats: () =>
      Array.from({ length: GENERATIONS }, (_, generation) => {
        const row = STATISTICS + generation * STATISTICS_WORDS;
        return {
          collections: control[row]! >>> 0,
          collected: control[row + 1]! >>> 0,
          uncollectable: control[row + 2]! >>> 0,
        };
      }),
    generationOf(object) {
      parts.assertObject(object);
      return parts.isTracked(object)
        ? (parts.collector().generationOf?.(object) ?? GENERATIONS - 1)
        : undefined;
    },
    place(object, generation) {
      parts.assertObject(object);
      checkGeneration(generation);
      if (parts.isTracked(object)) parts.collector().place?.(object, generation);
    },
    get garbage() {
      return parts.garbage.list();
    },
    dropGarbage: parts.garbage.drop,
  };

  function tripped(): void {
    if (control[COLLECTING] === 0) parts.collector().tripped();
  }

  return { gc, trigger, tripped };
}
