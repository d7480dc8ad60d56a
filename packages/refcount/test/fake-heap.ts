/**
 * A heap of a few lines, for a counter alone: cells are carved and never used again, nothing checks, and a test says what
 * the last words of an object are.
 */
import {
  ALL,
  HeapwrightError,
  ITEMS,
  LAYOUT,
  LAYOUT_MASK,
  ONE_COUNT,
  OTHER,
  type Counter,
  type CounterContext,
  type EdgeBuffer,
  type RefTable,
} from "@heapwright/core";

import { refcount } from "../src/index.js";

const POOL_SHIFT = 12;
const STRIDE = 16;
const BUFFERS_FROM = 1 << 19;

/** What the layouts of the fake are called, and their numbers. */
export const KIND = {
  leaf: 1,
  node: 2,
  tuple: 3,
  list: 4,
  dict: 5,
  custom: 6,
  finalized: 7,
  finalizedLeaf: 8,
  weakReference: 9,
} as const;

export interface FakeHeap {
  readonly counter: Counter;
  readonly words: Int32Array;
  /** The entries of the counter's table. */
  readonly table: Map<number, number>;
  /** All that was buried, in order. */
  readonly buried: number[];
  /** What `mayDie` does; the default says that the object goes. */
  lastWords: (object: number) => boolean;
  /** What `edgesOf` does before it answers. */
  beforeEdges: () => void;
  /** So many `set`s of the table succeed until one fails; negative = all. */
  roomInTable: number;
  /** An object with a count of 1. A custom one refers to the words 1 and 3. */
  create(kind: number, ...refs: number[]): number;
  incref(object: number): void;
  decref(object: number): void;
  isAlive(object: number): boolean;
  /** A second counter on the same bytes. */
  attach(): Counter;
}

export function createFakeHeap(): FakeHeap {
  const words = new Int32Array(BUFFERS_FROM + (1 << 21));
  const scan = new Int32Array(16);
  const layoutFlags = new Uint8Array(16);
  const pools = new Int32Array(words.length >> POOL_SHIFT);
  const table = new Map<number, number>();
  const buried: number[] = [];
  const edgeBuffer = {
    refs: new Int32Array(2),
    length: 2,
    add: () => {},
    clear: () => {},
  } satisfies EdgeBuffer;
  let next = 1 << POOL_SHIFT;
  let nextBuffer = BUFFERS_FROM;

  scan.set([0, 0, 15, ALL, ITEMS, ITEMS, OTHER, 15, 0, 1]);
  layoutFlags.set([
    LAYOUT.leaf,
    LAYOUT.leaf,
    0,
    0,
    LAYOUT.buffer,
    LAYOUT.buffer | LAYOUT.entries,
    0,
    LAYOUT.finalizer,
    LAYOUT.leaf | LAYOUT.finalizer,
    LAYOUT.weakReference,
  ]);
  for (let pool = 1; pool < BUFFERS_FROM >> POOL_SHIFT; pool++) pools[pool] = STRIDE | 0x1_0000;

  const steps: RefTable = {
    get size() {
      return table.size;
    },
    get: (ref) => table.get(ref) ?? 0,
    set(ref, value) {
      if (heap.roomInTable === 0 && !table.has(ref)) {
        throw new HeapwrightError("ERR_OUT_OF_MEMORY", "The table of the fake is full.");
      }
      if (heap.roomInTable > 0) heap.roomInTable--;
      if (value === 0) table.delete(ref);
      else table.set(ref, value | 0);
    },
    entries: () => table.entries(),
    dispose: () => {
      table.clear();
    },
  };

  const context = (attached: boolean): CounterContext => ({
    image: {
      memory: undefined as never,
      words,
      work: new Uint8Array(0),
      pools,
      poolShift: POOL_SHIFT,
      births: new Uint8Array(0),
      scan,
      layoutFlags,
      poolsStart: () => 1,
      poolsEnd: () => BUFFERS_FROM >> POOL_SHIFT,
      edgesOf(object) {
        heap.beforeEdges();
        edgeBuffer.refs.set([words[object + 1]!, words[object + 3]!]);
        return edgeBuffer;
      },
    },
    tables: { open: () => steps },
    attached,
    mayDie: (object) => heap.lastWords(object),
    bury(object) {
      if (words[object] === 0) throw new Error(`${object} was buried twice.`);
      buried.push(object);
      words.fill(0, object, object + STRIDE);
    },
  });

  const heap: FakeHeap = {
    counter: refcount().create(context(false)),
    words,
    table,
    buried,
    lastWords: () => true,
    beforeEdges: () => {},
    roomInTable: -1,

    create(kind, ...refs) {
      if (next + STRIDE > BUFFERS_FROM) throw new Error("The fake is full.");
      const object = next;
      next += STRIDE;
      words[object] = ONE_COUNT | kind;
      if ((layoutFlags[kind]! & LAYOUT.buffer) === 0) {
        words.set(refs, object + 1);
        return object;
      }
      words.set([refs.length === 0 ? 0 : nextBuffer, refs.length, refs.length], object + 1);
      words.set(refs, nextBuffer);
      nextBuffer += refs.length;
      return object;
    },

    incref(object) {
      const header = (words[object]! + ONE_COUNT) | 0;
      words[object] = header;
      if (header < 0) heap.counter.overflow(object);
    },

    decref(object) {
      const header = (words[object]! - ONE_COUNT) | 0;
      words[object] = header;
      if (header < ONE_COUNT) heap.counter.underflow(object);
    },

    isAlive: (object) => (words[object]! & LAYOUT_MASK) !== 0,
    attach: () => refcount().create(context(true)),
  };
  return heap;
}
