/**
 * The replayer: plays a trace into an allocator, and reports what that cost and
 * what went wrong.
 *
 * The first round is not timed. It fills and checks every block and takes the
 * figures of the heap. The rounds after it are timed and do nothing but call the
 * allocator: events are decoded before the clock starts. A trace of up to 8 million
 * events is decoded once and kept (15 bytes each); a longer one is read again for
 * each round, and the clock runs for each batch.
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
import { createFirstRound, createProblemLog, type FirstRound, type ProblemLog } from "./first-round.js";
import {
  copyEvents,
  copySmallEvents,
  countSmallEvents,
  replayDomains,
  replayEvents,
  type EventColumns,
} from "./replay-loops.js";
import type { TraceHeader } from "./trace-header.js";
import type { Trace } from "./trace.js";

/** What {@link replay} accepts. */
export interface ReplayOptions {
  /**
   * Which events are replayed: `"all"`, or `"small"`, the small-object stream that CPython's pools serve, where a realloc
   * that leaves the pools is a free. Default: `"all"`.
   */
  readonly stream?: "all" | "small";
  /** Timed rounds after the first, untimed one, 0 to 1000. Default: 3. */
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

/** A phase of the program, and the allocator's state where it begins. */
export interface ReplayMark {
  /** What the program called it. */
  readonly name: string;
  /** Events of the trace before it. */
  readonly event: number;
  /** Arenas held then; null for an allocator without arenas. */
  readonly arenas: number | null;
  /** Blocks alive in the allocator. */
  readonly liveBlocks: number;
  /** Bytes taken from the memory. */
  readonly footprintBytes: number;
}

/** What CPython itself did while the trace was recorded, from the header. */
export interface RecordedFigures {
  /** Version of the Python. */
  readonly python: string;
  /** Bytes in an arena. */
  readonly arenaBytes: number;
  /** Most arenas held at once. */
  readonly arenasPeak: number;
  /** Arenas ever taken. */
  readonly arenasTotal: number;
  /** Bytes of its arenas at the peak, divided by `smallPeakBytes`; null for a trace without small blocks. */
  readonly fragmentation: number | null;
}

/** What came out of a {@link replay}. */
export interface ReplayResult {
  /** The recorded program's name. */
  readonly trace: string;
  /** The plugin's name. */
  readonly allocator: string;
  /** The preset that the options named, or null. */
  readonly preset: string | null;
  /** Which events were replayed. */
  readonly stream: "all" | "small";
  /** Events of the trace. */
  readonly events: number;
  /** Those of them that belong to the small-object stream. */
  readonly smallOps: number;
  /**
   * Time of the replay loop, decoding excluded, for one operation of the replayed stream, in nanoseconds of the clock:
   * the median of the rounds. Null without a round, or without an operation.
   */
  readonly nsPerEvent: number | null;
  /** The same of each round, in order. */
  readonly nsPerEventByRound: readonly number[];
  /** Most bytes requested and alive at once, all domains. */
  readonly peakLiveBytes: number;
  /** Most bytes of the small-object stream alive at once, as requested. */
  readonly smallPeakBytes: number;
  /** Bytes taken from the memory at the peak, metadata included, arenas whole. */
  readonly peakFootprintBytes: number;
  /** Peak arena bytes divided by `smallPeakBytes`, 1 or more; null for an allocator without arenas. */
  readonly fragmentation: number | null;
  /** Most arenas held at once; null for an allocator without arenas. */
  readonly arenasPeak: number | null;
  /** Arenas ever taken; null for an allocator without arenas. */
  readonly arenasTotal: number | null;
  /** Blocks the allocator had alive after the last event. */
  readonly liveBlocksAtEnd: number;
  /** The allocator's state at each mark of the trace. */
  readonly marks: readonly ReplayMark[];
  /** What CPython did on the same program; null when it was not recorded. */
  readonly cpython: RecordedFigures | null;
  /** Requests the allocator refused, contents that were not kept, and what `verify()` found: 0 for a sound replay. */
  readonly errors: number;
  /** The first few of them, as sentences. */
  readonly problems: readonly string[];
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
  const { stream = "all", rounds = 3, stamp = true, clock = () => performance.now(), onProgress, signal } = options;
  checkOptions(stream, rounds, trace);

  const { header } = trace;
  const small = stream === "small";
  const copy = small ? copySmallEvents : copyEvents;
  const kept: EventColumns[] | undefined = rounds > 0 && header.events <= MAX_KEPT_EVENTS ? [] : undefined;
  const problems = createProblemLog();
  const eventsTotal = header.events * (rounds + 1);
  let eventsDone = 0;

  async function turn(): Promise<void> {
    onProgress?.(eventsDone, eventsTotal);
    await new Promise<void>((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
  }

  let allocator = plugin.create(options.allocator);
  try {
    signal?.throwIfAborted();
    const first = createFirstRound(allocator, { small, stamp, domains: domainsOf(plugin, allocator, small) }, problems);
    const marks: ReplayMark[] = [];
    let smallOps = 0;
    let batches = 0;
    for await (const batch of trace.batches()) {
      playToMarks(first, batch, allocator, marks);
      kept?.push(copy(batch));
      smallOps += countSmallEvents(batch);
      eventsDone += batch.length;
      if (++batches % BATCHES_PER_TURN === 0) await turn();
    }
    checkHeap(first, allocator, problems);
    const stats = allocator.stats();

    const operations = small ? smallOps : header.events;
    const nsPerEventByRound: number[] = [];
    let addressOf = first.addresses();
    for (let round = 1; round <= rounds; round++) {
      await turn();
      allocator = clear(plugin, allocator, options.allocator, () => first.freeRest(addressOf), problems);
      addressOf = new Uint32Array(addressOf.length);
      const loop = loopFor(plugin, allocator, small);

      let ms = 0;
      let refused = 0;
      if (kept) {
        const start = clock();
        for (const events of kept) refused += loop(events, addressOf);
        ms = clock() - start;
        eventsDone += header.events;
      } else {
        for await (const batch of trace.batches()) {
          const events = copy(batch);
          const start = clock();
          refused += loop(events, addressOf);
          ms += clock() - start;
          eventsDone += batch.length;
          if (++batches % BATCHES_PER_TURN === 0) await turn();
        }
      }
      if (operations > 0) nsPerEventByRound.push((ms * 1e6) / operations);
      for (let more = first.refused(); more < refused; more++) {
        problems.add(() => `Round ${round}: ${refused} calls were refused, and ${first.refused()} in the first round.`);
      }
    }
    onProgress?.(eventsTotal, eventsTotal);

    const { arenas } = stats;
    return {
      trace: header.program,
      allocator: plugin.name,
      preset: options.allocator?.preset ?? null,
      stream,
      events: header.events,
      smallOps,
      nsPerEvent: medianOf(nsPerEventByRound),
      nsPerEventByRound,
      peakLiveBytes: header.peakLiveBytes,
      smallPeakBytes: header.smallPeakBytes,
      peakFootprintBytes: stats.peakFootprintBytes,
      fragmentation: arenas ? ratio(arenas.peak * arenas.arenaBytes, header.smallPeakBytes) : null,
      arenasPeak: arenas?.peak ?? null,
      arenasTotal: arenas?.total ?? null,
      liveBlocksAtEnd: stats.liveBlocks,
      marks,
      cpython: recordedFigures(header),
      errors: problems.count(),
      problems: problems.texts,
    };
  } finally {
    allocator.dispose();
  }
}

function checkOptions(stream: unknown, rounds: number, trace: Trace): void {
  if (stream !== "all" && stream !== "small") {
    throw new HeapwrightError("ERR_BAD_OPTION", `stream must be "all" or "small", not ${JSON.stringify(stream)}.`);
  }
  if (!Number.isInteger(rounds) || rounds < 0 || rounds > MAX_ROUNDS) {
    throw new HeapwrightError("ERR_BAD_OPTION", `rounds must be a whole number from 0 to ${MAX_ROUNDS}, not ${rounds}.`);
  }
  const { events } = trace.header;
  if (rounds > 0 && events > MAX_KEPT_EVENTS && !trace.rereadable) {
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      `${events} events are read again for each round, and this source can be read once. Ask for rounds: 0, or give the trace's bytes or a function that opens it anew.`,
    );
  }
}

/** Calls by number of the domain. Outside the pools there is nothing to route. */
function domainsOf(plugin: AllocatorPlugin, allocator: BlockAllocator, small: boolean): AllocationDomain[] {
  const { domains } = allocator;
  const routed = plugin.traits.domains && domains && !small;
  return DOMAINS.map((name) => (routed ? domains[name] : allocator));
}

function loopFor(
  plugin: AllocatorPlugin,
  allocator: BlockAllocator,
  small: boolean,
): (events: EventColumns, addressOf: Uint32Array) => number {
  const { domains } = allocator;
  return plugin.traits.domains && domains && !small
    ? (events, addressOf) => replayDomains(domains, events, addressOf)
    : (events, addressOf) => replayEvents(allocator, events, addressOf);
}

/** Plays a batch, and stops at its marks for the figures. */
function playToMarks(first: FirstRound, batch: EventBatch, allocator: BlockAllocator, marks: ReplayMark[]): void {
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
    problems.add(() => `verify() failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** An allocator without blocks for the next round: the same one where it can serve again. */
function clear(
  plugin: AllocatorPlugin,
  allocator: BlockAllocator,
  options: AllocatorOptions | undefined,
  freeRest: () => number,
  problems: ProblemLog,
): BlockAllocator {
  if (plugin.traits.resets && allocator.reset) {
    allocator.reset();
    return allocator;
  }
  if (plugin.traits.reuses) {
    const failed = freeRest();
    if (failed > 0) problems.add(() => `${failed} blocks that the trace leaves alive could not be freed.`);
    return allocator;
  }
  allocator.dispose();
  return plugin.create(options);
}

function recordedFigures(header: TraceHeader): RecordedFigures | null {
  const { python, arenaSize, arenasPeak, arenasTotal, smallPeakBytes } = header;
  if (arenaSize === undefined || arenasPeak === undefined || arenasTotal === undefined) return null;
  const fragmentation = ratio(arenasPeak * arenaSize, smallPeakBytes);
  return { python, arenaBytes: arenaSize, arenasPeak, arenasTotal, fragmentation };
}

function ratio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

function medianOf(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
