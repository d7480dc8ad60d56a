/**
 * Reference counts: every object knows how many references there are to it, and dies when there is none.
 *
 * ```text
 *   bit    31           18 17         12 11          0
 *          +--------------+-------------+-------------+     14 bits of every header are the count. Who stores a reference
 *          |  count : 14  |    flags    |   layout    |     adds one to it, inline, and looks at the sign: counts
 *          +--------------+-------------+-------------+     of 8,192 and of 0 are what is decided here.
 * ```
 *
 * Counting is prompt and its pauses are as long as what dies, but it does not see cycles: two objects that refer to each
 * other never reach 0. A collector finds those. It also makes every store of a reference write to two other objects.
 *
 * Follows `Py_DECREF` and the deallocators of CPython 3.11, with a stack in place of recursion and trashcan.
 */

import { defineCounter, type Counter, type CounterContext, type CounterPlugin } from "@heapwright/core";

import { createDropping } from "./dropping.js";
import { createDying } from "./dying.js";
import { createSpilledCounts } from "./spilled-counts.js";
import { createWaitingStack } from "./waiting-stack.js";

/** Number of the table with the spilled counts. */
const STEPS_TABLE = 0;

/**
 * Exact counts, for `createHeap`.
 *
 * @example
 * ```ts
 * const heap = createHeap({ allocator: pymalloc(), collector: none(), counter: refcount() });
 * ```
 */
export function refcount(): CounterPlugin {
  return defineCounter({
    name: "refcount",
    summary: "exact counts in 14 bits of the header and a table; objects die at once, without recursion",
    traits: { exact: true },
    create: createRefcount,
  });
}

function createRefcount(context: CounterContext): Counter {
  const { image, tables } = context;
  const waiting = createWaitingStack();
  const counts = createSpilledCounts(image, tables.open(STEPS_TABLE));
  const dropping = createDropping(context, counts, waiting);
  const { underflow, suspend, resume, dispose } = createDying(context, counts, waiting, dropping);

  return {
    overflow: counts.overflow,
    underflow,
    count: counts.count,
    add: counts.add,
    immortalize: counts.immortalize,
    suspend,
    resume,
    waiting: () => Array.from(waiting.refs.subarray(0, waiting.length)),
    forget: counts.forget,
    problems: counts.problems,
    dispose,
  };
}
