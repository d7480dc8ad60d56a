/**
 * The control words of a heap: single numbers, in its memory like all else.
 *
 * Plain numbers in a module without imports: those a build puts in place where they are used.
 */

/** How many control words there are. */
export const CONTROL_WORDS = 256;

/** Every pool with cells has at least this number. */
export const POOLS_START = 0;
/** Every pool with cells has a lower number. */
export const POOLS_END = 1;
/** Tracked objects born less those that died, since the collector last reset it. CPython: `generations[0].count`. */
export const TRIGGER_COUNT = 2;
/** The collector is asked when {@link TRIGGER_COUNT} passes this: the collector's limit, or never while it is disabled. */
export const TRIGGER_LIMIT = 3;
/** The limit that the collector wants. */
export const WANTED_LIMIT = 4;
/** A limit that is never passed. */
export const NEVER = 0x7fff_ffff;
/** Automatic collection: 1 = on. CPython: `enabled`. */
export const ENABLED = 5;
/** 1 while a collection runs. CPython: `collecting`. */
export const COLLECTING = 6;
/** Calls of user code under way: finalizers, callbacks, listeners. */
export const USER_CODE = 7;
/** Listeners to events. */
export const LISTENERS = 8;
/** Words written to the event buffer. */
export const EVENT_WORDS = 9;
/** Handles in use: what scopes own. */
export const HANDLES = 10;
/** Scopes that are open. */
export const SCOPES = 11;
/** Pins in use. */
export const PINS = 12;
/** First free row of the pins + 1, 0 = none. */
export const FREE_PIN = 13;
/** Rows of pins that were ever used. */
export const PIN_ROWS = 14;
/** Functions without a name that ever got a number. */
export const ANONYMOUS_CODE = 15;
/** Weak references that are alive. */
export const WEAK_REFERENCES = 16;
/** Layouts that have a finalizer of either kind. */
export const FINALIZER_LAYOUTS = 17;
/** Layouts that are defined, numbered from 1. */
export const LAYOUTS = 18;
/** Where the directory is (byte address), and how long. */
export const DIRECTORY = 19;
/** Bytes of the directory. */
export const DIRECTORY_BYTES = 20;
/** Where the allocator's tables are (byte address). */
export const ALLOCATOR_AT = 21;
/** Objects buried, modulo 2^32. */
export const BURIED_OBJECTS = 22;
/** Buffers freed, modulo 2^32. */
export const FREED_BUFFERS = 23;
/** Buffers that are live. */
export const BUFFERS = 24;
/** Two words, a float64: references held from outside, by `retain`, and by the heap itself while user code runs. */
export const RETAINED = 26;
/** Objects that a call works on while it collects to make room: roots meanwhile. */
export const SPARE_ROOTS = 28;
/** How many there can be. */
export const SPARE_ROOT_WORDS = 4;

/** For each generation: collections, collected, uncollectable. CPython: `generation_stats`. */
export const STATISTICS = 32;
/** Scopes that were open when the user code that runs now was called: it has no business with those. */
export const OUTER_SCOPES = 41;

/** Growable runs: address and capacity in words of each; see `run.ts`. */
export const RUNS = 48;

/** The collector's own words. */
export const COLLECTOR_WORDS_START = 96;
/** How many. */
export const COLLECTOR_WORDS = 48;
