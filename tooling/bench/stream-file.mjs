// Writes the small-object stream of a recording as flat columns, for programs in
// any language: u32 calls, u32 slots, then u8 operation (padded to 4 bytes), i32
// slot and i32 size of each call. All little-endian.
import { readFileSync, writeFileSync } from "node:fs";

import { readSmallObjectStream } from "@heapwright/replay";
import { openTraceFile } from "@heapwright/replay/node";

/** Decodes a recording into a stream file; returns how many calls it has. */
export async function writeStreamFile(recording, path) {
  const stream = await readSmallObjectStream(await openTraceFile(recording));
  const opBytes = Math.ceil(stream.length / 4) * 4;
  const file = Buffer.alloc(8 + opBytes + 8 * stream.length);
  new Uint32Array(file.buffer, file.byteOffset, 2).set([stream.length, stream.slotCount]);
  file.set(stream.op.subarray(0, stream.length), 8);
  new Int32Array(file.buffer, file.byteOffset + 8 + opBytes, stream.length).set(
    stream.slot.subarray(0, stream.length),
  );
  new Int32Array(file.buffer, file.byteOffset + 8 + opBytes + 4 * stream.length, stream.length).set(
    stream.size.subarray(0, stream.length),
  );
  writeFileSync(path, file);
  return stream.length;
}

/** Reads a stream file into typed arrays. */
export function readStreamFile(path) {
  const { buffer } = Uint8Array.from(readFileSync(path));
  const [calls, slots] = new Uint32Array(buffer, 0, 2);
  const opBytes = Math.ceil(calls / 4) * 4;
  return {
    slots,
    op: new Uint8Array(buffer, 8, calls),
    slot: new Int32Array(buffer, 8 + opBytes, calls),
    size: new Int32Array(buffer, 8 + opBytes + 4 * calls, calls),
  };
}
