/**
 * A heap with its shadow: the same graph once more, as JavaScript objects, in which a naive walk says what can be reached.
 * Each object carries a number, so that a cell that was freed too early, and used again, is noticed.
 */

import { pymalloc } from "@heapwright/allocator";
import {
  createHeap,
  immediate,
  immediateNumber,
  type AllocatorPlugin,
  type Finalizer,
  type Heap,
  type Layout,
  type LayoutSpec,
  type Pin,
  type Ptr,
} from "@heapwright/core";

import { markSweep, type MarkSweepOptions } from "../src/index.js";

/** Kinds of objects: one for each way to find references, leaves of 16 bytes and longer, and one that is finalized. */
export type Kind =
  "node" | "mourned" | "list" | "dict" | "array" | "bits" | "custom" | "small" | "large" | "blob";

/** Kinds that refer to others. */
export const HOLDERS: readonly Kind[] = ["node", "mourned", "list", "dict", "array", "bits", "custom"];
/** Kinds that do not. */
export const LEAVES: readonly Kind[] = ["small", "large", "blob"];

const SPECS: Record<Kind, Omit<LayoutSpec, "name">> = {
  node: { scan: "prefix", slots: 2, words: 3 },
  mourned: { scan: "prefix", slots: 2, words: 3, finalizer: "mourn" },
  list: { scan: "items", words: 4 },
  dict: { scan: "entries", words: 4 },
  array: { scan: "all", words: 3 },
  bits: { scan: "bitmap", words: 4, references: [1, 3] },
  custom: { scan: "custom", words: 4, edges: "edgesOfCustom" },
  small: { scan: "leaf", words: 3 },
  large: { scan: "leaf", words: 10 },
  blob: { scan: "leaf", buffer: true, words: 4 },
};

/** The words of its two references, for kinds that have words. */
const REFERENCE_WORDS: Partial<Record<Kind, readonly [number, number]>> = {
  node: [1, 2],
  mourned: [1, 2],
  array: [2, 3],
  bits: [1, 3],
  custom: [2, 4],
};

/** The word with its number; in an array it is an immediate in the first slot. */
const NUMBER_WORD: Record<Kind, number> = {
  node: 3,
  mourned: 3,
  list: 4,
  dict: 4,
  array: 1,
  bits: 2,
  custom: 1,
  small: 1,
  large: 10,
  blob: 4,
};

/** An object as the shadow knows it. */
export interface Shade {
  readonly number: number;
  readonly kind: Kind;
  readonly ptr: Ptr;
  /** Numbers of shades; 0 = null. */
  readonly slots: [number, number];
}

/** A heap and what is known of it. */
export interface ShadowHeap {
  readonly heap: Heap;
  /** Every object that was made, by number, until {@link ShadowHeap.forget}. */
  readonly shades: Map<number, Shade>;
  /** Makes an object and pins it. */
  make(kind: Kind): Shade;
  pin(shade: Shade): void;
  unpin(shade: Shade): void;
  /** Sets a slot, 0 or 1, of an object that refers to others. */
  link(from: Shade, slot: number, to: Shade | undefined): void;
  /** What the roots lead to, by rising number. */
  reachable(): Shade[];
  /** The numbers of all objects in the heap, by rising number. */
  living(): number[];
  /** Whether the object is there, with its number and its references. */
  isIntact(shade: Shade): boolean;
  /** The shade that an object carries the number of. */
  shadeOf(ptr: Ptr): Shade | undefined;
  /** Forgets shades whose objects are gone. */
  forget(): void;
}

/** What {@link createShadowHeap} accepts. */
export interface ShadowOptions extends MarkSweepOptions {
  readonly allocator?: AllocatorPlugin;
  readonly maxBytes?: number | string;
  /** Called for a `mourned` object before it dies. */
  readonly mourn?: (object: Ptr) => unknown;
  readonly unraisable?: (error: unknown) => void;
}

/** Makes an empty heap with its shadow. */
export function createShadowHeap(options: ShadowOptions = {}): ShadowHeap {
  const mourn: Finalizer = (object) => void options.mourn?.(object);
  const heap = createHeap({
    allocator: options.allocator ?? pymalloc(),
    collector: markSweep(options),
    maxBytes: options.maxBytes ?? "8MiB",
    memory: "buffer",
    unraisable: options.unraisable ?? rethrowLater,
    code: {
      mourn,
      edgesOfCustom: (image, object, out) => {
        out.add(image.words[object + 2]!);
        out.add(image.words[object + 4]!);
      },
    },
  });
  const kinds = Object.keys(SPECS) as Kind[];
  const layouts = new Map<Kind, Layout>(
    kinds.map((kind) => [kind, heap.layout({ name: kind, ...SPECS[kind] })]),
  );
  const kindOf = new Map([...layouts].map(([kind, layout]) => [layout as number, kind]));
  const shades = new Map<number, Shade>();
  const pins = new Map<number, Pin[]>();
  const { words } = heap;
  let last = 0;

  function numberOf(ptr: Ptr): number {
    const kind = kindOf.get(heap.layoutOf(ptr))!;
    const word = words[ptr + NUMBER_WORD[kind]]!;
    return kind === "array" ? immediateNumber(word as Ptr)! : word;
  }

  function slotsIn({ kind, ptr }: Shade): Ptr[] {
    const places = REFERENCE_WORDS[kind];
    if (places) return places.map((word) => words[ptr + word]! as Ptr);
    return LEAVES.includes(kind) ? [0 as Ptr, 0 as Ptr] : [heap.items.get(ptr, 0), heap.items.get(ptr, 1)];
  }

  const shadow: ShadowHeap = {
    heap,
    shades,

    make(kind) {
      const number = ++last;
      return heap.scope((scope) => {
        const ptr: Ptr = scope.create(layouts.get(kind)!);
        words[ptr + NUMBER_WORD[kind]] = kind === "array" ? immediate(number) : number;
        if (kind === "blob") heap.items.reserveBytes(ptr, 40);
        if (kind === "list" || kind === "dict")
          for (const item of [0, 0]) heap.items.append(ptr, item as Ptr);
        const shade: Shade = { number, kind, ptr, slots: [0, 0] };
        shades.set(number, shade);
        shadow.pin(shade);
        return shade;
      });
    },

    pin({ number, ptr }) {
      pins.set(number, [...(pins.get(number) ?? []), heap.pin(ptr)]);
    },

    unpin({ number }) {
      const [pin, ...others] = pins.get(number) ?? [];
      if (pin === undefined) return;
      heap.unpin(pin);
      if (others.length > 0) pins.set(number, others);
      else pins.delete(number);
    },

    link(from, slot, to) {
      if (LEAVES.includes(from.kind)) return;
      const places = REFERENCE_WORDS[from.kind];
      const value = to?.ptr ?? (0 as Ptr);
      if (places) heap.set(from.ptr, places[slot]! - 1, value);
      else heap.items.set(from.ptr, slot, value);
      from.slots[slot] = to?.number ?? 0;
    },

    reachable() {
      const reached = new Set(pins.keys());
      for (const number of reached)
        for (const next of shades.get(number)!.slots) if (next !== 0) reached.add(next);
      return [...reached].sort((a, b) => a - b).map((number) => shades.get(number)!);
    },

    living: () => [...heap.objects()].map(numberOf).sort((a, b) => a - b),

    isIntact(shade) {
      if (!heap.isObject(shade.ptr) || kindOf.get(heap.layoutOf(shade.ptr)) !== shade.kind) return false;
      if (numberOf(shade.ptr) !== shade.number) return false;
      return slotsIn(shade).every((value, slot) => value === (shades.get(shade.slots[slot]!)?.ptr ?? 0));
    },

    shadeOf: (ptr) => shades.get(numberOf(ptr)),

    forget() {
      const living = new Set(shadow.living());
      for (const number of shades.keys()) if (!living.has(number)) shades.delete(number);
    },
  };
  return shadow;
}

/** An error in a finalizer is an error of the test, unless that says otherwise. */
function rethrowLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
