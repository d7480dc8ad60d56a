/**
 * How large a memory to set aside for a recording. Nothing is committed before it
 * is touched, so the cap only has to be high enough.
 */

import type { AllocatorTraits } from "@heapwright/core";
import type { TraceHeader } from "@heapwright/replay";

const MiB = 2 ** 20;
const MOST_BYTES: number = 4 * 2 ** 30;
/** What an allocator that reuses nothing needs for a block, on average; the bundled recordings take 90 to 160. */
const BYTES_WITHOUT_REUSE = 256;

/** The default of `--max-bytes`: the library's 256 MiB, or more where the recording needs it. */
export function defaultMaxBytes({ peakLiveBytes, ids }: TraceHeader, { reuses }: AllocatorTraits): number {
  const needed = reuses ? 2 * peakLiveBytes + 64 * MiB : 2 * peakLiveBytes + BYTES_WITHOUT_REUSE * ids;
  return Math.min(MOST_BYTES, Math.max(256 * MiB, Math.ceil(needed / MiB) * MiB));
}
