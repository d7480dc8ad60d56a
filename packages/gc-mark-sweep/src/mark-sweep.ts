/**
 * Mark and sweep: finds what the roots do not lead to, and has it die.
 *
 * Counting finds out at each store what is not needed any more, and pays for it at each store. This collector keeps no
 * counts: a store is a store. It starts from the *roots*, what open scopes, pins and `retain` hold, follows every reference
 * from there (`trace.ts`), and whatever it did not come to cannot be reached by anybody (`sweep.ts`). Cycles are nothing
 * special. What it gives up: an object dies at the next collection, not when its last reference goes.
 *
 * One collection:
 *
 * ```text
 *   roots -> trace -> condemn -> Deaths.reap -----------------------> bury leaves -> work bytes are 0
 *                                  weak references are cleared
 *                                  callbacks, finalizers
 *                                  recheck: trace from what is left
 *                                  the rest is freed
 * ```
 *
 * **Leaves last.** A leaf is a string, a number: it refers to nothing, nobody refers to it weakly, and it has no finalizer.
 * It cannot be freed before the death pipeline is through, since a finalizer may look at a leaf that only its object refers
 * to, and may resurrect both. So leaves are buried when no user code can run any more, by marks that are right *then*:
 * - no user code ran, and nothing was spared: what is alive is what got a mark, and the marks of the leaves are still there;
 * - user code ran: objects came back, references were stored, leaves were born, anything. The pipeline calls `recheck`,
 *   after which there is no user code until the collection is over. It traces anew, from the roots *and from every tracked
 *   object that is not condemned*: those born meanwhile, and even those that user code has let go of. These stay until the
 *   next collection, and must not be left with references to what is gone. What is reached is spared, and the leaves among
 *   it have new marks;
 * - no user code ran, and yet something was spared, for its legacy finalizer: then the same tracing, afterwards.
 *
 * **Everything in a tracked pool is condemned alike**, tracked or not: without counts nobody else would free a container that
 * was untracked, and it may have weak references or a finalizer of its own.
 *
 * CPython has no collector like this one; the nearest is the first half of its free-threaded one
 * (`Python/gc_free_threading.c`, `mark_alive_from_roots`, CPython 3.14), which falls back on counts for what it does not
 * reach.
 */

import {
  EVENT,
  HeapwrightError,
  LAYOUT,
  defineCollector,
  type Collector,
  type CollectorContext,
  type CollectorPlugin,
  type Reaped,
} from "@heapwright/core";

import { createPacing, type PacingOptions } from "./pacing.js";
import { createSweeper } from "./sweep.js";
import { createTracer } from "./trace.js";

/** Options of {@link markSweep}. */
export interface MarkSweepOptions {
  /**
   * The least number of tracked objects born between two collections, 0 to 2^31 - 1; 0: none by itself. What
   * `gc.setThreshold` sets later. Default: 700, as in CPython.
   */
  readonly threshold?: number;
  /**
   * How much the number of tracked objects grows between two collections, in percent of what the last one left, 0 to
   * 10,000. More is faster and takes more memory. Default: 100.
   */
  readonly growthPercent?: number;
}

const NOTHING: Reaped = { collected: 0, uncollectable: 0 };

/**
 * A collector that traces from the roots and keeps no reference counts.
 *
 * @throws HeapwrightError `ERR_BAD_OPTION`
 *
 * @example
 * ```ts
 * const heap = createHeap({ allocator: pymalloc(), collector: markSweep() });
 * ```
 */
export function markSweep(options: MarkSweepOptions = {}): CollectorPlugin {
  const { threshold = 700, growthPercent = 100 } = options;
  const pacing: PacingOptions = {
    threshold: wholeNumber("threshold", threshold, 2 ** 31 - 1),
    growthPercent: wholeNumber("growthPercent", growthPercent, 10_000),
  };
  return defineCollector({
    name: "gc-mark-sweep",
    summary: "marks from the roots in address order, sweeps the rest; no reference counts",
    traits: { roots: "scan", cycles: true, exact: true, automatic: true },
    create: (context) => createMarkSweep(context, pacing),
  });
}

function createMarkSweep(context: CollectorContext, options: PacingOptions): Collector {
  const { image, deaths, events, trigger } = context;
  const roots = context.createEdgeBuffer();
  const tracer = createTracer(image);
  const sweeper = createSweeper(image, deaths);
  const pacing = createPacing(context, options);
  let isCollecting = false;
  /** Whether the marks of the leaves are newer than what was spared. */
  let hasRetraced = false;

  function traceFromRoots(): void {
    roots.clear();
    context.roots.gather(roots);
    tracer.trace(roots);
  }

  /** Spares those of the condemned that what is left leads to, and gives the leaves new marks. */
  function traceFromWhatIsLeft(): void {
    hasRetraced = true;
    sweeper.absolve();
    traceFromRoots();
    sweeper.convict();
  }

  function findAndReap(): Reaped {
    tracer.prepare(pacing.live() + trigger.count);
    traceFromRoots();
    events.emit(EVENT.rootsFound, roots.length, 0);
    const { refs, count, live, layoutFlags } = sweeper.condemn();
    events.emit(EVENT.marked, live + count, count);
    const reaped = count === 0 ? NOTHING : deaths.reap(refs, count, 0);
    const isAnyKept = (layoutFlags & LAYOUT.legacyFinalizer) !== 0;
    if (isAnyKept && !hasRetraced) traceFromWhatIsLeft();
    sweeper.buryLeaves();
    pacing.collected(live);
    return reaped;
  }

  return {
    collect() {
      isCollecting = true;
      hasRetraced = false;
      try {
        return findAndReap();
      } catch (error) {
        // Nothing that is condemned was freed, or all of it was: with no marks and no verdict the heap is as it should be.
        sweeper.clear();
        pacing.collected(pacing.live());
        throw error;
      } finally {
        isCollecting = false;
      }
    },

    recheck: traceFromWhatIsLeft,
    tripped: () => void context.collect(2),
    getThreshold: pacing.getThreshold,
    setThreshold: pacing.setThreshold,
    getCount: () => [trigger.count, 0, 0],
    problems: () => [...pacing.problems(), ...(isCollecting ? [] : sweeper.problems())],
  };
}

function wholeNumber(name: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new HeapwrightError(
    "ERR_BAD_OPTION",
    `${name} is a whole number from 0 to ${most}, not ${String(value)}.`,
  );
}
