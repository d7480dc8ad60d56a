/**
 * Layout: where each word of pymalloc's tables is.
 *
 * Everything pymalloc knows is in words of the memory it manages, the lengths it was made with included: whoever has the
 * memory can stand on them.
 *
 * CPython keeps a pool's header in the pool's first 48 bytes and the arenas in a
 * C array. Here both are rows of tables that stand aside, in one run of pages:
 * a wild write into a block cannot reach them, and a search touches 32 bytes of a
 * pool instead of a page. The 48 bytes stay unused, because the number of blocks
 * in a pool is part of being faithful.
 *
 * ```text
 *   +----------+-----------------+-----------+---------+----------------+---------+-----------+
 *   | control  | last arena with | lists of  | arena   | first used     | pool    | live bits |
 *   | 24 words | n free pools    | large     | rows    | pool by class  | rows    | 1 for     |
 *   |          | 65 words        | 460 words | 8 words | 8 + 32 words   | 8 words | 16 bytes  |
 *   +----------+-----------------+-----------+---------+----------------+---------+-----------+
 *
 *   arena row                               pool row
 *   word 0  address of the first pool       word 0  first free block, as word index; see below
 *        1  pool to carve next (its row)         1  live blocks; 0 = not in use, -1 = a heap has it
 *        2  free pools, carved or not            2  last place for a block, as word index
 *        3  first free pool (its row)            3  next pool of its list (its row); -1 = in none
 *        4  next usable arena                    4  previous pool of its list
 *        5  previous usable arena                5  size class + 1; 0 = none
 *        6  1 = held, 0 = unused row             6  arena (its row)
 *        7  -                                    7  -
 * ```
 *
 * A row is named by the index of its first word in its table. No row begins at 0,
 * so 0 can mean "none". The row of a pool follows from an address by a shift: all
 * of the memory has rows, which cost nothing until they are touched.
 *
 * Plain numbers in a module without imports: those a build puts in place where they
 * are used, which the hot paths live by (docs/adr/0006).
 */

/** Larger requests, in bytes, bypass the pools. CPython: `SMALL_REQUEST_THRESHOLD`. */
export const SMALL_REQUEST_MAX = 512;

/** log2 of the step between size classes. CPython: `ALIGNMENT_SHIFT`. */
export const ALIGNMENT_SHIFT = 4;

/** log2 of the words in a block of class 0. */
export const CLASS_WORDS_SHIFT = 2;

/** Bytes at the start of each pool that are never handed out. CPython: `POOL_OVERHEAD`. */
export const POOL_OVERHEAD = 48;

/** log2 of the words in a row. */
export const ROW_SHIFT = 3;

/** Words in a row of either table. */
export const ROW_WORDS = 8;

/**
 * Where the first used pool of each size class stands in the table of pools, in one view with the rows, so that the hot
 * paths need one view less. CPython: `usedpools`.
 */
export const USED_POOLS = 8;

/**
 * Where pool rows begin. What is before them reads as a row without a free block: so an empty list, whose first pool is
 * 0, needs no test of its own.
 */
export const POOL_ROWS = 40;

/**
 * {@link POOL_LIVE} of a pool that a heap took. Below 0, so that the hot paths, which ask for a pool with live blocks, need
 * no test for it.
 */
export const HEAP_POOL = -1;

/** {@link POOL_NEXT} of a pool that is in no list of used pools. */
export const UNLISTED = -1;

/**
 * First free block of the pool, as word index. A negative number is the end of the list and says where the next block is
 * carved (CPython: `nextoffset`); 0 is its end when the pool is carved to its last block. CPython: `freeblock`.
 */
export const POOL_FREE_BLOCK = 0;
/** Live blocks of the pool; 0 = not in use, {@link HEAP_POOL} = a heap has it. CPython: `ref.count`. */
export const POOL_LIVE = 1;
/** The last place where a block fits, as word index. CPython: `maxnextoffset`. */
export const POOL_LAST_BLOCK = 2;
/** Next pool of the list, or {@link UNLISTED}. CPython: `nextpool`. */
export const POOL_NEXT = 3;
/** Previous pool of the list. CPython: `prevpool`. */
export const POOL_PREVIOUS = 4;
/** Size class + 1, kept while the pool is empty; 0 = none, or none any more. CPython: `szidx`. */
export const POOL_SIZE_CLASS = 5;
/** Row of the arena. CPython: `arenaindex`. */
export const POOL_ARENA = 6;

/** Address of the arena. CPython: `address`. */
export const ARENA_ADDRESS = 0;
/** The pool to carve next. CPython: `pool_address`. */
export const ARENA_NEXT_POOL = 1;
/** Free pools, carved or not. CPython: `nfreepools`. */
export const ARENA_FREE_POOLS = 2;
/** First of the free pools that were used before. CPython: `freepools`. */
export const ARENA_FREE_POOL = 3;
/** Next usable arena. CPython: `nextarena`. */
export const ARENA_NEXT = 4;
/** Previous usable arena. CPython: `prevarena`. */
export const ARENA_PREVIOUS = 5;
/** 1 = the row describes an arena, 0 = unused. */
export const ARENA_HELD = 6;
