import { CONDEMNED, MAX_AGE, WORK_SHIFT, type Heap } from "@heapwright/core";

import { demand } from "../demand.js";
import { HOLDERS } from "./kinds.js";
import { ring, withScene, type Scene } from "./scene.js";
import type { CollectorDraft, CollectorSubject } from "./subject.js";

/** What is left in the work bytes. */
export function agesCases(subject: CollectorSubject): CollectorDraft[] {
  const draft = (name: string, title: string, body: (scene: Scene) => void): CollectorDraft => ({
    id: `ages/${name}`,
    rule: "ages",
    title,
    run: () =>
      withScene(subject, (scene) => {
        body(scene);
        for (const generation of [0, 1, 2, 2]) {
          scene.heap.gc.collect(generation);
          demandAges(scene.heap, `After collect(${generation})`);
        }
      }),
  });
  return [
    draft("living", "leaves ages in the work bytes of a heap without garbage", keepSome),
    draft("garbage", "leaves ages in the work bytes when garbage was freed", (scene) => {
      keepSome(scene);
      for (const kind of HOLDERS) scene.lose((scope) => ring(scene, kind, 50, scope));
    }),
    draft(
      "user-code",
      "leaves ages in the work bytes when finalizers ran, resurrected and threw",
      (scene) => {
        keepSome(scene);
        let calls = 0;
        scene.hooks.finalize = (object, heap) => {
          if (++calls % 3 === 0) heap.pin(object);
          if (calls % 3 === 1) throw new Error("no");
        };
        scene.lose((scope) => ring(scene, "mourned", 30, scope));
        for (let n = 0; n < 30; n++) scene.lose((scope) => ring(scene, "phoenix", 1, scope));
      },
    ),
  ];
}

function keepSome(scene: Scene): void {
  for (const kind of HOLDERS) ring(scene, kind, 50, scene.scope);
  for (let n = 0; n < 50; n++) scene.make("leaf");
}

/** Demands that all work bytes of pools are ages. */
export function demandAges({ image }: Heap, when: string): void {
  const { work, poolShift } = image;
  const end = (image.poolsEnd() << poolShift) >> WORK_SHIFT;
  for (let granule = (image.poolsStart() << poolShift) >> WORK_SHIFT; granule < end; granule++) {
    const found = work[granule]!;
    demand(
      found <= MAX_AGE,
      `${when}, every work byte must be 0 to ${MAX_AGE}; that of word ${granule << WORK_SHIFT} is ${found}${found === CONDEMNED ? ", condemned" : ""}.`,
    );
  }
}
