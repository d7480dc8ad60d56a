/**
 * The small-object stream: which events of a trace CPython's pools serve.
 *
 * pymalloc takes requests of 1 to 512 bytes in the domains `mem` and `obj` and
 * passes the rest on. A block that has left the pools by a realloc never comes
 * back, and one that shrinks stays where it is until it would waste more than a
 * quarter. Both rules are `Objects/obmalloc.c` of CPython 3.11
 * (`pymalloc_alloc`, `pymalloc_realloc`); a block's *class* is its length / 16.
 */

/** Larger requests, in bytes, bypass the pools. CPython: `SMALL_REQUEST_THRESHOLD`. */
const SMALL_REQUEST_MAX = 512;

/** Number of the domain that never uses the pools. */
const RAW = 0;

/**
 * Class of a new block, 1 to 32; 0 for a block outside the pools.
 *
 * @param domain - index into {@link DOMAINS}
 * @param bytes - requested; 0 is not small
 */
export function classOf(domain: number, bytes: number): number {
  return domain !== RAW && bytes <= SMALL_REQUEST_MAX ? (bytes + 15) >> 4 : 0;
}

/**
 * Class of a block after a realloc.
 *
 * @param before - its class, 0 to 32
 * @param domain - the block's own
 * @param bytes - the new length
 */
export function classAfterRealloc(before: number, domain: number, bytes: number): number {
  if (before === 0) return 0;
  const blockBytes = 16 * before;
  const stays = bytes <= blockBytes && 4 * bytes > 3 * blockBytes;
  return stays ? before : classOf(domain, bytes);
}
