/**
 * Room: what happens when the memory has none. One emergency collection, one more try, then `ERR_OUT_OF_MEMORY`.
 *
 * The collection runs user code, perhaps, which may drop what the call that needs room works on: its operands, which it has
 * only borrowed. So they are roots meanwhile, the *spare roots* of the control words, and where counts are kept each has one
 * more.
 */

import { HeapwrightError } from "../errors.js";
import type { Cells } from "./cells.js";
import type { EventSink } from "./collector.js";
import { SPARE_ROOTS, SPARE_ROOT_WORDS } from "./control.js";
import { EVENT } from "./events.js";
import type { Gc } from "./gc.js";
import type { HeapTables } from "./heap-tables.js";
import { decref, incref, type MutatorState } from "./mutator.js";

/** Finds room. */
export interface Room {
  /**
   * Tries, and once more after an emergency collection.
   *
   * @param bytes - what is wanted, for the message
   * @param operands - what the call works on: kept alive while the heap collects
   * @param attempt - returns null when there is no room
   * @throws HeapwrightError `ERR_OUT_OF_MEMORY`
   */
  withRoom<T>(bytes: number, operands: readonly number[], attempt: () => T | null): T;
  /** One emergency collection; false while another collection is under way. */
  collectInEmergency(bytes: number): boolean;
  /** The error for a request that was in vain. */
  outOfMemory(bytes: number): HeapwrightError;
}

/** What room leans on. */
export interface RoomParts {
  readonly tables: HeapTables;
  readonly cells: Cells;
  readonly events: EventSink;
  readonly gc: Gc;
  readonly mutator: MutatorState;
}

/** Makes the finder of a heap. */
export function createRoom({ tables, cells, events, gc, mutator }: RoomParts): Room {
  const { control, memory } = tables;
  /** Operands that are held now, by all calls that lie inside each other. Those beyond the spare roots have a count only. */
  let held = 0;

  function holding<T>(operands: readonly number[], run: () => T): T {
    const base = held;
    try {
      for (const value of operands) {
        incref(mutator, value);
        if (held < SPARE_ROOT_WORDS) control[SPARE_ROOTS + held] = value;
        held++;
      }
      return run();
    } finally {
      while (held > base) {
        held--;
        if (held < SPARE_ROOT_WORDS) control[SPARE_ROOTS + held] = 0;
        // May run user code, which may need room in its turn: its spare roots lie above.
        decref(mutator, operands[held - base]!);
      }
    }
  }

  function outOfMemory(bytes: number): HeapwrightError {
    return new HeapwrightError(
      "ERR_OUT_OF_MEMORY",
      `The heap of ${memory.maxBytes} B has no room for ${bytes} B more, even after a collection. Let go of objects, or make it with a larger maxBytes.`,
    );
  }

  function collectInEmergency(bytes: number): boolean {
    if (gc.isCollecting()) return false;
    events.emit(EVENT.emergency, bytes, 0);
    gc.collect();
    cells.trim();
    return true;
  }

  return {
    outOfMemory,
    collectInEmergency,

    withRoom(bytes, operands, attempt) {
      const first = attempt();
      if (first !== null) return first;
      const again = (): ReturnType<typeof attempt> => (collectInEmergency(bytes) ? attempt() : null);
      const second = gc.isCollecting() ? null : holding(operands, again);
      if (second !== null) return second;
      throw outOfMemory(bytes);
    },
  };
}

/** The result, or null when the memory had no room: makes an attempt of a call that throws. */
export function orNull<T>(attempt: () => T): T | null {
  try {
    return attempt();
  } catch (error) {
    if (HeapwrightError.is(error, "ERR_OUT_OF_MEMORY")) return null;
    throw error;
  }
}
