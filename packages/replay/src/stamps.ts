/**
 * Stamps: what a block is filled with, so that it shows when somebody else wrote
 * into it, or a realloc lost part of it.
 *
 * Each allocation gets a number of its own, and the word at byte offset `o` of
 * the block is that number plus `o` times an odd constant: neighbours differ, and
 * so do two places in one block. A block of up to 1024 bytes is filled whole, a
 * longer one over 512 bytes at either end, where overlaps and short copies show.
 *
 * ```text
 *   0          512                      size-512      size
 *   +-----------+--------------------------+-----------+
 *   |  stamped  |      left alone          |  stamped  |
 *   +-----------+--------------------------+-----------+
 * ```
 */

import type { Address, Memory } from "@heapwright/core";

const END_BYTES = 512;
const STEP = 0x9e3779b1;

/** Fills blocks and checks them; see `stamps.ts`. */
export interface Stamps {
  /** Whether a block of that length lies in the memory at all. */
  contains(address: Address, bytes: number): boolean;
  /** Offset of the first byte that is not 0 where stamps will be, or -1. */
  firstUncleared(address: Address, bytes: number): number;
  /** Writes the stamp. */
  fill(address: Address, bytes: number, stamp: number): void;
  /**
   * Offset of the first byte that differs from the stamp, or -1.
   *
   * @param bytes - length when it was filled
   * @param kept - only this many bytes from the front must have lasted
   */
  firstWrong(address: Address, bytes: number, stamp: number, kept: number): number;
}

/** Makes stamps for the blocks in a memory. */
export function createStamps(memory: Memory): Stamps {
  const { buffer } = memory;
  const bytesOfBuffer = new Uint8Array(buffer);
  // Addresses are multiples of 16, so blocks begin at a word.
  const words = isResizable(buffer)
    ? new Int32Array(buffer)
    : new Int32Array(buffer, 0, Math.floor(buffer.byteLength / 4));

  function fillRange(address: Address, from: number, to: number, stamp: number): void {
    const wordEnd = Math.floor(to / 4);
    const base = address / 4;
    for (let word = from / 4; word < wordEnd; word++) words[base + word] = stamp + Math.imul(word, STEP);
    for (let at = Math.max(from, 4 * wordEnd); at < to; at++) bytesOfBuffer[address + at] = byteAt(stamp, at);
  }

  function checkRange(address: Address, from: number, to: number, stamp: number): number {
    const wordEnd = Math.floor(to / 4);
    const base = address / 4;
    for (let word = from / 4; word < wordEnd; word++) {
      if (words[base + word] !== ((stamp + Math.imul(word, STEP)) | 0)) {
        return firstWrongByte(address, 4 * word, 4 * word + 4, stamp);
      }
    }
    return firstWrongByte(address, Math.max(from, 4 * wordEnd), to, stamp);
  }

  function firstWrongByte(address: Address, from: number, to: number, stamp: number): number {
    for (let at = from; at < to; at++) if (bytesOfBuffer[address + at] !== byteAt(stamp, at)) return at;
    return -1;
  }

  function firstNonZero(address: Address, from: number, to: number): number {
    for (let at = from; at < to; at++) if (bytesOfBuffer[address + at] !== 0) return at;
    return -1;
  }

  return {
    contains: (address, bytes) => address > 0 && address + bytes <= bytesOfBuffer.length,

    firstUncleared(address, bytes) {
      const wrong = firstNonZero(address, 0, headEnd(bytes));
      return wrong >= 0 ? wrong : firstNonZero(address, tailStart(bytes), bytes);
    },

    fill(address, bytes, stamp) {
      fillRange(address, 0, headEnd(bytes), stamp);
      fillRange(address, tailStart(bytes), bytes, stamp);
    },

    firstWrong(address, bytes, stamp, kept) {
      const wrong = checkRange(address, 0, Math.min(headEnd(bytes), kept), stamp);
      if (wrong >= 0 || kept <= tailStart(bytes)) return wrong;
      return checkRange(address, tailStart(bytes), Math.min(bytes, kept), stamp);
    },
  };
}

/** Where the stamp of the front ends. */
function headEnd(bytes: number): number {
  return Math.min(bytes, END_BYTES);
}

/** Where the stamp of the end begins: a word, behind the front. */
function tailStart(bytes: number): number {
  return Math.min(bytes, Math.max(END_BYTES, 4 * Math.floor((bytes - END_BYTES) / 4)));
}

/** The byte of the stamp at an offset. */
function byteAt(stamp: number, offset: number): number {
  return ((stamp + Math.imul(Math.floor(offset / 4), STEP)) >> (8 * (offset % 4))) & 0xff;
}

function isResizable(buffer: ArrayBuffer | SharedArrayBuffer): boolean {
  return "resizable" in buffer && buffer.resizable;
}
