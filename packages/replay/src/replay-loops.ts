/**
 * The timed loops of the replayer, which do nothing but call the allocator.
 *
 * `addressOf` has a block's address by slot, 0 for one that could not be
 * allocated; such a block is passed over from then on. An allocator that throws
 * leaves the inner loop, and the outer one goes on behind the event: entering a
 * `try` for each event would cost more than some allocators do.
 */

import type { AllocationDomain, DomainName } from "@heapwright/core";

import { CALLOC, LEAVES_POOLS, FREE, MALLOC, REALLOC, type EventBatch } from "./events.js";

/** Events to replay: the columns of a batch that matter, in arrays of the very length. */
export interface EventColumns {
  /** As {@link EventBatch.op}. */
  readonly op: Uint8Array;
  /** As {@link EventBatch.domain}. */
  readonly domain: Uint8Array;
  /** As {@link EventBatch.slot}. */
  readonly slot: Int32Array;
  /** As {@link EventBatch.size}. */
  readonly size: Float64Array;
}

/** Copies a batch's events. */
export function copyEvents(batch: EventBatch): EventColumns {
  const { length, op, domain, slot, size } = batch;
  return {
    op: op.slice(0, length),
    domain: domain.slice(0, length),
    slot: slot.slice(0, length),
    size: size.slice(0, length),
  };
}

/** Copies a batch's part of the small-object stream. A realloc that leaves the pools becomes a free. */
export function copySmallEvents(batch: EventBatch): EventColumns {
  const { op, domain, slot, size, small } = batch;
  const count = countSmallEvents(batch);
  const part: EventColumns = {
    op: new Uint8Array(count),
    domain: new Uint8Array(count),
    slot: new Int32Array(count),
    size: new Float64Array(count),
  };
  let n = 0;
  for (let i = 0; n < count; i++) {
    if (small[i] === 0) continue;
    const leaves = small[i] === LEAVES_POOLS;
    part.op[n] = leaves ? FREE : op[i]!;
    part.domain[n] = domain[i]!;
    part.slot[n] = slot[i]!;
    part.size[n] = leaves ? 0 : size[i]!;
    n++;
  }
  return part;
}

/** How many of a batch's events belong to the small-object stream. */
export function countSmallEvents({ small, length }: EventBatch): number {
  let count = 0;
  for (let i = 0; i < length; i++) if (small[i] !== 0) count++;
  return count;
}

/** Replays events into one domain. Returns how many the allocator refused. */
export function replayEvents(allocator: AllocationDomain, events: EventColumns, addressOf: Uint32Array): number {
  const { op, slot, size } = events;
  const { length } = op;
  let refused = 0;
  for (let i = 0; i < length; i++) {
    try {
      for (; i < length; i++) {
        const block = slot[i]!;
        switch (op[i]) {
          case MALLOC:
            addressOf[block] = allocator.malloc(size[i]!);
            break;
          case CALLOC:
            addressOf[block] = allocator.calloc(1, size[i]!);
            break;
          case REALLOC: {
            const address = addressOf[block]!;
            if (address !== 0) addressOf[block] = allocator.realloc(address, size[i]!);
            break;
          }
          default: {
            const address = addressOf[block]!;
            addressOf[block] = 0;
            if (address !== 0) allocator.free(address);
          }
        }
      }
    } catch {
      refused++;
    }
  }
  return refused;
}

/** Replays events into the domains they name. Returns how many the allocator refused. */
export function replayDomains(
  { raw, mem, obj }: Readonly<Record<DomainName, AllocationDomain>>,
  events: EventColumns,
  addressOf: Uint32Array,
): number {
  const { op, domain, slot, size } = events;
  const { length } = op;
  let refused = 0;
  for (let i = 0; i < length; i++) {
    try {
      for (; i < length; i++) {
        const block = slot[i]!;
        // Three calls each, not one on a variable: a call site that always meets the same function is the fastest.
        const code = domain[i]!;
        switch (op[i]) {
          case MALLOC: {
            const bytes = size[i]!;
            addressOf[block] = code === 2 ? obj.malloc(bytes) : code === 1 ? mem.malloc(bytes) : raw.malloc(bytes);
            break;
          }
          case CALLOC: {
            const bytes = size[i]!;
            addressOf[block] =
              code === 2 ? obj.calloc(1, bytes) : code === 1 ? mem.calloc(1, bytes) : raw.calloc(1, bytes);
            break;
          }
          case REALLOC: {
            const address = addressOf[block]!;
            if (address === 0) break;
            const bytes = size[i]!;
            addressOf[block] =
              code === 2
                ? obj.realloc(address, bytes)
                : code === 1
                  ? mem.realloc(address, bytes)
                  : raw.realloc(address, bytes);
            break;
          }
          default: {
            const address = addressOf[block]!;
            addressOf[block] = 0;
            if (address === 0) break;
            if (code === 2) obj.free(address);
            else if (code === 1) mem.free(address);
            else raw.free(address);
          }
        }
      }
    } catch {
      refused++;
    }
  }
  return refused;
}
