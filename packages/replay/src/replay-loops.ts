/**
 * The timed loops of the replayer, which do nothing but call the allocator.
 *
 * `addressOf` has a block's address by slot, 0 for one that could not be
 * allocated; such a block is passed over from then on. An allocator that throws
 * leaves the inner loop, and the outer one goes on behind the event: entering a
 * `try` for each event would cost more than some allocators do.
 *
 * The loops themselves call `malloc` and `free` only, and of one domain: V8 inlines
 * callees up to a budget for each function, and these are nearly all events.
 */

import type { AllocationDomain, DomainName } from "@heapwright/core";

import type { EventColumns } from "./event-columns.js";
import { CALLOC, FREE, MALLOC, REALLOC } from "./events.js";

const MEM = 1;
const OBJ = 2;

/** Replays events into one domain. Returns how many the allocator refused. */
export function replayEvents(
  allocator: AllocationDomain,
  events: EventColumns,
  addressOf: Uint32Array,
): number {
  const { op, slot, size } = events;
  const { length } = op;
  let refused = 0;
  for (let i = 0; i < length; i++) {
    try {
      for (; i < length; i++) {
        const code = op[i]!;
        if (code === MALLOC) {
          addressOf[slot[i]!] = allocator.malloc(size[i]!);
        } else if (code === FREE) {
          const block = slot[i]!;
          const address = addressOf[block]!;
          addressOf[block] = 0;
          if (address !== 0) allocator.free(address);
        } else {
          replayEvent(allocator, events, i, addressOf);
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
        const code = op[i]!;
        const from = domain[i]!;
        if (from !== OBJ) {
          replayEvent(from === MEM ? mem : raw, events, i, addressOf);
        } else if (code === MALLOC) {
          addressOf[slot[i]!] = obj.malloc(size[i]!);
        } else if (code === FREE) {
          const block = slot[i]!;
          const address = addressOf[block]!;
          addressOf[block] = 0;
          if (address !== 0) obj.free(address);
        } else {
          replayEvent(obj, events, i, addressOf);
        }
      }
    } catch {
      refused++;
    }
  }
  return refused;
}

/** Replays one event of any kind. */
function replayEvent(
  domain: AllocationDomain,
  { op, slot, size }: EventColumns,
  i: number,
  addressOf: Uint32Array,
): void {
  const block = slot[i]!;
  const address = addressOf[block]!;
  switch (op[i]) {
    case MALLOC:
      addressOf[block] = domain.malloc(size[i]!);
      break;
    case CALLOC:
      addressOf[block] = domain.calloc(1, size[i]!);
      break;
    case REALLOC:
      if (address !== 0) addressOf[block] = domain.realloc(address, size[i]!);
      break;
    default:
      addressOf[block] = 0;
      if (address !== 0) domain.free(address);
  }
}
