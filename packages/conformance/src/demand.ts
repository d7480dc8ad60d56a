/**
 * How a case says that a rule is broken: a plain `Error` whose message has what
 * was expected and what was found. No assertion library, so that the cases run
 * under any runner and under none.
 */

import { HeapwrightError, type HeapwrightErrorCode } from "@heapwright/core";

/** Throws when a condition does not hold. */
export function demand(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/**
 * Demands that a call is refused.
 *
 * @param what - the call as the reader would write it, such as `malloc(-1)`
 * @param codes - the error codes that are right
 */
export function demandRefusal(
  what: string,
  codes: readonly HeapwrightErrorCode[],
  call: () => unknown,
): void {
  const expected = `${what} must throw ${codes.join(" or ")}`;
  let returned: unknown;
  try {
    returned = call();
  } catch (error) {
    demand(
      codes.some((code) => HeapwrightError.is(error, code)),
      `${expected}; it threw ${describe(error)}`,
    );
    return;
  }
  throw new Error(`${expected}; it returned ${String(returned)}.`);
}

/** Runs a call whose failure is another rule's business. */
export function quietly(call: () => unknown): void {
  succeeds(call);
}

/** Whether a call comes to its end. */
export function succeeds(call: () => unknown): boolean {
  try {
    call();
    return true;
  } catch {
    return false;
  }
}

function describe(error: unknown): string {
  if (HeapwrightError.is(error)) return `${error.code}: ${error.message}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
