/**
 * Scan codes: how a collector finds the references in an object, as a number for each layout.
 *
 * ```text
 *   code >= 0   so many references from word 1 on; 0 = a leaf
 *   ITEMS       [ header | first | count | capacity | ... ]   `count` references from word `first` of a buffer
 *   ALL         references from word 1 to the end of the cell
 *   OTHER       bitmaps and custom layouts: ask {@link HeapImage.edgesOf}
 * ```
 *
 * A kernel switches on the code; a call for each reference costs two to three times as much. Dicts are items, too: their
 * buffer holds keys and values in turn.
 */

/** References in a buffer that words 1 and 2 tell of. */
export const ITEMS = -1;
/** References to the end of the cell. */
export const ALL = -2;
/** Anything else. */
export const OTHER = -3;

/** Word of a cell that says where its buffer begins, as word index; 0 = no buffer. */
export const BUFFER_FIRST = 1;
/** Word of a cell that says how many words of the buffer are in use. */
export const BUFFER_COUNT = 2;
/** Word of a cell that says how many words the buffer has. */
export const BUFFER_CAPACITY = 3;
