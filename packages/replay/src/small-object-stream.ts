/**
 * The small-object stream as flat arrays, for a program that wants all of it at
 * once: a native allocator in a benchmark, a kernel in WebAssembly.
 */

import { copySmallEvents, type EventColumns } from "./event-columns.js";
import type { Trace } from "./trace.js";

/** The events of a trace that CPython's pools serve. */
export interface SmallObjectStream {
  /** How many events there are. */
  readonly length: number;
  /** `MALLOC`, `CALLOC`, `REALLOC` or `FREE`; a realloc that leaves the pools is a free. */
  readonly op: Uint8Array;
  /** The block: a slot below {@link SmallObjectStream.slotCount}. */
  readonly slot: Uint32Array;
  /** Bytes requested, 1 to 512; 0 for a free. */
  readonly size: Uint32Array;
  /** Length of a table that holds every slot. */
  readonly slotCount: number;
}

/**
 * Reads a trace's small-object stream whole, 9 bytes an event.
 *
 * @throws HeapwrightError what reading the trace throws
 */
export async function readSmallObjectStream(trace: Trace): Promise<SmallObjectStream> {
  const parts: EventColumns[] = [];
  let length = 0;
  let slotCount = 0;
  for await (const batch of trace.batches()) {
    const part = copySmallEvents(batch);
    parts.push(part);
    length += part.op.length;
    slotCount = batch.slotCount;
  }

  const stream = {
    length,
    op: new Uint8Array(length),
    slot: new Uint32Array(length),
    size: new Uint32Array(length),
    slotCount,
  };
  let at = 0;
  for (const { op, slot, size } of parts) {
    stream.op.set(op, at);
    stream.slot.set(slot, at);
    stream.size.set(size, at);
    at += op.length;
  }
  return stream;
}
