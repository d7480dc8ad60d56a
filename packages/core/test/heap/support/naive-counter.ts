/**
 * A counter that does what the contract says and nothing to be fast: one object dies at a time, in the order in which
 * their counts reached 0. What does not fit into a header is in a table, in steps of 4,096.
 */

import {
  defineCounter,
  type Counter,
  type CounterContext,
  type CounterPlugin,
} from "../../../src/heap/counter.js";
import {
  COUNT_SHIFT,
  IMMORTAL,
  ONE_COUNT,
  OVERFLOWED,
  SPILL,
  SPILL_COUNT,
} from "../../../src/heap/object-word.js";

/** The counter, as a plugin. */
export function naiveCounter(name = "naive-counter"): CounterPlugin {
  return defineCounter({ name, traits: { exact: true }, create: createNaiveCounter });
}

function createNaiveCounter({ image, tables, mayDie, bury }: CounterContext): Counter {
  const { words } = image;
  const steps = tables.open(0);
  const waiting: number[] = [];
  let suspended = 0;
  let draining = false;

  const has = (object: number, flag: number): boolean => (words[object]! & flag) !== 0;
  const count = (object: number): number =>
    (words[object]! >>> COUNT_SHIFT) + (has(object, OVERFLOWED) ? SPILL * steps.get(object) : 0);

  /** Writes an exact count, which may be 0 for a moment. */
  function write(object: number, exact: number): void {
    const aside = exact < 2 * SPILL ? 0 : Math.floor(exact / SPILL) - 1;
    if (aside !== 0 || has(object, OVERFLOWED)) steps.set(object, aside);
    const flags = words[object]! & (ONE_COUNT - 1) & ~OVERFLOWED;
    words[object] = flags | (aside === 0 ? 0 : OVERFLOWED) | ((exact - SPILL * aside) << COUNT_SHIFT);
  }

  function drop(object: number): void {
    words[object]! -= ONE_COUNT;
    if (words[object]! < ONE_COUNT) underflow(object);
  }

  function underflow(object: number): void {
    if (has(object, OVERFLOWED) || has(object, IMMORTAL)) {
      // The field is 0 to 8,191, or 8,192 to 16,383 where the sign is set.
      write(object, has(object, IMMORTAL) ? SPILL : count(object));
      return;
    }
    write(object, 1);
    waiting.push(object);
    if (suspended === 0) letDie();
  }

  function letDie(): void {
    if (draining) return;
    draining = true;
    try {
      while (waiting.length > 0 && suspended === 0) {
        const object = waiting[0]!;
        const dies = count(object) === 1 && !has(object, IMMORTAL) && mayDie(object);
        waiting.shift();
        if (!dies) {
          drop(object);
          continue;
        }
        const { refs, length } = image.edgesOf(object);
        const referents = refs.slice(0, length);
        // Who dies of it waits.
        for (const referent of referents) drop(referent);
        bury(object);
      }
    } finally {
      draining = false;
    }
  }

  return {
    overflow(object) {
      if (has(object, IMMORTAL)) {
        write(object, SPILL);
        return;
      }
      try {
        steps.set(object, steps.get(object) + 1);
      } catch (error) {
        words[object]! -= ONE_COUNT;
        throw error;
      }
      words[object]! -= SPILL_COUNT;
      words[object]! |= OVERFLOWED;
    },
    underflow,
    count,
    add(object, by) {
      if (!has(object, IMMORTAL)) write(object, count(object) + by);
    },
    immortalize(object) {
      write(object, SPILL);
      words[object]! |= IMMORTAL;
    },
    suspend() {
      suspended++;
    },
    resume() {
      suspended--;
      if (suspended === 0) letDie();
    },
    waiting: () => [...waiting],
    forget: (object) => steps.set(object, 0),
    problems: () =>
      [...steps.entries()]
        .filter(([object]) => !has(object, OVERFLOWED))
        .map(([object]) => `${object} has no flag for its table entry.`),
    dispose() {
      waiting.length = 0;
      suspended = 1;
    },
  };
}
