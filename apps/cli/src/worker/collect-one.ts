/** Loads one graph into a heap and collects it, in the thread that was made for it. */

import {
  HeapwrightError,
  createHeap,
  type AllocatorPlugin,
  type CollectorPlugin,
  type Heap,
} from "@heapwright/core";
import { refcount } from "@heapwright/refcount";
import {
  graphHeapBytes,
  loadGraph,
  openGraph,
  type Graph,
  type GraphHeader,
  type LoadedGraph,
} from "@heapwright/replay";
import { brotli, cpuClock, openGraphFile } from "@heapwright/replay/node";

import { builtInAllocators, builtInCollectors } from "../built-in-plugins.js";
import { CommandError, asCommandError } from "../command-error.js";
import { EXIT } from "../exit-codes.js";
import type { OnProgress } from "../run-task.js";
import type { CollectOutcome, CollectSettings, CollectTask, PluginReference } from "../tasks.js";
import { importPlugin } from "./import-plugins.js";

/** The plugins of a heap. */
interface Plugins {
  readonly allocator: AllocatorPlugin;
  readonly collector: CollectorPlugin;
}

/** What one collection came to: the fields of the outcome that a heap knows of. */
type Round = Pick<
  CollectOutcome,
  "tracked" | "unreachable" | "freed" | "pauseMs" | "bytes" | "metadataBytes" | "leaves" | "roots"
>;

/** All rounds, and what `verify()` found after the last. */
interface Played {
  readonly rounds: readonly Round[];
  readonly problems: readonly string[];
}

/**
 * Collects. All rounds are in one heap, which is empty again after each: V8 compiles a collector anew for each heap, and
 * only the later rounds show what a collection costs.
 *
 * @throws what reading the recording, making the heap and loading throw; CommandError for a plugin of the user's that breaks
 */
export async function collectOne(task: CollectTask, onProgress: OnProgress): Promise<CollectOutcome> {
  const plugins: Plugins = {
    allocator: await findAllocator(task.allocator),
    collector: await findCollector(task.collector),
  };
  const { header } = await openRecording(task);
  const played = await blamePlugins(task, plugins, playRounds(task, plugins, header, onProgress));
  return report(task, plugins, played, header);
}

async function playRounds(
  task: CollectTask,
  plugins: Plugins,
  header: GraphHeader,
  onProgress: OnProgress,
): Promise<Played> {
  const count = task.settings.rounds;
  const rounds: Round[] = [];
  let heap = openHeap(task, plugins, header);
  try {
    for (;;) {
      const before = rounds.length;
      const graph = await openRecording(task);
      const loaded = await loadGraph(graph, heap, {
        onProgress(done, total) {
          onProgress(before * total + done, count * total);
        },
      });
      rounds.push(await collectLoaded(heap, loaded, task.settings));
      if (rounds.length === count) return { rounds, problems: problemsOf(heap) };
      loaded.release();
      heap.gc.collect();
      heap.trim();
      if (heap.stats().objects === 0) continue;
      // A collector that leaves cycles, or does not find all garbage at once.
      heap.dispose();
      heap = openHeap(task, plugins, header);
    }
  } finally {
    heap.dispose();
  }
}

function openHeap({ settings }: CollectTask, { allocator, collector }: Plugins, header: GraphHeader): Heap {
  return createHeap({
    allocator,
    collector,
    counter: collector.traits.counts === "exact" ? refcount() : undefined,
    maxBytes: settings.maxBytes ?? graphHeapBytes(header),
  });
}

/** V8's other threads compile and clean up after the loading; that is not the collection's to pay for. */
const SETTLE_MS = 20;

async function collectLoaded(heap: Heap, loaded: LoadedGraph, settings: CollectSettings): Promise<Round> {
  const before = heap.stats();
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const start = cpuClock();
  const unreachable = heap.gc.collect(settings.generation);
  const pauseMs = cpuClock() - start;
  return {
    tracked: before.tracked,
    unreachable,
    freed: before.blocks - heap.stats().blocks,
    pauseMs,
    bytes: before.cellBytes + before.bufferBytes,
    metadataBytes: before.metadataBytes,
    leaves: loaded.leaves,
    roots: loaded.roots,
  };
}

function problemsOf(heap: Heap): string[] {
  try {
    heap.verify();
    return [];
  } catch (error) {
    if (HeapwrightError.is(error)) return [error.message];
    throw error;
  }
}

function openRecording({ recording, label }: CollectTask): Promise<Graph> {
  if ("path" in recording) return openGraphFile(recording.path);
  return openGraph(recording.bytes, { name: label, brotli });
}

async function findAllocator(reference: PluginReference): Promise<AllocatorPlugin> {
  if (!("builtIn" in reference)) return (await importPlugin(reference, "allocator")) as AllocatorPlugin;
  const builtIns = builtInAllocators({ preset: undefined, arenaAlignment: "pool" });
  return builtIns.find(({ name }) => name === reference.builtIn)!;
}

async function findCollector(reference: PluginReference): Promise<CollectorPlugin> {
  if (!("builtIn" in reference)) return (await importPlugin(reference, "collector")) as CollectorPlugin;
  return builtInCollectors().find(({ name }) => name === reference.builtIn)!;
}

/** Errors of the catalogue are answers. Any other is the fault of a plugin of the user's, where there is one. */
async function blamePlugins<T>(task: CollectTask, plugins: Plugins, run: Promise<T>): Promise<T> {
  try {
    return await run;
  } catch (error) {
    if (HeapwrightError.is(error, "ERR_OUT_OF_MEMORY") && task.settings.maxBytes !== undefined) {
      throw new CommandError(EXIT.usage, `--max-bytes is too low. ${error.message}`, { code: error.code });
    }
    const foreign = (["collector", "allocator"] as const).filter((kind) => "module" in task[kind]);
    if (asCommandError(error) || foreign.length === 0) throw error;
    const names = foreign.map((kind) => `${kind} "${plugins[kind].name}"`).join(" or the ");
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new CommandError(EXIT.usage, `The ${names} is broken: ${what}`, { code: "ERR_BAD_PLUGIN" });
  }
}

/** Here, with all collections over, what CPython found is looked up. */
function report(
  { settings }: CollectTask,
  { allocator, collector }: Plugins,
  { rounds, problems }: Played,
  header: GraphHeader,
): CollectOutcome {
  const { generation } = settings;
  const { generations, cycles } = collector.traits;
  const oldest = generations > 1 ? generation : 2;
  const considered = header.generationSizes.slice(0, oldest + 1).reduce((sum, size) => sum + size, 0);
  const round = quickestOf(rounds);
  const { unreachable, pauseMs } = round;
  const recorded = header.unreachable?.[oldest];
  const isEqual = rounds.every((each) => each.unreachable === recorded);
  return {
    graph: header.program,
    collector: collector.name,
    allocator: allocator.name,
    generation,
    tracked: round.tracked,
    unreachable,
    freed: round.freed,
    pauseMs,
    nsPerObject: considered === 0 ? null : (1e6 * pauseMs) / considered,
    bytes: round.bytes,
    considered,
    leaves: round.leaves,
    edges: header.edges,
    leafRefs: header.leafRefs,
    roots: round.roots,
    metadataBytes: round.metadataBytes,
    cpython: recorded === undefined ? null : { python: header.python, unreachable: recorded },
    verdict: recorded === undefined || !cycles ? null : isEqual ? "equal" : "different",
    problems,
  };
}

/** The round with the shortest pause: the first ones wait for V8 to compile the collector. */
function quickestOf(rounds: readonly Round[]): Round {
  return rounds.reduce((best, round) => (round.pauseMs < best.pauseMs ? round : best));
}
