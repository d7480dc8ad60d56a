/**
 * Work bytes while a collection runs, and what in a header makes it look twice.
 *
 * ```text
 *   full    0                  1 .. 255
 *           not reached        referred to from outside, modulo 256; or reached
 *
 *   young   0 .. 127           128                  129 .. 255
 *           no member, or      a member,            a member, so many (- 128) references
 *           reached: its age   not reached          from outside, modulo 128; or reached
 * ```
 *
 * No imports here: a build puts the numbers of such a module in place where they are used.
 */

/** Full collection: nobody has reached it. */
export const UNREACHED = 0;
/** Full collection: it can be reached. Any other number above 0 says the same. */
export const REACHED = 1;
/** Full collection: bits of the header of a hot object, one with 256 references or more, or one whose field does not tell. */
export const FULL_HOT: number = 0xfc03_0000 | 0;

/** Young collection: a member that nobody has reached. */
export const MEMBER = 128;
/** Young collection: a member that can be reached, and that the sweep has not come to yet. Any number above says the same. */
export const TO_BE_SCANNED = 129;
/** Young collection: counts are kept modulo 128. */
export const COUNT_MASK = 127;
/** Young collection: bits of the header of a hot object, one with 128 references or more, or one whose field does not tell. */
export const YOUNG_HOT: number = 0xfe03_0000 | 0;

/** Either: byte of a hot object while the references to it are counted one by one. */
export const IN_QUESTION = 255;

/** log2 of the memory words that four work bytes stand for. */
export const WORK_WORD_SHIFT = 5;

/** A pool in which nothing is young. */
export const NO_BIRTHS = 0;
/** A pool in which something was born; core writes it. */
export const BIRTHS = 1;
/** A pool in which nothing is younger than generation 1. */
export const MIDDLE_ONLY = 2;
