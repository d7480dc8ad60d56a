import { NULL, immediate, type Heap, type Ptr } from "@heapwright/core";

import { demand } from "../demand.js";
import { HOLDERS, connect, setMark, type KindName } from "./kinds.js";
import { ring, withScene, type Scene } from "./scene.js";
import type { CollectorDraft, CollectorSubject } from "./subject.js";

/** What is kept is as it was. */
export function contentsCases(subject: CollectorSubject): CollectorDraft[] {
  return [
    ...HOLDERS.map((kind): CollectorDraft => ({
      id: `contents/${kind}`,
      rule: "contents",
      title: `leaves every word of a kept ${kind} as it was`,
      run: () => demandUnchanged(subject, kind),
    })),
    {
      id: "contents/headers",
      rule: "contents",
      title: "leaves layouts and flags of what is kept as they were",
      run: () =>
        withScene(subject, (scene) => {
          const { heap } = scene;
          const objects = [...HOLDERS, "leaf" as const, "mourned" as const].map((kind) => scene.make(kind));
          heap.untrack(objects[0]!);
          const before = objects.map((object) => heap.words[object]);
          for (let round = 0; round < 3; round++) heap.gc.collect();
          const after = objects.map((object) => heap.words[object]);
          demand(
            before.join() === after.join(),
            `Headers must stay ${before.join(", ")}; they are ${after.join(", ")}.`,
          );
        }),
    },
  ];
}

/** A hundred objects that refer to each other, and garbage between them. */
function demandUnchanged(subject: CollectorSubject, kind: KindName): void {
  withScene(subject, (scene) => {
    const { heap } = scene;
    const objects = Array.from({ length: 100 }, () => {
      scene.lose((scope) => ring(scene, kind, 1, scope));
      return scene.make(kind);
    });
    for (const [index, object] of objects.entries()) {
      setMark(heap, kind, object, 1000 + index);
      for (const value of [objects[(index * 7) % 100]!, immediate(index), NULL]) {
        connect(heap, kind, object, value, value > 0 ? 0 : 1);
      }
    }
    const before = objects.map((object) => wordsOf(scene, kind, object));
    for (let round = 0; round < 3; round++) heap.gc.collect();
    for (const [index, object] of objects.entries()) {
      const after = wordsOf(scene, kind, object);
      demand(
        before[index] === after,
        `The words of object ${index + 1} must be the same after a collection. Before: ${before[index]!}. After: ${after}.`,
      );
    }
  });
}

/** Words of the cell after the header, and the items. */
function wordsOf({ heap }: Scene, kind: KindName, object: Ptr): string {
  const cell = heap.words.subarray(object + 1, object + 5).join(" ");
  return kind === "list" || kind === "dict" ? `${cell} with ${itemsOf(heap, object)}` : cell;
}

function itemsOf(heap: Heap, object: Ptr): string {
  return Array.from({ length: heap.items.count(object) }, (_, index) => heap.items.get(object, index)).join(
    " ",
  );
}
