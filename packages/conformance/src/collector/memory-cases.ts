import { HeapwrightError, type Heap, type Owned, type Ptr } from "@heapwright/core";

import { demand } from "../demand.js";
import { connect, markOf, setMark } from "./kinds.js";
import { demandGone, demandLive, isLive, ring, SMALL_BYTES, withScene, type Scene } from "./scene.js";
import { skipFor, without, type CollectorDraft, type CollectorSubject } from "./subject.js";

const BUFFER_BYTES = 32 * 1024;
const CELL_WORDS = 119;

/** Full heaps: garbage makes room, and what is refused changes nothing. */
export function memoryCases(subject: CollectorSubject): CollectorDraft[] {
  const cannotReuse = subject.allocator.traits.reuses
    ? undefined
    : `The trait reuses of the allocator ${subject.allocator.name} is false.`;
  const draft = (
    name: string,
    title: string,
    body: (scene: Scene) => void,
    skip?: string,
  ): CollectorDraft => ({
    id: `out-of-memory/${name}`,
    rule: "out-of-memory",
    title,
    skip,
    run: () => withScene(subject, body),
  });
  const freeing = skipFor(without(subject, "cycles"), cannotReuse);
  return [
    draft(
      "buffers",
      "makes room for buffers by collecting, with automatic collection off",
      fillWithBuffers,
      freeing,
    ),
    draft(
      "cells",
      "makes room for objects by collecting, with automatic collection off",
      fillWithCells,
      freeing,
    ),
    draft("refused", "leaves a heap full of kept objects as it was, and refuses more", refuseMore),
    draft("goes-on", "goes on when a full heap is let go of", goOn, freeing),
    draft(
      "in-a-finalizer",
      "ends a collection in which a finalizer ran out of memory",
      refuseInFinalizer,
      freeing,
    ),
  ];
}

/** Makes and loses rings of lists with large buffers, four times as much as there is room. */
function fillWithBuffers(scene: Scene): void {
  const kept = ring(scene, "node", 10, scene.scope);
  for (let bytes = 0; bytes < 4 * SMALL_BYTES; bytes += 2 * BUFFER_BYTES) {
    scene.lose((scope) => {
      for (const object of ring(scene, "node", 2, scope)) {
        const list = scene.make("list", scope);
        connect(scene.heap, "node", object, list, 1);
        scene.heap.items.reserveBytes(list, BUFFER_BYTES);
      }
    });
  }
  demandLive(scene, kept, "A scope owns them.");
}

/** Makes and loses rings of large cells, three times as much as there is room. */
function fillWithCells(scene: Scene): void {
  const { heap } = scene;
  const kept = ring(scene, "node", 10, scene.scope);
  const layout = heap.layoutNamed("array")!;
  for (let bytes = 0; bytes < 3 * SMALL_BYTES; bytes += 4 * (CELL_WORDS + 1)) {
    heap.scope((scope) => {
      const object = scope.create(layout, CELL_WORDS);
      heap.set(object, 0, object);
    });
  }
  demandLive(scene, kept, "A scope owns them.");
}

/** Fills a list with lists that have large buffers, until it is refused. */
function fill(scene: Scene, holder: Ptr, made: Ptr[] = []): Ptr[] {
  const { heap } = scene;
  try {
    for (;;) {
      scene.lose((scope) => {
        const object = scene.make("list", scope);
        heap.items.append(holder, object);
        made.push(object);
        heap.items.reserveBytes(object, BUFFER_BYTES);
      });
    }
  } catch (error) {
    if (!HeapwrightError.is(error, "ERR_OUT_OF_MEMORY")) throw error;
    return made;
  }
}

function refuseMore(scene: Scene): void {
  const { heap } = scene;
  const kept = marked(scene);
  const list = scene.make("list");
  const objects = fill(scene, list);
  fill(scene, list, objects);
  heap.gc.collect();
  demandLive(scene, objects, "They are items of a list that is kept, in a full heap.");
  demandMarked(heap, kept);
}

function goOn(scene: Scene): void {
  const { heap } = scene;
  const kept = marked(scene);
  const list = scene.make("list");
  const first = fill(scene, list).length;
  heap.items.truncate(list, 0);
  const second = fill(scene, list).length;
  demand(
    second >= first * 0.75,
    `A full heap held ${first} lists; when they were let go of it held ${second}.`,
  );
  demandMarked(heap, kept);
}

function refuseInFinalizer(scene: Scene): void {
  const { heap, hooks } = scene;
  const kept = marked(scene);
  const list = scene.make("list");
  const lost = scene.lose((scope) => {
    const objects = ring(scene, "mourned", 3, scope);
    for (const object of objects) setMark(heap, "mourned", object, 77);
    return objects;
  });
  let refused = 0;
  const made: Ptr[] = [];
  hooks.finalize = () => {
    fill(scene, list, made);
    refused++;
  };
  heap.gc.collect();
  demand(refused === 3, `Each of 3 finalizers must be able to fill the heap; ${refused} were.`);
  demandGone(scene, lost, "Their finalizers filled the heap, and did nothing to keep them.");
  demand(
    made.every((object) => isLive(scene, object)),
    "What finalizers made and stored must be kept in a full heap.",
  );
  demandMarked(heap, kept);
}

function marked(scene: Scene): Owned[] {
  const objects = ring(scene, "node", 50, scene.scope);
  for (const [index, object] of objects.entries()) setMark(scene.heap, "node", object, 300 + index);
  return objects;
}

function demandMarked(heap: Heap, objects: readonly Ptr[]): void {
  for (const [index, object] of objects.entries()) {
    const isIntact = heap.isObject(object) && markOf(heap, "node", object) === 300 + index;
    demand(isIntact, `Object ${index + 1}, which a scope owns, must be intact in a full heap.`);
  }
}
