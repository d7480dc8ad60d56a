import { HeapwrightError } from "@heapwright/core";

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
