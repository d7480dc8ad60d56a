/**
 * A scene: a heap with the kit's layouts, an open scope and automatic collection turned off, for one case.
 */

import {
  createHeap,
  type CodeTable,
  type Heap,
  type HeapOptions,
  type Layout,
  type Ptr,
  type Owned,
  type Scope,
} from "@heapwright/core";

import { demand, quietly } from "../demand.js";
import { CODE, KINDS, connect, customEdges, setMark, type KindName } from "./kinds.js";
import type { CollectorSubject } from "./subject.js";

/** The cap of a heap, in bytes, unless a case needs more: soon made and soon full. */
export const SMALL_BYTES: number = 8 * 1024 * 1024;

/** The cap of a heap for hundreds of thousands of objects. */
export const LARGE_BYTES: number = 64 * 1024 * 1024;

/** What a case does when a finalizer runs. */
export interface Hooks {
  /** Called by the finalizer of every `mourned` and `phoenix`. */
  finalize: (object: Ptr, heap: Heap) => void;
  /** Called by the finalizer of every `legacy`. */
  legacy: (object: Ptr, heap: Heap) => void;
  /** Called with what user code threw. */
  unraisable: (error: unknown) => void;
}

/** A heap and what a case needs to build graphs in it. */
export interface Scene {
  readonly heap: Heap;
  /** Open until the scene ends: what it owns is kept. No object moves while a scope is open. */
  readonly scope: Scope;
  readonly hooks: Hooks;
  /** Makes an object, kept to the end of the scene, or of the scope given. */
  make(kind: KindName, scope?: Scope): Owned;
  /** Builds what nobody holds afterwards: the scope is closed. */
  lose<T>(build: (scope: Scope) => T): T;
}

/** Functions for `code`, calling the hooks of a scene. */
function codeFor(hooks: Hooks): CodeTable {
  return {
    [CODE.edges]: customEdges,
    [CODE.finalizer]: (object: Ptr, heap: Heap) => hooks.finalize(object, heap),
    [CODE.legacy]: (object: Ptr, heap: Heap) => hooks.legacy(object, heap),
  };
}

/** Hooks that do nothing yet. */
export function createHooks(): Hooks {
  return { finalize: () => undefined, legacy: () => undefined, unraisable: () => undefined };
}

/** Runs a body with a scene. What `dispose` does wrong is left to other rules. */
export function withScene(
  subject: CollectorSubject,
  body: (scene: Scene) => void,
  options: Partial<HeapOptions> = {},
): void {
  const hooks = createHooks();
  const heap = createHeap({
    ...optionsFor(subject, hooks),
    layouts: Object.values(KINDS).map(({ spec }) => spec),
    ...options,
  });
  try {
    heap.gc.disable();
    body(sceneOn(heap, hooks));
  } finally {
    quietly(() => heap.dispose());
  }
}

/** Options for a heap of the subject's plugins. */
export function optionsFor(subject: CollectorSubject, hooks: Hooks): HeapOptions {
  const { allocator, plugin, counter } = subject;
  return {
    allocator,
    collector: plugin,
    ...(counter !== undefined && { counter }),
    maxBytes: SMALL_BYTES,
    code: codeFor(hooks),
    unraisable: (error) => hooks.unraisable(error),
  };
}

/** A scene on a heap that has the kit's layouts. */
export function sceneOn(heap: Heap, hooks: Hooks): Scene {
  const scope = heap.enter();
  const layouts = new Map<KindName, Layout>();

  function layoutOf(kind: KindName): Layout {
    const layout = layouts.get(kind) ?? heap.layoutNamed(kind)!;
    layouts.set(kind, layout);
    return layout;
  }

  return {
    heap,
    scope,
    hooks,
    make: (kind, into = scope) => into.create(layoutOf(kind), KINDS[kind].words),
    lose: (build) => heap.scope(build),
  };
}

/** Makes objects of a kind, each with a reference to the next, and the first one again from the last: a ring. */
export function ring(scene: Scene, kind: KindName, length: number, scope: Scope): Owned[] {
  const objects = chain(scene, kind, length, scope);
  connect(scene.heap, kind, objects[length - 1]!, objects[0]!, 0);
  return objects;
}

/** Makes objects of a kind, each with a reference to the next, marked from 0 on. */
export function chain(scene: Scene, kind: KindName, length: number, scope: Scope): Owned[] {
  const objects = Array.from({ length }, () => scene.make(kind, scope));
  for (const [index, object] of objects.entries()) {
    setMark(scene.heap, kind, object, index & 0xffff);
    if (index > 0) connect(scene.heap, kind, objects[index - 1]!, object, 0);
  }
  return objects;
}

/** Whether an object that was made here is still there. Nothing may have been allocated since it could have died. */
export function isLive({ heap }: Scene, object: Ptr): boolean {
  return heap.isObject(object);
}

/** Demands that objects are still there. */
export function demandLive(scene: Scene, objects: readonly Ptr[], why: string): void {
  const gone = objects.filter((object) => !isLive(scene, object));
  demand(gone.length === 0, `${tell(gone, objects)} freed. ${why}`);
}

/** Demands that objects are gone. */
export function demandGone(scene: Scene, objects: readonly Ptr[], why: string): void {
  const left = objects.filter((object) => isLive(scene, object));
  demand(left.length === 0, `${tell(left, objects)} not freed. ${why}`);
}

/** `2 of 5 objects (1, 3) were`: how many of them, and which, counted from 1. */
function tell(some: readonly Ptr[], all: readonly Ptr[]): string {
  if (all.length === 1) return "The object was";
  const numbers = some.slice(0, 8).map((object) => all.indexOf(object) + 1);
  return `${some.length} of ${all.length} objects (${numbers.join(", ")}${some.length > 8 ? ", ..." : ""}) were`;
}
