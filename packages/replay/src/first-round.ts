/**
 * The first round of a replay: not timed, and suspicious.
 *
 * Every address is checked, every block is filled when it is allocated, and what
 * it was filled with must be there when it is freed or moved (`stamps.ts`). What
 * the allocator gets wrong, or refuses, is counted and the replay goes on without
 * the block.
 */

import { BLOCK_ALIGNMENT, type AllocationDomain, type BlockAllocator } from "@heapwright/core";

import { CALLOC, DOMAINS, FREE, LEAVES_POOLS, MALLOC, REALLOC, type EventBatch } from "./events.js";
import { messageOf } from "./message-of.js";
import type { ProblemLog } from "./problem-log.js";
import { createStamps } from "./stamps.js";
import { grown } from "./slot-table.js";

/** Plays a trace once; see `first-round.ts`. */
export interface FirstRound {
  /** Plays the events of a batch from one index up to another. */
  play(batch: EventBatch, from: number, to: number): void;
  /** Calls the allocator refused. */
  refused(): number;
  /** After the last event: checks what is left, and whether the allocator knows of it. */
  checkRest(): void;
  /** Frees what is left, after this round or another: the slots are the same ones. */
  freeRest(addresses: Uint32Array): void;
  /** Addresses by slot. */
  addresses(): Uint32Array;
}

/** How {@link createFirstRound} plays. */
export interface FirstRoundOptions {
  /** Only the small-object stream. */
  readonly small: boolean;
  /** Fill and check the blocks. */
  readonly stamp: boolean;
  /** What to call, by number of the domain. */
  readonly calls: readonly AllocationDomain[];
}

/**
 * Makes the round.
 *
 * @param allocator - with nothing allocated
 * @param problems - where everything is reported
 */
export function createFirstRound(
  allocator: BlockAllocator,
  { small, stamp, calls }: FirstRoundOptions,
  problems: ProblemLog,
): FirstRound {
  const stamps = createStamps(allocator.memory);
  let addressOf = new Uint32Array(1024);
  let bytesOf = new Float64Array(1024);
  let stampOf = new Int32Array(1024);
  let domainOf = new Uint8Array(1024);
  let nextStamp = 0;
  let refused = 0;
  let event = 0;

  function report(text: string): void {
    problems.add(() => `Event ${event}: ${text}`);
  }

  function reserve(slotCount: number): void {
    while (addressOf.length < slotCount) {
      const longer = 2 * addressOf.length;
      addressOf = grown(addressOf, new Uint32Array(longer));
      bytesOf = grown(bytesOf, new Float64Array(longer));
      stampOf = grown(stampOf, new Int32Array(longer));
      domainOf = grown(domainOf, new Uint8Array(longer));
    }
  }

  /** Takes a block over, unless its address cannot be. */
  function place(slot: number, address: number, bytes: number): boolean {
    const sound =
      Number.isInteger(address) && address % BLOCK_ALIGNMENT === 0 && stamps.contains(address, bytes);
    if (!sound)
      report(`a block of ${bytes} B was placed at ${address}, which no block of that length can have.`);
    addressOf[slot] = sound ? address : 0;
    bytesOf[slot] = bytes;
    return sound;
  }

  function fill(slot: number): void {
    if (!stamp) return;
    stampOf[slot] = Math.imul(++nextStamp, 0x85ebca6b);
    stamps.fill(addressOf[slot]!, bytesOf[slot]!, stampOf[slot]);
  }

  /** Whether a block still holds what it was filled with. */
  function check(slot: number): void {
    if (!stamp) return;
    const bytes = bytesOf[slot]!;
    const wrong = stamps.firstWrong(addressOf[slot]!, bytes, stampOf[slot]!, bytes);
    if (wrong >= 0)
      report(`byte ${wrong} of the block of ${bytes} B at ${addressOf[slot]!} was overwritten.`);
  }

  function allocate(op: number, slot: number, bytes: number, domain: number): void {
    addressOf[slot] = 0;
    domainOf[slot] = domain;
    const target = calls[domain]!;
    if (!place(slot, op === CALLOC ? target.calloc(1, bytes) : target.malloc(bytes), bytes)) return;
    if (stamp && op === CALLOC) {
      const wrong = stamps.firstUncleared(addressOf[slot], bytes);
      if (wrong >= 0)
        report(`calloc left byte ${wrong} of the block of ${bytes} B at ${addressOf[slot]} uncleared.`);
    }
    fill(slot);
  }

  function reallocate(slot: number, bytes: number, domain: number): void {
    const from = addressOf[slot]!;
    if (from === 0) return;
    check(slot);
    const oldBytes = bytesOf[slot]!;
    const to = calls[domain]!.realloc(from, bytes);
    if (!place(slot, to, bytes)) return;
    if (stamp) {
      const wrong = stamps.firstWrong(to, oldBytes, stampOf[slot]!, Math.min(oldBytes, bytes));
      if (wrong >= 0)
        report(`realloc from ${oldBytes} B at ${from} to ${bytes} B at ${to} did not keep byte ${wrong}.`);
    }
    fill(slot);
  }

  function free(slot: number, domain: number): void {
    const address = addressOf[slot]!;
    if (address === 0) return;
    check(slot);
    addressOf[slot] = 0;
    calls[domain]!.free(address);
  }

  function playEvent(batch: EventBatch, i: number): void {
    const slot = batch.slot[i]!;
    const domain = batch.domain[i]!;
    const op = small && batch.small[i] === LEAVES_POOLS ? FREE : batch.op[i]!;
    if (op === MALLOC || op === CALLOC) allocate(op, slot, batch.size[i]!, domain);
    else if (op === REALLOC) reallocate(slot, batch.size[i]!, domain);
    else free(slot, domain);
  }

  function liveCount(): number {
    return addressOf.reduce((count, address) => count + (address === 0 ? 0 : 1), 0);
  }

  return {
    play(batch, from, to) {
      reserve(batch.slotCount);
      for (let i = from; i < to; i++) {
        if (small && batch.small[i] === 0) continue;
        event = batch.first + i;
        try {
          playEvent(batch, i);
        } catch (error) {
          refused++;
          report(`${describeEvent(batch, i)} was refused: ${messageOf(error)}`);
        }
      }
    },

    refused: () => refused,

    checkRest() {
      for (let slot = 0; slot < addressOf.length; slot++) if (addressOf[slot] !== 0) check(slot);
      const expected = liveCount();
      const { liveBlocks } = allocator.stats();
      if (liveBlocks !== expected)
        report(`${expected} blocks are alive, and the allocator says ${liveBlocks}.`);
    },

    freeRest(addresses) {
      for (let slot = 0; slot < addresses.length; slot++) {
        const address = addresses[slot]!;
        addresses[slot] = 0;
        try {
          if (address !== 0) calls[domainOf[slot]!]!.free(address);
        } catch (error) {
          problems.add(
            () => `After a round: the free of the block at ${address} was refused: ${messageOf(error)}`,
          );
        }
      }
    },

    addresses: () => addressOf,
  };
}

function describeEvent({ op, domain, size }: EventBatch, i: number): string {
  const name = ["malloc", "calloc", "realloc", "free"][op[i]!]!;
  return `${DOMAINS[domain[i]!]!} ${name}${op[i] === FREE ? "" : ` of ${size[i]!} B`}`;
}
