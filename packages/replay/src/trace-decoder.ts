/**
 * Decodes the records of a trace, and believes none of them.
 *
 * ```text
 *   byte      0             1 ...
 *            +------+------+--------------------------------------------------+
 *            |domain|  op  | malloc, calloc:  size                            |
 *            | high |  low | realloc:         back, new size                  |
 *            | four | four | free:            back                            |
 *            | bits | bits | mark:            n, then n bytes of UTF-8        |
 *            +------+------+--------------------------------------------------+
 * ```
 *
 * Numbers are varints; `back` counts the blocks allocated since the one that is
 * meant. A block that is referred to must be alive, and at the end every total of
 * the header must have come true.
 */

import { HeapwrightError } from "@heapwright/core";

import { recordingError } from "./container.js";
import { CALLOC, DOMAINS, FREE, type EventBatch, type Mark } from "./events.js";
import type { RecordWindow } from "./record-window.js";
import { NO_SLOT, addSlot, createSlotTable, findSlot, removeSlot } from "./slot-table.js";
import { TRACE_TOTALS, type TraceHeader, type TraceTotals } from "./trace-header.js";
import { createTraceState, playAllocation, playFree, playRealloc, totalsOf } from "./trace-state.js";
import { BAD_VARINT, MAX_VARINT_BYTES, readVarint } from "./varint.js";

/** Events in a full batch. */
const BATCH_EVENTS = 65536;

/** Longest name of a mark, in bytes of UTF-8. */
export const MAX_MARK_BYTES = 65535;

/** Operation of the record that is a mark. */
export const MARK = 4;

/** Longest record of an event: a byte and two varints. */
const MAX_EVENT_BYTES: number = 1 + 2 * MAX_VARINT_BYTES;
const MAX_MARKS_IN_BATCH = 4096;

/** Turns the bytes in a window into batches of events. */
export interface TraceDecoder {
  /** Decodes into the batch until it is full (true) or the window has no whole record left (false). */
  decode(): boolean;
  /** The batch, whose columns the next `decode` fills again. */
  batch(): EventBatch;
}

interface Columns {
  readonly op: Uint8Array;
  readonly domain: Uint8Array;
  readonly slot: Int32Array;
  readonly size: Float64Array;
  readonly small: Uint8Array;
}

/**
 * Makes a decoder.
 *
 * @param window - where the records arrive
 * @param header - what they must amount to
 * @param name - what the caller calls the trace
 */
export function createTraceDecoder(window: RecordWindow, header: TraceHeader, name: string): TraceDecoder {
  const capacity = Math.min(BATCH_EVENTS, header.events);
  const columns: Columns = {
    op: new Uint8Array(capacity),
    domain: new Uint8Array(capacity),
    slot: new Int32Array(capacity),
    size: new Float64Array(capacity),
    small: new Uint8Array(capacity),
  };
  const slots = createSlotTable();
  const state = createTraceState();

  let first = 0;
  let length = 0;
  let marks: Mark[] = [];
  let marksCount = 0;
  let delivered = false;

  function fail(code: "ERR_BAD_RECORDING" | "ERR_TRUNCATED_RECORDING", at: number, text: string): never {
    throw recordingError(code, name, `byte ${window.offset + at}, event ${first + length}: ${text}`);
  }

  /** The number at the window's cursor, whose record begins at `start`. */
  function readNumber(start: number): number {
    const value = readVarint(window);
    if (value === BAD_VARINT)
      fail("ERR_BAD_RECORDING", start, "expected a number below 2^53, found a longer one");
    if (window.at > window.end) cutOff(start);
    return value;
  }

  function cutOff(start: number): never {
    return fail("ERR_TRUNCATED_RECORDING", start, "the data ends inside a record");
  }

  /** Reads a mark at `start`; false when it has not arrived in full. */
  function readMark(start: number): boolean {
    window.at = start + 1;
    if (marksCount === header.marksCount) {
      fail("ERR_BAD_RECORDING", start, `expected ${marksCount} marks, as the header says, found another`);
    }
    const nameBytes = readNumber(start);
    if (nameBytes > MAX_MARK_BYTES) {
      fail(
        "ERR_BAD_RECORDING",
        start,
        `expected a mark of at most ${MAX_MARK_BYTES} B, found ${nameBytes} B`,
      );
    }
    const end = window.at + nameBytes;
    if (end > window.end) {
      if (window.last) cutOff(start);
      return false;
    }
    marks.push({ name: decodeName(window.bytes.subarray(window.at, end), start), event: first + length });
    marksCount++;
    window.at = end;
    return true;
  }

  function decodeName(bytes: Uint8Array, start: number): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (cause) {
      throw new HeapwrightError(
        "ERR_BAD_RECORDING",
        `${name}: byte ${window.offset + start}: expected the name of a mark in UTF-8.`,
        { cause },
      );
    }
  }

  function badHead(start: number): never {
    const head = window.bytes[start]!;
    const op = head & 15;
    const expected =
      op > MARK
        ? `an operation from 0 to ${MARK}`
        : `a domain from 0 to ${op === MARK ? 0 : DOMAINS.length - 1}`;
    return fail("ERR_BAD_RECORDING", start, `expected ${expected}, found the byte 0x${head.toString(16)}`);
  }

  function noSuchBlock(start: number, back: number): never {
    const count = slots.blockCount;
    return back >= count
      ? fail(
          "ERR_BAD_RECORDING",
          start,
          `expected one of the last ${count} blocks, found the one ${back} back`,
        )
      : fail(
          "ERR_BAD_RECORDING",
          start,
          `expected a live block, found block ${count - 1 - back}, which was freed`,
        );
  }

  /** Ends the previous batch, whose columns are now free. */
  function beginBatch(): void {
    first += length;
    length = 0;
    marks = [];
    delivered = false;
  }

  function decode(): boolean {
    if (delivered) beginBatch();
    const { op: ops, domain: domains, slot: slotColumn, size: sizes, small: parts } = columns;
    const { bytes, end, last } = window;
    // Before the limit there is room for any event.
    const limit = last ? end : end - MAX_EVENT_BYTES + 1;
    const room = Math.min(BATCH_EVENTS, header.events - first);
    let n = length;
    let at = window.at;

    while (at < limit) {
      const start = at;
      const head = bytes[at++]!;
      const op = head & 15;
      const domain = head >> 4;
      if (head === MARK) {
        length = n;
        if (!readMark(start)) return suspend(start);
        at = window.at;
        if (marks.length === MAX_MARKS_IN_BATCH) return deliver(at);
        continue;
      }
      if (n === room) {
        length = n;
        if (first + n === header.events) tooLong(start);
        return deliver(start);
      }
      if (op > FREE || domain > 2) {
        length = n;
        badHead(start);
      }

      // A number of up to three bytes is read here, a longer one by readNumber.
      let number = bytes[at++]!;
      if (number >= 0x80) {
        const second = bytes[at++]!;
        number += (second - 1) << 7;
        if (second >= 0x80) {
          const third = bytes[at++]!;
          number += (third - 1) << 14;
          if (third >= 0x80) {
            length = n;
            window.at = start + 1;
            number = readNumber(start);
            at = window.at;
          }
        }
      }
      if (at > end) {
        length = n;
        cutOff(start);
      }

      let slot: number;
      let size = 0;
      let part: number;
      if (op <= CALLOC) {
        size = number;
        slot = addSlot(slots);
        part = playAllocation(state, op, slot, domain, size);
      } else if (op === FREE) {
        slot = number < slots.blockCount ? removeSlot(slots, number) : NO_SLOT;
        if (slot === NO_SLOT) {
          length = n;
          noSuchBlock(start, number);
        }
        part = playFree(state, slot);
      } else {
        length = n;
        window.at = at;
        size = readNumber(start);
        at = window.at;
        slot = number < slots.blockCount ? findSlot(slots, number) : NO_SLOT;
        if (slot === NO_SLOT) noSuchBlock(start, number);
        part = playRealloc(state, slot, size);
      }

      ops[n] = op;
      domains[n] = domain;
      slotColumn[n] = slot;
      sizes[n] = size;
      parts[n] = part;
      n++;
    }

    length = n;
    if (!last) return suspend(at);
    checkTotals();
    return length + marks.length > 0 && deliver(at);
  }

  /** Waits for more bytes. */
  function suspend(at: number): false {
    window.at = at;
    return false;
  }

  function deliver(at: number): true {
    window.at = at;
    delivered = true;
    return true;
  }

  function tooLong(start: number): never {
    fail(
      "ERR_BAD_RECORDING",
      start,
      `expected the end after ${header.events} events, as the header says, found more`,
    );
  }

  /** At the end of the data: holds what was read against the header. */
  function checkTotals(): void {
    const totals: TraceTotals = { ...totalsOf(state), marksCount };
    if (totals.peakLiveBytes > Number.MAX_SAFE_INTEGER) {
      fail("ERR_BAD_RECORDING", window.end, "expected less than 2^53 B alive at once, found more");
    }
    for (const field of TRACE_TOTALS) {
      if (totals[field] === header[field]) continue;
      const short = field === "events" || field === "marksCount";
      fail(
        short ? "ERR_TRUNCATED_RECORDING" : "ERR_BAD_RECORDING",
        window.end,
        `expected ${field} to be ${header[field]}, as the header says, found ${totals[field]} at the end of the data`,
      );
    }
  }

  return { decode, batch: () => ({ ...columns, length, first, slotCount: slots.slotCount, marks }) };
}
