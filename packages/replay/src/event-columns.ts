/**
 * Events that outlive their batch: the columns that a replay needs, copied.
 */

import { FREE, LEAVES_POOLS, type EventBatch } from "./events.js";

/**
 * No memory has room for a block of so many bytes, so longer requests may as well be this one. They are rare, and
 * integers of 32 bits are what an allocator is fastest with.
 */
const LARGEST_SIZE: number = 2 ** 32 - 1;

/** Events to replay: the columns of a batch that matter, in arrays of the very length. */
export interface EventColumns {
  /** As {@link EventBatch.op}. */
  readonly op: Uint8Array;
  /** As {@link EventBatch.domain}. */
  readonly domain: Uint8Array;
  /** As {@link EventBatch.slot}. */
  readonly slot: Int32Array;
  /** As {@link EventBatch.size}, {@link LARGEST_SIZE} for what is longer. */
  readonly size: Uint32Array;
}

/** Copies a batch's events. */
export function copyEvents(batch: EventBatch): EventColumns {
  const { length, op, domain, slot, size } = batch;
  return {
    op: op.slice(0, length),
    domain: domain.slice(0, length),
    slot: slot.slice(0, length),
    size: sizesOf(size, length),
  };
}

function sizesOf(size: Float64Array, length: number): Uint32Array {
  const sizes = new Uint32Array(length);
  for (let i = 0; i < length; i++) sizes[i] = Math.min(size[i]!, LARGEST_SIZE);
  return sizes;
}

/** Copies a batch's part of the small-object stream. A realloc that leaves the pools becomes a free. */
export function copySmallEvents(batch: EventBatch): EventColumns {
  const { op, domain, slot, size, small } = batch;
  const count = countSmallEvents(batch);
  const part: EventColumns = {
    op: new Uint8Array(count),
    domain: new Uint8Array(count),
    slot: new Int32Array(count),
    size: new Uint32Array(count),
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
