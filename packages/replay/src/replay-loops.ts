/**
 * The timed loops of the replayer, which do nothing but call the allocator.
 *
 * `addressOf` has a block's address by slot, 0 for one that could not be
 * allocated; such a block is passed over from then on. An allocator that throws
 * leaves the inner loop, and the outer one goes on behind the event: entering a
 * `try` for each event would cost more than some allocators do.
 */

import type { AllocationDomain, DomainName } from "@heapwright/core";

import type { EventColumns } from "./event-columns.js";
import { CALLOC, MALLOC, REALLOC } from "./events.js";

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
            addressOf[block] =
              code === 2 ? obj.malloc(bytes) : code === 1 ? mem.malloc(bytes) : raw.malloc(bytes);
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
