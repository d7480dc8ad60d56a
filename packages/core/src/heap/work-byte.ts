/**
 * The work byte: one byte for each 32 bytes of memory, the collector's own.
 *
 * ```text
 *   ref >> 3     cell of 48 bytes     cell of 48 bytes     cell of 32 bytes
 *   +-------+    +------+------+------+------+------+      +------+
 *   | work  |    | a    |      .   b         |      | ...  | c    |      a, b, c: the byte of each cell's first granule
 *   +-------+    +------+------+------+------+------+      +------+
 * ```
 *
 * Tracked cells are 32 bytes or longer, so no two share a byte. Between collections the byte is a cell's age, as its
 * collector sees it: what the trait `birth` says for a new one, 0 for one that was freed and for one that is untracked. While a
 * collection runs the collector writes what it likes. When it hands over what it found, every byte is an age again, except
 * those of the dead, which are {@link CONDEMNED} until they are buried or spared. The death pipeline may have other bytes
 * above {@link MAX_AGE} while it works.
 */

/** A reference shifted right by this is the index of its work byte. */
export const WORK_SHIFT = 3;

/** The largest age: higher bytes are for collections under way. */
export const MAX_AGE = 127;

/** The work byte of an object that was found unreachable. */
export const CONDEMNED = 255;

/** Words in the smallest cell that is tracked. */
export const MIN_TRACKED_WORDS = 8;

/** Words in the smallest cell of a leaf; references are multiples of it. */
export const GRANULE_WORDS = 4;
