/**
 * The replayer: plays a trace into an allocator, and reports what that cost and
 * what went wrong.
 *
 * The first round is not timed. It fills and checks every block and takes the
 * figures of the heap. The rounds after it are timed and do nothing but call the
 * allocator: events are decoded before the clock starts. A trace of up to 8 million
 * events is decoded once and kept (10 bytes an event); a longer one is read again
 * for each round, and the clock runs for each batch.
 */

import {
  HeapwrightError,
  assertAllocatorPlugin,
  type AllocationDomain,
  type AllocatorOptions,
  type AllocatorPlugin,
  type BlockAllocator,
} from "@heapwright/core";

import { DOMAINS, type EventBatch } from "./events.js";
import { createFirstRound, type FirstRound } from "./first-round.js";
import { messageOf } from "./message-of.js";
import { createProblemLog, type ProblemLog } from "./problem-log.js";
import { replayDomains, replayEvents } from "./replay-loops.js";
import { copyEvents, copySmallEvents, countSmallEvents, type EventColumns } from "./event-columns.js";
import {
  medianOf,
  reportHeap,
  type HeapFigures,
  type ReplayMark,
  type ReplayResult,
} from "./replay-report.js";
import type { Trace } from "./trace.js";

/** What {@link replay} accepts. */
export interface ReplayOptions {
  /**
   * Which events are replayed: `"all"`, or `"small"`, the small-object stream that CPython's pools serve, where a realloc
   * that leaves the pools is a free. Default: `"all"`.
   */
  readonly stream?: "all" | "small";
  /**
   * Timed rounds after the first, untimed one, 0 to 1000; the first ones are slower, until the loop is compiled.
   * Default: 5.
   */
  readonly rounds?: number;
  /** Fill and check the blocks in the untimed round. Default: true. */
  readonly stamp?: boolean;
  /** Handed to the plugin's `create`; `preset` is the allocator's own business, and repeated in the result. */
  readonly allocator?: AllocatorOptions & { readonly preset?: string };
  /** Reads a clock, in milliseconds. Default: `performance.now`; Node has `cpuClock` in `@heapwright/replay/node`. */
  readonly clock?: () => number;
  /** Called now and then with the events replayed so far and those to replay, all rounds together. */
  readonly onProgress?: (eventsDone: number, eventsTotal: number) => void;
  /** Ends the replay early, at the next batch or round: an `AbortSignal`. */
  readonly signal?: { throwIfAborted(): void };
}

/** Longer traces are read again for each round. */
const MAX_KEPT_EVENTS = 8_000_000;
const MAX_ROUNDS = 1000;
/** How often the host gets a turn, so that pages stay alive and signals arrive. */
const BATCHES_PER_TURN = 8;

/**
 * Replays a trace into a new allocator, which is disposed at the end. What the allocator refuses or gets wrong is counted
 * in the result; the replay goes on without the block.
 *
 * V8 optimises the loop for the allocators it has met. To compare nanoseconds, replay each allocator in a process (or
 * worker) of its own.
 *
 * @param trace - read once when it has at most 8 million events, else once for each round
 * @param plugin - an allocator plugin. With the trait `domains` each event goes to the domain it names, otherwise all go
 * to the allocator itself
 * @throws HeapwrightError what reading the trace and `plugin.create` throw; `ERR_BAD_PLUGIN`; `ERR_BAD_OPTION` for a
 * wrong option, or for timed rounds on a long trace that can be read once only. What `signal` throws goes through
 *
 * @example
 * ```ts
 * const result = await replay(await openTrace(bytes), pymalloc(), { stream: "small" });
 * console.log(result.arenasPeak, result.nsPerEvent);
 * ```
 */
export async function replay(
  trace: Trace,
  plugin: AllocatorPlugin,
  options: ReplayOptions = {},
): Promise<ReplayResult> {
  assertAllocatorPlugin(plugin);
  const { stream = "all", rounds = 5, stamp = true, clock = () => performance.now(), signal } = options;
  checkOptions(stream, rounds, trace);
  signal?.throwIfAborted();

  const { header } = trace;
  const small = stream === "small";
  const copy = small ? copySmallEvents : copyEvents;
  const kept: EventColumns[] | undefined = rounds > 0 && header.events <= MAX_KEPT_EVENTS ? [] : undefined;
  const progress = createProgress(header.events * (rounds + 1), options);
  const problems = createProblemLog();

  let allocator = plugin.create(options.allocator);
  try {
    const { calls } = routeTo(plugin, allocator, small);
    const first = createFirstRound(allocator, { small, stamp, calls }, problems);
    const figures = await playFirstRound(trace, first, allocator, progress, (batch) =>
      kept?.push(copy(batch)),
    );
    checkHeap(first, allocator, problems);

    const operations = small ? figures.smallOps : header.events;
    const nsPerEventByRound: number[] = [];
    let addressOf = first.addresses();
    for (let round = 1; round <= rounds; round++) {
      allocator = clear(plugin, allocator, options.allocator, () => first.freeRest(addressOf));
      addressOf = new Uint32Array(addressOf.length);
      const { play } = routeTo(plugin, allocator, small);
      const timed: TimedRound = { play, addressOf, copy, clock, progress };
      const { ms, refused } = kept
        ? await timeKept(kept, header.events, timed)
        : await timeStreamed(trace, timed);
      if (operations > 0) nsPerEventByRound.push((ms * 1e6) / operations);
      for (let more = first.refused(); more < refused; more++) {
        problems.add(
          () => `Round ${round}: ${refused} calls were refused, and ${first.refused()} in the first round.`,
        );
      }
    }

    return {
      ...reportHeap(header, figures),
      allocator: plugin.name,
      preset: options.allocator?.preset ?? null,
      stream,
      nsPerEvent: medianOf(nsPerEventByRound),
      nsPerEventByRound,
      errors: problems.count(),
      problems: problems.texts,
    };
  } finally {
    allocator.dispose();
  }
}

function checkOptions(stream: unknown, rounds: number, trace: Trace): void {
  if (stream !== "all" && stream !== "small") {
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `stream must be "all" or "small", not ${JSON.stringify(stream)}.`,
    );
  }
  if (!Number.isInteger(rounds) || rounds < 0 || rounds > MAX_ROUNDS) {
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `rounds must be a whole number from 0 to ${MAX_ROUNDS}, not ${rounds}.`,
    );
  }
  const { events } = trace.header;
  if (rounds > 0 && events > MAX_KEPT_EVENTS && !trace.rereadable) {
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `${events} events are read again for each round, and this source can be read once. Ask for rounds: 0, or give the trace's bytes or a function that opens it anew.`,
    );
  }
}

/** Counts events, tells the caller, and lets the host do other things. */
interface Progress {
  /** Events were replayed. Gives the host a turn now and then. */
  batchDone(events: number): Promise<void>;
  /** A round is over. */
  roundDone(): Promise<void>;
}

function createProgress(total: number, { onProgress, signal }: ReplayOptions): Progress {
  let done = 0;
  let batches = 0;

  async function roundDone(): Promise<void> {
    onProgress?.(done, total);
    await new Promise<void>((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
  }

  return {
    async batchDone(events) {
      done += events;
      if (++batches % BATCHES_PER_TURN === 0) await roundDone();
    },
    roundDone,
  };
}

/** Plays the untimed round and takes the heap's figures. */
async function playFirstRound(
  trace: Trace,
  first: FirstRound,
  allocator: BlockAllocator,
  progress: Progress,
  keep: (batch: EventBatch) => void,
): Promise<HeapFigures> {
  const marks: ReplayMark[] = [];
  let smallOps = 0;
  for await (const batch of trace.batches()) {
    playToMarks(first, batch, allocator, marks);
    keep(batch);
    smallOps += countSmallEvents(batch);
    await progress.batchDone(batch.length);
  }
  await progress.roundDone();
  return { smallOps, marks, stats: allocator.stats() };
}

/** Plays a batch, and stops at its marks for the figures. */
function playToMarks(
  first: FirstRound,
  batch: EventBatch,
  allocator: BlockAllocator,
  marks: ReplayMark[],
): void {
  let from = 0;
  for (const { name, event } of batch.marks) {
    const to = event - batch.first;
    first.play(batch, from, to);
    from = to;
    const { liveBlocks, footprintBytes, arenas } = allocator.stats();
    marks.push({ name, event, arenas: arenas?.current ?? null, liveBlocks, footprintBytes });
  }
  first.play(batch, from, batch.length);
}

function checkHeap(first: FirstRound, allocator: BlockAllocator, problems: ProblemLog): void {
  first.checkRest();
  try {
    allocator.verify();
  } catch (error) {
    problems.add(() => `verify() failed: ${messageOf(error)}`);
  }
}

/** An allocator without blocks for the next round: the same one where it can serve again. */
function clear(
  plugin: AllocatorPlugin,
  allocator: BlockAllocator,
  options: AllocatorOptions | undefined,
  freeRest: () => void,
): BlockAllocator {
  if (plugin.traits.resets && allocator.reset) {
    allocator.reset();
    return allocator;
  }
  if (plugin.traits.reuses) {
    freeRest();
    return allocator;
  }
  allocator.dispose();
  return plugin.create(options);
}

/** Which functions of an allocator the events go to. */
interface Route {
  /** By number of the domain. */
  readonly calls: readonly AllocationDomain[];
  /** Plays events as fast as they go; returns how many were refused. */
  readonly play: (events: EventColumns, addressOf: Uint32Array) => number;
}

/** To the domains of an allocator that has them. The small-object stream has left domains behind. */
function routeTo(plugin: AllocatorPlugin, allocator: BlockAllocator, small: boolean): Route {
  const { domains } = allocator;
  if (plugin.traits.domains && domains && !small) {
    const calls = DOMAINS.map((name) => domains[name]);
    return { calls, play: (events, addressOf) => replayDomains(domains, events, addressOf) };
  }
  const calls = DOMAINS.map(() => allocator);
  return { calls, play: (events, addressOf) => replayEvents(allocator, events, addressOf) };
}

interface TimedRound {
  readonly play: Route["play"];
  readonly addressOf: Uint32Array;
  readonly copy: (batch: EventBatch) => EventColumns;
  readonly clock: () => number;
  readonly progress: Progress;
}

interface RoundResult {
  readonly ms: number;
  readonly refused: number;
}

async function timeKept(
  kept: readonly EventColumns[],
  eventCount: number,
  { play, addressOf, clock, progress }: TimedRound,
): Promise<RoundResult> {
  let refused = 0;
  const start = clock();
  for (const events of kept) refused += play(events, addressOf);
  const ms = clock() - start;
  await progress.batchDone(eventCount);
  await progress.roundDone();
  return { ms, refused };
}

async function timeStreamed(
  trace: Trace,
  { play, addressOf, copy, clock, progress }: TimedRound,
): Promise<RoundResult> {
  let ms = 0;
  let refused = 0;
  for await (const batch of trace.batches()) {
    const events = copy(batch);
    const start = clock();
    refused += play(events, addressOf);
    ms += clock() - start;
    await progress.batchDone(batch.length);
  }
  await progress.roundDone();
  return { ms, refused };
}
