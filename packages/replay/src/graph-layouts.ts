/**
 * Graph layouts: what a node of a recorded graph looks like in a heap.
 *
 * A record tells how many bytes an object has and to whom it refers, not where its references are. CPython has two kinds
 * of objects, and so has the heap:
 *
 * ```text
 *   fixed size       [ header | reference | reference | ... | rest ]                 bytes - 16
 *
 *   variable size    [ header | first | count | capacity | rest ]                    32
 *                                 +--> [ reference | reference | ... | rest ]        bytes - 16 - 32
 * ```
 *
 * 16 bytes of each record are the collector's header, which a heap does not have (CPython: `PyGC_Head`). A reference is
 * half as long here as there, so nearly every node has room for its references in the bytes of its record; what has not is
 * as large as it needs to be, and counted: instances whose attributes lie in a block that `sys.getsizeof` leaves out,
 * tuples of one item, and objects of less than 48 bytes.
 *
 * Layouts are shapes, not types: nodes of many types share one. A dict is one buffer of items, as references to keys and
 * values were recorded in one list, and those of a dict that shares its keys lack them.
 */

import type { GraphColumns } from "./graph-columns.js";
import type { GraphHeader } from "./graph-header.js";

/** Bytes before each tracked object that belong to CPython's collector. CPython: `sizeof(PyGC_Head)`. */
export const GC_HEAD_BYTES = 16;

/** Bytes in a reference of a heap. */
export const REFERENCE_BYTES = 4;

/** Bytes in the cell of an object of variable size. */
export const ITEMS_CELL_BYTES = 32;

/** A tracked cell has at least these. */
const SMALLEST_CELL_BYTES = 32;

/** Cells are multiples of this. */
const CELL_STEP_BYTES = 16;

/** What is longer has its references in a buffer. CPython: `SMALL_REQUEST_THRESHOLD`. */
const LARGEST_CELL_BYTES = 512;

/** Types of variable size that may have a single length in a recording, by name. */
const VARIABLE_TYPES: ReadonlySet<string> = new Set([
  "list",
  "dict",
  "set",
  "frozenset",
  "tuple",
  "frame",
  "type",
  "collections.deque",
  "collections.OrderedDict",
  "collections.defaultdict",
  "collections.Counter",
]);

/** How a node is laid out. */
export interface NodeShape {
  /** References in the cell itself; -1 when they are in a buffer. */
  readonly slots: number;
  /** Bytes of the cell, its header included. */
  readonly cellBytes: number;
  /** Bytes of the buffer; 0 without one. */
  readonly bufferBytes: number;
}

/** Decides the shapes of a graph's nodes. */
export interface GraphShapes {
  /** The shape of a node. */
  of(node: number): NodeShape;
}

/** What the nodes of a type have in common. */
interface TypeFigures {
  nodes: number;
  leastBytes: number;
  mostBytes: number;
  mostReferences: number;
}

/**
 * Looks at all nodes of each type.
 *
 * @param header - for the names of the types
 */
export function shapesOf(header: GraphHeader, columns: GraphColumns): GraphShapes {
  const figures = figuresOf(header, columns);
  const variable = figures.map((type, index) => isVariable(header.types[index]!.name, type));
  return {
    of(node) {
      const type = columns.type[node]!;
      const references = referencesOf(columns, node);
      const bytes = recordedBytesOf(columns, node);
      if (variable[type]!) return variableShape(bytes, references);
      return fixedShape(bytes, references, figures[type]!.mostReferences);
    },
  };
}

/** Bytes of a node as recorded, without the collector's header. */
export function recordedBytesOf({ bytes }: GraphColumns, node: number): number {
  return Math.max(0, bytes[node]! - GC_HEAD_BYTES);
}

/** Bytes of the cell for so many. */
export function wholeCell(bytes: number): number {
  return Math.max(SMALLEST_CELL_BYTES, Math.ceil(bytes / CELL_STEP_BYTES) * CELL_STEP_BYTES);
}

/** References of a node, edges and leaves. */
function referencesOf({ edgeStart, leafRefs }: GraphColumns, node: number): number {
  return edgeStart[node + 1]! - edgeStart[node]! + leafRefs[node]!;
}

function figuresOf(header: GraphHeader, columns: GraphColumns): TypeFigures[] {
  const figures = header.types.map(() => ({
    nodes: 0,
    leastBytes: Infinity,
    mostBytes: 0,
    mostReferences: 0,
  }));
  for (let node = 0; node < columns.nodes; node++) {
    const type = figures[columns.type[node]!]!;
    const bytes = columns.bytes[node]!;
    type.nodes++;
    type.leastBytes = Math.min(type.leastBytes, bytes);
    type.mostBytes = Math.max(type.mostBytes, bytes);
    type.mostReferences = Math.max(type.mostReferences, referencesOf(columns, node));
  }
  return figures;
}

function isVariable(name: string, { nodes, leastBytes, mostBytes }: TypeFigures): boolean {
  if (nodes === 0) return false;
  return VARIABLE_TYPES.has(name) || leastBytes !== mostBytes || mostBytes > LARGEST_CELL_BYTES;
}

function variableShape(bytes: number, references: number): NodeShape {
  const bufferBytes = Math.max(0, bytes - ITEMS_CELL_BYTES, references * REFERENCE_BYTES);
  return { slots: -1, cellBytes: ITEMS_CELL_BYTES, bufferBytes };
}

/**
 * The slots of a type's objects are as many as any of them uses: its traversal visits the empty ones, too, as CPython's
 * does.
 */
function fixedShape(bytes: number, references: number, mostReferences: number): NodeShape {
  const room = wholeCell(bytes) / REFERENCE_BYTES - 1;
  const slots = references > room ? references : Math.min(mostReferences, room);
  const cellBytes = wholeCell(Math.max(bytes, (1 + slots) * REFERENCE_BYTES));
  // Even an object that refers to nobody is one that the collector looks at: no leaf.
  if (cellBytes <= LARGEST_CELL_BYTES) return { slots: Math.max(1, slots), cellBytes, bufferBytes: 0 };
  return variableShape(bytes, references);
}
