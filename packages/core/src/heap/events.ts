/**
 * Events: what a heap does, phase by phase, for profilers and for the curious.
 *
 * Records of four words go into a buffer in the memory, which is handed to all listeners when it is three quarters full, and
 * at the end of each collection, never in the midst of one. Nothing is written while nobody listens.
 *
 * ```text
 *   [ kind | a | b | number of the event ]
 * ```
 */

import { HeapwrightError } from "../errors.js";
import { showValue } from "../show-value.js";
import { COLLECTING, EVENT_WORDS, LISTENERS } from "./control.js";
import type { EventSink } from "./collector.js";
import { EVENT_BUFFER_WORDS, type HeapTables } from "./heap-tables.js";
import type { UserCode } from "./user-code.js";

/** Kinds of events, with the meaning of `a` and `b`. */
export const EVENT = {
  /** A collection begins. a: generation, b: live objects of the heap. */
  collectionStarted: 1,
  /** Roots are known. a: how many, or 0 where they are derived. */
  rootsFound: 2,
  /** What is reachable is known. a: objects considered, b: unreachable ones. */
  marked: 3,
  /** Weak references to the dead are cleared. a: how many, b: callbacks to call. */
  weakReferencesCleared: 4,
  /** Finalizers were called. a: how many. */
  finalized: 5,
  /** Looked again after user code ran. a: condemned, b: of these alive again. */
  rechecked: 6,
  /** The dead are freed. a: how many. */
  buried: 7,
  /** A collection has ended. a: collected, b: uncollectable. */
  collectionEnded: 8,
  /** Survivors grew older. a: how many, b: their generation from now on. */
  promoted: 9,
  /** The heap has no room and collects to find some. a: bytes wanted. */
  emergency: 10,
} as const;

/** Words in a record. */
export const EVENT_RECORD_WORDS = 4;

/**
 * Called with a batch of events: records of four words (kind, a, b, number). The array is the listener's own. What it
 * throws goes to the unraisable hook.
 */
export type EventListener = (batch: Int32Array) => void;

/** The events of a heap. */
export interface HeapEvents {
  /**
   * Starts listening. Returns a function that stops.
   *
   * @throws HeapwrightError `ERR_BAD_OPTION` when it is no function, `ERR_DISPOSED`
   */
  listen(listener: EventListener): () => void;
  /** Hands out what has gathered, now. */
  flush(): void;
}

/** Makes the events of a heap. */
export function createEvents({ control, events }: HeapTables, userCode: UserCode): HeapEvents & EventSink {
  const listeners = new Set<EventListener>();
  const drainAt = (EVENT_BUFFER_WORDS * 3) / 4;
  let number = 0;
  let draining = false;
  // Who listened before the heap was detached is not here.
  control[LISTENERS] = 0;
  control[EVENT_WORDS] = 0;

  function flush(): void {
    const length = control[EVENT_WORDS]!;
    if (length === 0 || draining) return;
    control[EVENT_WORDS] = 0;
    const batch = events.slice(0, length);
    draining = true;
    for (const listener of [...listeners]) {
      userCode.call("an event listener", () => {
        listener(batch.slice());
      });
    }
    draining = false;
  }

  return {
    emit(kind, a, b) {
      if (control[LISTENERS] === 0) return;
      const at = control[EVENT_WORDS]!;
      // While listeners run nobody empties the buffer: what does not fit is lost, and the numbers show it.
      number = (number + 1) | 0;
      if (at + EVENT_RECORD_WORDS > EVENT_BUFFER_WORDS) return;
      events[at] = kind;
      events[at + 1] = a;
      events[at + 2] = b;
      events[at + 3] = number;
      control[EVENT_WORDS] = at + EVENT_RECORD_WORDS;
      // Not while a collection runs: listeners are user code. It hands out what has gathered when it ends.
      if (at + EVENT_RECORD_WORDS >= drainAt && control[COLLECTING] === 0) flush();
    },

    listen(listener) {
      if (typeof listener !== "function") {
        throw new HeapwrightError("ERR_BAD_OPTION", `A listener is a function, not ${showValue(listener)}.`);
      }
      // One function may listen twice: each is a listener of its own.
      const mine: EventListener = (batch) => {
        listener(batch);
      };
      listeners.add(mine);
      control[LISTENERS] = listeners.size;
      return () => {
        listeners.delete(mine);
        control[LISTENERS] = listeners.size;
      };
    },

    flush,
  };
}
