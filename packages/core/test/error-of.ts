import { HeapwrightError } from "../src/errors.js";

/** The Heapwright error that a call throws. */
export function errorOf(call: () => unknown): HeapwrightError {
  try {
    call();
  } catch (error) {
    if (HeapwrightError.is(error)) return error;
    throw error;
  }
  throw new Error("Nothing was thrown.");
}

/** The code of that error. */
export function codeOf(call: () => unknown): string {
  return errorOf(call).code;
}
