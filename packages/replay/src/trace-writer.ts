/**
 * Writes traces.
 *
 * A writer takes calls as they happen and numbers the blocks. The header's totals
 * are counted by the same code that a reader checks them with, so what is written
 * can be read.
 */

import { HeapwrightError, checkSize, type DomainName } from "@heapwright/core";

import { CALLOC, DOMAINS, FREE, MALLOC, REALLOC, type EventBatch } from "./events.js";
import { checkGiven } from "./header-fields.js";
import { createRecordBuffer, type Recording } from "./record-buffer.js";
import { NO_SLOT, addSlot, createSlotTable, findSlot, grown, removeSlot } from "./slot-table.js";
import { MARK, MAX_MARK_BYTES } from "./trace-decoder.js";
import { NO_ARENAS, parseTraceHeader, type TraceHeader, type TraceInfo } from "./trace-header.js";
import {
  createTraceState,
  domainAt,
  playAllocation,
  playFree,
  playRealloc,
  totalsOf,
} from "./trace-state.js";

/** Records a program's calls. Made by {@link createTraceWriter}. */
export interface TraceWriter {
  /**
   * Records a malloc.
   *
   * @param bytes - requested, a whole number below 2^53
   * @param domain - which family of functions was called. Default: `"obj"`
   * @returns the block's number: 0, 1, 2, ... in order of allocation
   * @throws HeapwrightError `ERR_BAD_SIZE`, also when more than 2^53 - 1 bytes would be alive; `ERR_BAD_OPTION` for an
   * unknown domain; `ERR_DISPOSED` after {@link TraceWriter.finish}
   */
  malloc(bytes: number, domain?: DomainName): number;

  /** Records a calloc of `bytes` in all; otherwise as {@link TraceWriter.malloc}. */
  calloc(bytes: number, domain?: DomainName): number;

  /**
   * Records a realloc. The block keeps its number.
   *
   * @param block - a live block's number
   * @param bytes - the new length, a whole number below 2^53
   * @param domain - which family of functions was called. Default: that of the block
   * @throws HeapwrightError `ERR_BAD_ADDRESS` when no such block is alive; as {@link TraceWriter.malloc}
   */
  realloc(block: number, bytes: number, domain?: DomainName): void;

  /** Records a free. Parameters and errors as for {@link TraceWriter.realloc}. */
  free(block: number, domain?: DomainName): void;

  /**
   * Begins a phase of the program.
   *
   * @param name - at most 65535 bytes in UTF-8
   * @throws HeapwrightError `ERR_BAD_OPTION` for a longer name; `ERR_DISPOSED`
   */
  mark(name: string): void;

  /**
   * Records the events and marks of a batch of a trace. All batches have to come in order, from the first on, because
   * slots get their meaning from the events before.
   *
   * @throws HeapwrightError as the other methods
   */
  append(batch: EventBatch): void;

  /**
   * Ends the recording. Later calls throw `ERR_DISPOSED`.
   *
   * @throws HeapwrightError `ERR_BAD_OPTION` when the figures of arenas contradict each other
   */
  finish(): Recording<TraceHeader>;
}

/**
 * Begins a recording. Its records stay in memory until it ends, two to three bytes an event, because the header with the
 * totals comes first.
 *
 * @param info - what the header says besides the totals; a {@link TraceHeader} will do
 * @throws HeapwrightError `ERR_BAD_OPTION` when a field has the wrong type or range
 *
 * @example
 * ```ts
 * const writer = createTraceWriter({ program: "demo" });
 * const block = writer.malloc(100);
 * writer.free(block);
 * const trace = await openTrace(writer.finish());
 * ```
 */
export function createTraceWriter(info: TraceInfo): TraceWriter {
  const buffer = createRecordBuffer();
  const slots = createSlotTable();
  const state = createTraceState();
  let marksCount = 0;
  let finished = false;
  /** Of appended batches: the number of the block in each slot. */
  let numberOf = new Float64Array(1024);

  // A mistake in the caller's part shows now, not when the program has ended.
  completeHeader(info, { ...totalsOf(state), marksCount, ...NO_ARENAS });

  function allocate(op: number, bytes: number, domain: number): number {
    assertOpen();
    checkLive(checkSize(bytes));
    buffer.byte((domain << 4) | op);
    buffer.number(bytes);
    playAllocation(state, op, addSlot(slots), domain, bytes);
    return slots.blockCount - 1;
  }

  function realloc(block: number, bytes: number, domain: DomainName | number | undefined): void {
    assertOpen();
    const back = backTo(block);
    const slot = liveSlot(findSlot(slots, back), block);
    checkLive(checkSize(bytes) - state.bytesOf[slot]!);
    buffer.byte((domainOf(domain, slot) << 4) | REALLOC);
    buffer.number(back);
    buffer.number(bytes);
    playRealloc(state, slot, bytes);
  }

  function free(block: number, domain: DomainName | number | undefined): void {
    assertOpen();
    const back = backTo(block);
    const code = domainOf(domain, liveSlot(findSlot(slots, back), block));
    buffer.byte((code << 4) | FREE);
    buffer.number(back);
    playFree(state, removeSlot(slots, back));
  }

  function mark(name: string): void {
    assertOpen();
    const text = new TextEncoder().encode(name);
    if (text.length > MAX_MARK_BYTES) {
      throw new HeapwrightError(
        "ERR_BAD_OPTION",
        `The name of a mark may have ${MAX_MARK_BYTES} B in UTF-8, not ${text.length} B.`,
      );
    }
    buffer.byte(MARK);
    buffer.number(text.length);
    buffer.bytes(text);
    marksCount++;
  }

  function append(batch: EventBatch): void {
    const { op, domain, slot, size } = batch;
    while (numberOf.length < batch.slotCount)
      numberOf = grown(numberOf, new Float64Array(2 * numberOf.length));
    let next = 0;
    for (let i = 0; i < batch.length; i++) {
      while (batch.marks[next]?.event === batch.first + i) mark(batch.marks[next++]!.name);
      const block = numberOf[slot[i]!]!;
      if (op[i]! <= CALLOC) numberOf[slot[i]!] = allocate(op[i]!, size[i]!, domain[i]!);
      else if (op[i] === REALLOC) realloc(block, size[i]!, domain[i]);
      else free(block, domain[i]);
    }
    while (next < batch.marks.length) mark(batch.marks[next++]!.name);
  }

  function backTo(block: number): number {
    const back = slots.blockCount - 1 - block;
    return Number.isSafeInteger(block) && block >= 0 && back >= 0 ? back : liveSlot(NO_SLOT, block);
  }

  function liveSlot(slot: number, block: number): number {
    if (slot !== NO_SLOT) return slot;
    throw new HeapwrightError(
      "ERR_BAD_ADDRESS",
      `Block ${block} is not alive: expected a number below ${slots.blockCount} that was not freed.`,
    );
  }

  function checkLive(more: number): void {
    if (state.liveBytes + more <= Number.MAX_SAFE_INTEGER) return;
    throw new HeapwrightError("ERR_BAD_SIZE", `${more} B more would bring the bytes alive to 2^53 or above.`);
  }

  function domainOf(domain: DomainName | number | undefined, slot: number): number {
    if (domain === undefined) return domainAt(state, slot);
    return typeof domain === "number" ? domain : domainCode(domain);
  }

  function assertOpen(): void {
    if (finished) throw new HeapwrightError("ERR_DISPOSED", "This trace was finished.");
  }

  return {
    malloc: (bytes, domain = "obj") => allocate(MALLOC, bytes, domainCode(domain)),
    calloc: (bytes, domain = "obj") => allocate(CALLOC, bytes, domainCode(domain)),
    realloc,
    free,
    mark,
    append,
    finish() {
      assertOpen();
      const header = completeHeader(info, { ...totalsOf(state), marksCount });
      finished = true;
      return buffer.finish("trace", header);
    },
  };
}

/** Adds totals to what the caller gave. */
function completeHeader(info: TraceInfo, totals: object): TraceHeader {
  const given = { argv: [], python: "", platform: "", truncated: false, ...info };
  return checkGiven(() => parseTraceHeader({ ...given, ...totals, format: "pymt" }, "trace"));
}

function domainCode(domain: DomainName): number {
  const code = DOMAINS.indexOf(domain);
  if (code >= 0) return code;
  throw new HeapwrightError(
    "ERR_BAD_OPTION",
    `A domain is "raw", "mem" or "obj", not ${JSON.stringify(domain)}.`,
  );
}
