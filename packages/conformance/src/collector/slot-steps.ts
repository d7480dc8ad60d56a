/**
 * Steps that write references, in the heap and in its model.
 */

import type { Heap, Ptr } from "@heapwright/core";

import { KINDS, connect, setSlot, type KindName } from "./kinds.js";
import type { Edge, ModelObject } from "./model.js";

/** Writes references for a program. */
export interface SlotSteps {
  /** Stores into a slot; into a list without items it appends. */
  put(object: ModelObject, slot: number, edge: Edge): void;
  append(object: ModelObject, edge: Edge): void;
  truncate(object: ModelObject, count: number): void;
}

/** Whether objects of a kind have slots. */
export function isHolder({ kind }: ModelObject): boolean {
  return KINDS[kind].spec.scan !== "leaf";
}

/** Whether slots come and go. */
export function isList({ kind }: ModelObject): boolean {
  return KINDS[kind].itemWords !== undefined;
}

/** Kinds whose objects are reached through plain slots of a cell. */
export function isPlain(kind: KindName): boolean {
  return kind === "node" || kind === "mourned" || kind === "phoenix";
}

/** Makes the writer of a program. */
export function createSlotSteps(heap: Heap, listing: string[]): SlotSteps {
  const textOf = (edge: Edge): string =>
    typeof edge === "object" ? edge.name : edge === 0 ? "null" : "None";
  const valueOf = (edge: Edge): Ptr => (typeof edge === "object" ? edge.ref : (edge as Ptr));

  /** Stores into a slot; into a list without items it appends. */
  function put(object: ModelObject, slot: number, edge: Edge): void {
    if (object.edges.length === 0) {
      append(object, edge);
      return;
    }
    const at = slot % object.edges.length;
    listing.push(`${object.name}[${at}] = ${textOf(edge)}`);
    object.edges[at] = edge;
    setSlot(heap, object.kind, object.ref, at, valueOf(edge));
  }

  function append(object: ModelObject, edge: Edge): void {
    listing.push(`${object.name}.append(${textOf(edge)})`);
    object.edges.push(edge);
    connect(heap, object.kind, object.ref, valueOf(edge));
  }

  function truncate(object: ModelObject, count: number): void {
    const left = Math.min(count, object.edges.length);
    listing.push(`${object.name}.truncate(${left})`);
    object.edges.length = left;
    heap.items.truncate(object.ref, left * KINDS[object.kind].itemWords!);
  }

  return { put, append, truncate };
}
