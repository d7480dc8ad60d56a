/**
 * One error class and one catalogue of codes for every package.
 *
 * A caller branches on {@link HeapwrightError.code}, never on the message. Two
 * copies of a package (ESM beside CommonJS, or two versions) can be loaded at
 * once, so an error is recognised by its name and code, never by `instanceof`.
 */

/**
 * The catalogue: every code an operation can fail with, and what it means.
 */
export const ERROR_CODES = {
  ERR_BAD_PLUGIN: "A plugin is malformed, or was written for another version of the contract.",
  ERR_BAD_OPTION: "An option or argument is of the wrong type or out of its range.",
  ERR_BAD_SIZE: "A byte count is negative, fractional, not a number or no safe integer.",
  ERR_BAD_ADDRESS: "No live block starts at the address.",
  ERR_DOUBLE_FREE: "The block at the address was freed before.",
  ERR_WRONG_DOMAIN: "The block belongs to another domain (raw, mem or obj) than the function called.",
  ERR_OUT_OF_MEMORY: "The memory has no room for the request; everything allocated so far is intact.",
  ERR_RESERVE_REFUSED: "The host refused to set the address space of a memory aside.",
  ERR_BUFFER_TOO_SMALL: "A memory has no room for its header, or for an allocator's tables and one arena.",
  ERR_BUFFER_DETACHED:
    "The bytes are gone: a buffer was transferred or shortened, its wasm memory grew, or its memory was disposed.",
  ERR_BUFFER_IN_USE: "A buffer is already managed by a memory that was not disposed.",
  ERR_NO_HEAP: "The bytes hold no memory or heap of Heapwright, or one of another version.",
  ERR_PLUGIN_MISMATCH: "The plugins of a heap do not fit together.",
  ERR_MISSING_CODE: "A heap refers to a plugin, finalizer, callback or custom layout that was not given.",
  ERR_BAD_LAYOUT: "A layout contradicts itself, is not of this heap, or is there already.",
  ERR_BAD_REFERENCE: "A reference is to no live object of the heap, or to one that the call is not for.",
  ERR_NOT_HELD: "A reference was given back that was not held.",
  ERR_STALE_PIN: "A pin was unpinned before, or is none of the heap.",
  ERR_SCOPE_ORDER: "A scope was used after it was closed, or not as the innermost one.",
  ERR_ASYNC_SCOPE: "The function of a scope returned a promise.",
  ERR_BUSY: "The heap is at work: it was disposed or detached from a finalizer or callback.",
  ERR_DISPOSED: "The object was used after dispose().",
  ERR_CORRUPT_MEMORY: "verify() found the tables or free lists damaged.",
  ERR_READ_FAILED: "A file or stream could not be read.",
  ERR_BAD_RECORDING: "A file or stream is no recording, or its bytes contradict its header.",
  ERR_TRUNCATED_RECORDING: "A recording ends before its header says so.",
  ERR_WRONG_RECORDING:
    "A recording of the other kind: a trace was expected and a graph found, or the reverse.",
  ERR_RECORDING_VERSION: "A recording is of a newer format version than this package reads.",
  ERR_COMPRESSION_UNSUPPORTED: "The host cannot undo the compression of a recording.",
} as const;

/** A stable reason for a failure: a key of {@link ERROR_CODES}. */
export type HeapwrightErrorCode = keyof typeof ERROR_CODES;

/**
 * What every Heapwright package throws when a caller's request cannot be met.
 * The message says what was asked, what was found and what to do.
 */
export class HeapwrightError extends Error {
  /** Which rule was broken. */
  readonly code: HeapwrightErrorCode;

  /**
   * Makes an error of the catalogue.
   *
   * @param code - the reason, one of {@link ERROR_CODES}
   * @param message - a sentence with the figures and their units
   * @param options - `cause`, when another error is wrapped
   */
  constructor(code: HeapwrightErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "HeapwrightError";
    this.code = code;
  }

  /**
   * Tells a Heapwright error from any other thrown value, also one made by
   * another copy of this package or in another realm.
   *
   * @param value - anything that a `catch` received
   * @param code - when given, the reason must match too
   */
  static is(value: unknown, code?: HeapwrightErrorCode): value is HeapwrightError {
    // By tag: an error may come from another realm, where `Error` is another class.
    if (Object.prototype.toString.call(value) !== "[object Error]") return false;
    const error = value as Partial<HeapwrightError>;
    if (error.name !== "HeapwrightError" || typeof error.code !== "string") return false;
    return code === undefined || error.code === code;
  }
}
