/**
 * The header of a graph: who was recorded, the totals, the types, and what the
 * collector would find.
 */

import { readFields, type FieldReader, type HeaderFields } from "./header-fields.js";

/** One number for each generation: 0 (the youngest), 1 and 2. */
export type PerGeneration = readonly [number, number, number];

/** What is known of a type before any object of it is recorded. */
export interface GraphTypeInfo {
  /** Its name, such as `dict` or `decimal.Context`. */
  readonly name: string;
  /** Distinct leaves of this type that nodes refer to. */
  readonly leaves?: number;
  /** Bytes of those leaves. */
  readonly leafBytes?: number;
  /** Objects of this type that a collection of each generation finds unreachable. */
  readonly unreachable?: PerGeneration;
  /** Its objects have a finalizer (`__del__`, or one in C). Default: false. */
  readonly finalizer?: boolean;
}

/** A type, with what its nodes amount to. */
export interface GraphType extends GraphTypeInfo {
  /** Nodes of this type. */
  readonly count: number;
  /** Bytes of those nodes. */
  readonly bytes: number;
  /** Its objects have a finalizer. */
  readonly finalizer: boolean;
}

/** What is known of a graph before any of its nodes is recorded. */
export interface GraphInfo {
  /** Name of the program, such as `object_web`. */
  readonly program: string;
  /** Version of the Python that ran it. Default: empty, which stands for no Python. */
  readonly python?: string;
  /** Operating system and processor. Default: empty. */
  readonly platform?: string;
  /** Distinct untracked objects that nodes refer to. */
  readonly distinctLeaves?: number;
  /** Bytes of those. */
  readonly leafBytes?: number;
  /** Objects that a collection of each generation finds unreachable. */
  readonly unreachable?: PerGeneration;
  /** The types; nodes name theirs by index. */
  readonly types: readonly GraphTypeInfo[];
}

/** The header of a graph. A *node* is an object that the cycle collector tracks, a *leaf* one that it does not. */
export interface GraphHeader extends GraphInfo {
  /** Tells graphs from traces. */
  readonly format: "pymg";
  /** Version of the Python that ran it; empty when none did. */
  readonly python: string;
  /** Operating system and processor; empty when unknown. */
  readonly platform: string;
  /** All nodes. */
  readonly nodes: number;
  /** References from nodes to nodes, each occurrence. */
  readonly edges: number;
  /** References from nodes to leaves, each occurrence. */
  readonly leafRefs: number;
  /** Bytes of all nodes. */
  readonly bytes: number;
  /** Nodes in each generation. */
  readonly generationSizes: PerGeneration;
  /** Nodes whose reference count says that something outside the graph refers to them: the roots. */
  readonly externallyReferenced: number;
  /** Nodes with fewer counted references than edges that lead to them; 0 in a sound recording. */
  readonly refcountBelowInEdges: number;
  /** The types, in the order of the indexes that nodes use. */
  readonly types: readonly GraphType[];
}

/** Node numbers are kept in 32 bits. */
export const MAX_NODES: number = 2 ** 31 - 1;

/**
 * Checks a header field by field, and the fields against each other.
 *
 * @param fields - the parsed JSON
 * @param name - what the caller calls the graph
 * @throws HeapwrightError `ERR_BAD_RECORDING` naming the field, what it must be and what it is
 */
export function parseGraphHeader(fields: HeaderFields, name: string): GraphHeader {
  const read = readFields(fields, name);
  if (read.text("format") !== "pymg") throw read.wrong("format", '"pymg"');
  const header: GraphHeader = {
    format: "pymg",
    program: read.text("program"),
    python: read.text("python"),
    platform: read.text("platform"),
    nodes: read.count("nodes"),
    edges: read.count("edges"),
    leafRefs: read.count("leafRefs"),
    ...readKnown(read, ["distinctLeaves"]),
    bytes: read.count("bytes"),
    ...readKnown(read, ["leafBytes"]),
    refcountBelowInEdges: read.count("refcountBelowInEdges"),
    externallyReferenced: read.count("externallyReferenced"),
    generationSizes: read.generations("generationSizes"),
    ...readUnreachable(read),
    types: read.objects("types").map(parseType),
  };
  checkSums(header, read);
  return header;
}

function parseType(read: FieldReader): GraphType {
  return {
    name: read.text("name"),
    count: read.count("count"),
    bytes: read.count("bytes"),
    ...readKnown(read, ["leaves", "leafBytes"]),
    ...readUnreachable(read),
    finalizer: read.flag("finalizer"),
  };
}

/** Counts that a recording may leave out. */
function readKnown<Field extends string>(
  read: FieldReader,
  fields: readonly Field[],
): Partial<Record<Field, number>> {
  const known = fields.filter((field) => read.has(field));
  return Object.fromEntries(known.map((field) => [field, read.count(field)])) as Partial<
    Record<Field, number>
  >;
}

function readUnreachable(read: FieldReader): { readonly unreachable?: PerGeneration } {
  return read.has("unreachable") ? { unreachable: read.generations("unreachable") } : {};
}

/** What must hold whatever the nodes are. */
function checkSums(header: GraphHeader, read: FieldReader): void {
  const { nodes, types, generationSizes: sizes } = header;
  const sum = (of: (type: GraphType) => number): number => types.reduce((total, type) => total + of(type), 0);
  const rules: readonly (readonly [keyof GraphHeader, boolean, string])[] = [
    ["nodes", nodes <= MAX_NODES, `at most ${MAX_NODES}`],
    ["nodes", nodes === sum((type) => type.count), "the sum of count over the types"],
    ["bytes", header.bytes === sum((type) => type.bytes), "the sum of bytes over the types"],
    ["generationSizes", nodes === sizes[0] + sizes[1] + sizes[2], "three numbers with the sum nodes"],
    ["externallyReferenced", header.externallyReferenced <= nodes, "at most nodes"],
    ["refcountBelowInEdges", header.refcountBelowInEdges <= nodes, "at most nodes"],
    ["unreachable", (header.unreachable ?? []).every((count) => count <= nodes), "at most nodes each"],
  ];
  for (const [field, holds, expected] of rules) if (!holds) throw read.wrong(field, expected);
}
