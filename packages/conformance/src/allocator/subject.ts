/**
 * The plugin under test, with the options of the kit filled in.
 */

import {
  PAGE_BYTES,
  createMemory,
  parseByteSize,
  type AllocatorOptions,
  type AllocatorPlugin,
  type AllocatorTraits,
  type BlockAllocator,
  type Memory,
  type MemoryKind,
} from "@heapwright/core";

import type { ConformanceCase, ConformanceOptions } from "../conformance-case.js";
import { quietly } from "../demand.js";
import type { AllocatorRule } from "./rules.js";

/** A case as the files of the kit write it: `kit.ts` adds the rule to its message. */
export interface Draft extends Omit<ConformanceCase, "skip" | "run"> {
  /** A rule of the catalogue. */
  readonly rule: AllocatorRule;
  /** Why the case does not apply, or undefined. */
  readonly skip?: string | undefined;
  /** Throws when the rule is broken. */
  readonly run: () => void;
}

/** What a case has to work with. */
export interface Subject {
  /** The plugin under test. */
  readonly plugin: AllocatorPlugin;
  /** Its traits; those that a malformed plugin lacks are false. */
  readonly traits: AllocatorTraits;
  /** Whether the checks are on, unless a case turns them off. */
  readonly checks: boolean;
  /** The cap of the memories made here, in bytes. */
  readonly maxBytes: number;
  /** Random programs a property. */
  readonly runs: number;
  /** Where the random programs start; undefined for somewhere else each time. */
  readonly seed: number | undefined;
  /** The kinds of memory to try. */
  readonly memories: readonly MemoryKind[];
  /** Makes an allocator with the user's options and these. The caller disposes it. */
  create(options?: AllocatorOptions): BlockAllocator;
}

const DEFAULT_MAX_BYTES: number = 8 * 1024 * 1024;
const DEFAULT_RUNS = 50;
const ALL_KINDS: readonly MemoryKind[] = ["buffer", "shared", "wasm", "resizable"];

/** Fills in the options. Never throws for a malformed plugin: a case tells of it. */
export function subjectOf(plugin: AllocatorPlugin, options: ConformanceOptions): Subject {
  const maxBytes = parseByteSize(options.maxBytes ?? DEFAULT_MAX_BYTES, "maxBytes");
  const memories = options.memories ?? ALL_KINDS;
  const traits: Partial<AllocatorTraits> | undefined = (plugin as Partial<AllocatorPlugin> | undefined)
    ?.traits;
  return {
    plugin,
    traits: {
      reuses: traits?.reuses ?? false,
      returns: traits?.returns ?? false,
      resets: traits?.resets ?? false,
      domains: traits?.domains ?? false,
      arenas: traits?.arenas ?? false,
      pools: traits?.pools ?? false,
      attaches: traits?.attaches ?? false,
      detects: traits?.detects ?? [],
    },
    checks: options.create?.checks ?? true,
    maxBytes,
    runs: options.runs ?? DEFAULT_RUNS,
    seed: options.seed,
    memories,
    create: (more) =>
      plugin.create({ memory: memories[0] ?? "buffer", maxBytes, ...options.create, ...more }),
  };
}

/**
 * Runs a case's body with a new allocator and disposes it, whatever happens. What `dispose` itself does wrong is left to
 * the rules about it.
 */
export function withAllocator(
  subject: Subject,
  body: (allocator: BlockAllocator) => void,
  options?: AllocatorOptions,
): void {
  const allocator = subject.create(options);
  try {
    body(allocator);
  } finally {
    quietly(() => allocator.dispose());
  }
}

/** A memory of the kit's own to hand in, so that its runs can be watched from outside. */
export function memoryFor(subject: Subject): Memory {
  return createMemory({ memory: subject.memories[0] ?? "buffer", maxBytes: subject.maxBytes });
}

/** Such a memory whose free pages are full of other data: nobody promised that they are 0. */
export function usedMemoryFor(subject: Subject): Memory {
  const memory = memoryFor(subject);
  const { reservedBytes, takenBytes } = memory.usage();
  const bytes = reservedBytes - takenBytes;
  const address = memory.reserve(bytes, PAGE_BYTES, 1);
  new Uint8Array(memory.buffer, address, bytes).fill(0xa5);
  memory.release(address, bytes);
  return memory;
}

/** A part of the memory, in whole bytes. */
export function partOf({ maxBytes }: Subject, parts: number): number {
  return Math.floor(maxBytes / parts);
}

/** The reason to skip a case that needs a trait, or undefined when the plugin has it. */
export function without(
  subject: Subject,
  trait: Exclude<keyof AllocatorTraits, "detects">,
): string | undefined {
  return subject.traits[trait] ? undefined : `The trait ${trait} is false.`;
}
