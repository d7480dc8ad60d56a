/**
 * Holds: how users keep objects alive beyond scopes. Pins, `retain`, and objects that live as long as the heap; the calls of
 * the heap that go by these names. Where pins and the like are kept is in `roots.ts`.
 */

import { HeapwrightError } from "../errors.js";
import { showValue } from "../show-value.js";
import type { Counter } from "./counter.js";
import type { Heap } from "./heap.js";
import type { HeapTables } from "./heap-tables.js";
import type { Keeper } from "./keeper.js";
import { decref, incref, type MutatorState } from "./mutator.js";
import { IMMORTAL } from "./object-word.js";
import type { Owned, Ptr } from "./reference.js";
import { orNull, type Room } from "./room.js";
import type { HeldRoots, Pin } from "./roots.js";

/** The calls of a heap that this file answers. */
export type Holds = Pick<Heap, "pin" | "deref" | "unpin" | "retain" | "release" | "count" | "immortalize">;

/** What holds lean on. */
export interface HoldsParts {
  readonly tables: HeapTables;
  readonly roots: HeldRoots;
  readonly counter: Counter | undefined;
  readonly mutator: MutatorState;
  readonly keeper: Keeper;
  readonly room: Room;
  /** Throws `ERR_DISPOSED`. */
  assertUsable(): void;
  /** Throws `ERR_BAD_REFERENCE` unless it is a live object, `ERR_DISPOSED`. */
  assertObject(object: Ptr): void;
}

/** Bytes of a pin, and of an entry in a table. */
const ENTRY_BYTES = 8;

/** Makes the holds of a heap. */
export function createHolds(parts: HoldsParts): Holds {
  const { tables, roots, counter, mutator, keeper, room, assertUsable, assertObject } = parts;
  const { words } = tables;

  const isImmortal = (object: Ptr): boolean => (words[object]! & IMMORTAL) !== 0;

  /** A pin owns a count. */
  function countPinned(pin: Pin, object: number): void {
    try {
      incref(mutator, object);
    } catch (error) {
      roots.unpin(pin);
      throw error;
    }
  }

  function checkTimes(times: number): void {
    if (Number.isInteger(times) && times >= 1 && times < 2 ** 31) return;
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `An object is held a whole number of times, 1 or more, not ${showValue(times)}.`,
    );
  }

  /** How often an object is held from outside, at the most: counts do not tell who has them. */
  function mostHeld(object: Ptr): number {
    if (!counter) return roots.retained.get(object) - (isImmortal(object) ? 1 : 0);
    // Of an immortal object no count is known.
    const most = isImmortal(object) ? Infinity : counter.count(object);
    return Math.min(tables.retained[0]!, most);
  }

  return {
    pin(object) {
      assertObject(object);
      return room.withRoom(ENTRY_BYTES, [object], () => {
        const pin = roots.pin(object);
        if (pin !== 0) countPinned(pin, object);
        return pin || null;
      });
    },

    deref(pin) {
      assertUsable();
      return roots.deref(pin) as Owned;
    },

    unpin(pin) {
      assertUsable();
      decref(mutator, roots.unpin(pin));
    },

    retain(object, times = 1) {
      assertObject(object);
      checkTimes(times);
      room.withRoom(ENTRY_BYTES, [object], () => orNull(() => (roots.retain(object, times), true)));
    },

    release(object, times = 1) {
      assertObject(object);
      checkTimes(times);
      const held = mostHeld(object);
      if (held < times) {
        throw new HeapwrightError(
          "ERR_NOT_HELD",
          `Object ${object} is held ${held} times from outside, not ${times}.`,
        );
      }
      if (!counter) {
        roots.retain(object, -times);
        return;
      }
      if (times > 1) roots.retain(object, 1 - times);
      keeper.letGo(object);
    },

    count(object) {
      assertObject(object);
      return counter?.count(object);
    },

    immortalize(object) {
      assertObject(object);
      if (isImmortal(object)) return;
      if (counter) {
        counter.immortalize(object);
        return;
      }
      roots.retain(object, 1);
      words[object]! |= IMMORTAL;
    },
  };
}
