/**
 * A tracing collector: marks what the roots lead to, in address order, and sweeps the rest.
 *
 * @packageDocumentation
 */

export { markSweep, type MarkSweepOptions } from "./mark-sweep.js";
