import { attachHeap, createHeap, type Heap, type Owned, type Pin } from "@heapwright/core";

import { demand, quietly } from "../demand.js";
import { churn, demandHalfFreed } from "./control-cases.js";
import { KINDS } from "./kinds.js";
import {
  createHooks,
  demandGone,
  demandLive,
  optionsFor,
  ring,
  sceneOn,
  type Hooks,
  type Scene,
} from "./scene.js";
import {
  skipFor,
  without,
  withoutGenerations,
  type CollectorDraft,
  type CollectorSubject,
} from "./subject.js";

/** A heap that is put down and taken up again: everything the collector knows is in the bytes. */
export function attachCases(subject: CollectorSubject): CollectorDraft[] {
  const cannot = subject.allocator.traits.attaches
    ? undefined
    : `The trait attaches of the allocator ${subject.allocator.name} is false.`;
  const draft = (name: string, title: string, skip: string | undefined, run: () => void): CollectorDraft => ({
    id: `attach/${name}`,
    rule: "attach",
    title,
    skip: skipFor(cannot, skip),
    run,
  });
  return [
    draft(
      "garbage",
      "finds the same garbage after the heap was attached again",
      without(subject, "cycles"),
      () => demandGarbageFound(subject),
    ),
    draft("thresholds", "has its thresholds and counts after the heap was attached again", undefined, () =>
      demandFiguresKept(subject),
    ),
    draft(
      "generations",
      "has its generations after the heap was attached again",
      withoutGenerations(subject),
      () => demandGenerationsKept(subject),
    ),
    {
      id: "automatic/attached",
      rule: "automatic",
      title: "collects by itself after the heap was attached again",
      skip: skipFor(cannot, without(subject, "automatic"), without(subject, "cycles")),
      run: () => demandAutomatic(subject),
    },
  ];
}

/** Runs one body with a heap, detaches it, and runs another with the heap that is attached to its bytes. */
function acrossAttach<T>(
  subject: CollectorSubject,
  before: (scene: Scene) => T,
  after: (scene: Scene, left: T) => void,
): void {
  const hooks = createHooks();
  const options = optionsFor(subject, hooks);
  let heap = createHeap({ ...options, layouts: Object.values(KINDS).map(({ spec }) => spec) });
  try {
    heap.gc.disable();
    const left = inScene(heap, hooks, before);
    heap = attachHeap(heap.detach(), options);
    inScene(heap, hooks, (scene) => after(scene, left));
  } finally {
    quietly(() => heap.dispose());
  }
}

function inScene<T>(heap: Heap, hooks: Hooks, body: (scene: Scene) => T): T {
  const scene = sceneOn(heap, hooks);
  try {
    return body(scene);
  } finally {
    scene.scope.dispose();
  }
}

/** A ring that a pin holds across. */
function pinnedRing({ heap, ...scene }: Scene, length: number): { objects: Owned[]; pin: Pin } {
  return heap.scope((scope) => {
    const objects = ring({ heap, ...scene }, "node", length, scope);
    return { objects, pin: heap.pin(objects[0]!) };
  });
}

function demandGarbageFound(subject: CollectorSubject): void {
  acrossAttach(
    subject,
    (scene) => {
      scene.heap.gc.collect();
      return {
        kept: pinnedRing(scene, 30).objects,
        lost: scene.lose((scope) => ring(scene, "node", 30, scope)),
      };
    },
    (scene, { kept, lost }) => {
      demandLive(scene, [...kept, ...lost], "Nobody has collected since the heap was attached.");
      scene.heap.gc.collect();
      demandLive(scene, kept, "A pin holds them, from before the heap was attached.");
      demandGone(scene, lost, "They were garbage before the heap was attached.");
    },
  );
}

function demandFiguresKept(subject: CollectorSubject): void {
  const figures = ({ heap: { gc } }: Scene): string =>
    `thresholds ${gc.getThreshold().join(", ")} and counts ${gc.getCount().join(", ")}`;
  acrossAttach(
    subject,
    (scene) => {
      scene.heap.gc.setThreshold(1234, 5, 6);
      for (const generation of [2, 1, 0, 0]) scene.heap.gc.collect(generation);
      pinnedRing(scene, 7);
      return figures(scene);
    },
    (scene, before) => {
      const after = figures(scene);
      demand(
        before === after,
        `Before the heap was detached it had ${before}; attached again it has ${after}.`,
      );
    },
  );
}

function demandGenerationsKept(subject: CollectorSubject): void {
  const ages = ({ heap }: Scene, pins: readonly Pin[]): string =>
    pins.map((pin) => heap.gc.generationOf(heap.deref(pin))).join(", ");
  acrossAttach(
    subject,
    (scene) => {
      const pins: Pin[] = [];
      for (let round = 0; round < 3; round++) {
        pins.push(pinnedRing(scene, 3).pin);
        if (round < 2) scene.heap.gc.collect(round === 0 ? 1 : 0);
      }
      return { pins, before: ages(scene, pins) };
    },
    (scene, { pins, before }) => {
      const after = ages(scene, pins);
      demand(
        before === after,
        `Objects were in the generations ${before}; attached again they are in ${after}.`,
      );
    },
  );
}

function demandAutomatic(subject: CollectorSubject): void {
  acrossAttach(
    subject,
    ({ heap }) => heap.gc.setThreshold(1000),
    (scene) => {
      scene.heap.gc.enable();
      demandHalfFreed(churn(scene));
    },
  );
}
