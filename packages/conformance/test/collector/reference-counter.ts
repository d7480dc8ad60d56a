/**
 * A small, slow and obviously correct counter, for the heaps in which the kit is tested.
 *
 * What does not fit into a header is in a table, in steps of 4,096 references. What has to die waits in a list, so that nothing
 * here calls itself, however deep the graph.
 */

import {
  BELOW_COUNT,
  COUNT_SHIFT,
  IMMORTAL,
  LAYOUT_MASK,
  ONE_COUNT,
  OVERFLOWED,
  SPILL,
  SPILL_COUNT,
  defineCounter,
  type Counter,
  type CounterContext,
  type CounterPlugin,
} from "@heapwright/core";

/** Counts from here on are in part outside of the header. */
const FIELD_END: number = 2 * SPILL;

/** See `reference-counter.ts`. */
export const referenceCounter: CounterPlugin = defineCounter({
  name: "reference-counter",
  summary: "Counts in headers and a table, deaths in a list.",
  traits: { exact: true },
  create: createReferenceCounter,
});

function createReferenceCounter({ image, tables, mayDie, bury }: CounterContext): Counter {
  const { words } = image;
  const outside = tables.open(0);
  const waiting: number[] = [];
  let suspended = 0;
  let isDraining = false;

  const isImmortal = (object: number): boolean => (words[object]! & IMMORTAL) !== 0;
  const count = (object: number): number => (words[object]! >>> COUNT_SHIFT) + outside.get(object);

  function setCount(object: number, total: number): void {
    const field = total < FIELD_END ? total : (total % SPILL) + SPILL;
    outside.set(object, total - field);
    const flags = words[object]! & BELOW_COUNT & ~OVERFLOWED;
    words[object] = flags | (field < total ? OVERFLOWED : 0) | (field << COUNT_SHIFT);
  }

  function drop(object: number): void {
    words[object]! -= ONE_COUNT;
    if (words[object]! < ONE_COUNT) underflow(object);
  }

  function underflow(object: number): void {
    if ((words[object]! & LAYOUT_MASK) === 0) {
      words[object] = 0;
      throw new Error(`Invariant: there is no object at ${object} to drop a reference to.`);
    }
    if (isImmortal(object)) {
      words[object]! += SPILL_COUNT;
    } else if ((words[object]! & OVERFLOWED) !== 0) {
      setCount(object, count(object));
    } else {
      // The list holds it from now on.
      words[object]! += ONE_COUNT;
      waiting.push(object);
      drain();
    }
  }

  function drain(): void {
    if (suspended > 0 || isDraining) return;
    isDraining = true;
    for (let object = waiting.at(-1); object !== undefined; object = waiting.at(-1)) {
      const dies = count(object) === 1 && mayDie(object);
      waiting.splice(waiting.lastIndexOf(object), 1);
      if (!dies) {
        drop(object);
        continue;
      }
      const { refs, length } = image.edgesOf(object);
      for (const target of refs.slice(0, length)) drop(target);
      bury(object);
    }
    isDraining = false;
  }

  return {
    overflow(object) {
      if (isImmortal(object)) {
        words[object]! -= SPILL_COUNT;
        return;
      }
      try {
        outside.set(object, outside.get(object) + SPILL);
      } catch (error) {
        words[object]! -= ONE_COUNT;
        throw error;
      }
      words[object] = (words[object]! - SPILL_COUNT) | OVERFLOWED;
    },
    underflow,
    count,
    add(object, by) {
      if (!isImmortal(object)) setCount(object, count(object) + by);
    },
    immortalize(object) {
      setCount(object, SPILL);
      words[object]! |= IMMORTAL;
    },
    suspend() {
      suspended++;
    },
    resume() {
      suspended--;
      drain();
    },
    waiting: () => waiting,
    forget(object) {
      outside.set(object, 0);
    },
    problems: () =>
      [...outside.entries()]
        .filter(([object, references]) => (words[object]! & OVERFLOWED) === 0 || references % SPILL !== 0)
        .map(([object]) => `Object ${object} is in the table of counts, and its header does not say so.`),
    dispose: () => undefined,
  };
}
