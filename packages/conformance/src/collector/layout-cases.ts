import { IMMEDIATE, NULL, smallInt, type Ptr, type Scope } from "@heapwright/core";

import { HOLDERS, KINDS, connect, setSlot, type KindName } from "./kinds.js";
import { demandGone, demandLive, ring, withScene, type Scene } from "./scene.js";
import { without, type CollectorDraft, type CollectorSubject } from "./subject.js";

/** References in objects of every layout, with null and immediates between them. */
export function layoutCases(subject: CollectorSubject): CollectorDraft[] {
  return [
    ...HOLDERS.flatMap((kind) => [...ringCase(subject, kind), ...slotCases(subject, kind)]),
    {
      id: "layouts/mixed-ring",
      rule: "layouts",
      title: "frees a ring that leads through every layout",
      skip: without(subject, "cycles"),
      run: () =>
        withScene(subject, (scene) => {
          const lost = scene.lose((scope) => mixedRing(scene, scope));
          scene.heap.gc.collect();
          demandGone(scene, lost, "It is a ring through all layouts, and nothing else refers to it.");
        }),
    },
    {
      id: "layouts/long-buffer",
      rule: "layouts",
      title: "looks at all of a thousand items",
      run: () => demandAllItems(subject),
    },
    {
      id: "layouts/truncated",
      rule: "layouts",
      title: "does not look beyond a list's count",
      skip: without(subject, "cycles"),
      run: () =>
        withScene(subject, (scene) => {
          const { heap } = scene;
          const list = scene.make("list");
          const lost = scene.lose((scope) => {
            const objects = ring(scene, "node", 3, scope);
            for (const object of objects) heap.items.append(list, object);
            return objects;
          });
          heap.items.truncate(list, 0);
          heap.gc.collect();
          demandGone(scene, lost, "The list that held them was truncated.");
        }),
    },
  ];
}

/** Rings of nodes are the affair of the rule `cycles`. */
function ringCase(subject: CollectorSubject, kind: KindName): CollectorDraft[] {
  if (kind === "node") return [];
  return [
    {
      id: `layouts/${kind}-frees`,
      rule: "layouts",
      title: `frees a ring of objects of the scan kind ${KINDS[kind].spec.scan}`,
      skip: without(subject, "cycles"),
      run: () =>
        withScene(subject, (scene) => {
          const lost = scene.lose((scope) => ring(scene, kind, 5, scope));
          scene.heap.gc.collect();
          demandGone(scene, lost, `They are a ring of ${kind} objects that nothing else refers to.`);
        }),
    },
  ];
}

function slotCases(subject: CollectorSubject, kind: KindName): CollectorDraft[] {
  return [
    {
      id: `layouts/${kind}-keeps`,
      rule: "layouts",
      title: `keeps what an object of the scan kind ${KINDS[kind].spec.scan} refers to`,
      run: () => demandSlotsKeep(subject, kind),
    },
    {
      id: `passes-over/${kind}`,
      rule: "passes-over",
      title: `passes over null and immediates in an object of the scan kind ${KINDS[kind].spec.scan}`,
      run: () => demandPassesOver(subject, kind),
    },
  ];
}

function mixedRing(scene: Scene, scope: Scope): Ptr[] {
  const objects = HOLDERS.map((kind) => scene.make(kind, scope));
  for (const [index, kind] of HOLDERS.entries()) {
    connect(scene.heap, kind, objects[index]!, objects[(index + 1) % objects.length]!, 1);
  }
  return objects;
}

/** Every slot of an object keeps a ring of its own. */
function demandSlotsKeep(subject: CollectorSubject, kind: KindName): void {
  withScene(subject, (scene) => {
    const holder = scene.make(kind);
    const slots = KINDS[kind].slots || 3;
    const kept = scene.lose((scope) =>
      Array.from({ length: slots }, (_, slot) => {
        const objects = ring(scene, "node", 2, scope);
        connect(scene.heap, kind, holder, objects[0]!, slot);
        return objects;
      }).flat(),
    );
    scene.heap.gc.collect();
    demandLive(scene, kept, `An object of the kind ${kind} refers to them.`);
  });
}

/** Null and immediates before and after the one reference that an object has. */
function demandPassesOver(subject: CollectorSubject, kind: KindName): void {
  withScene(subject, (scene) => {
    const { heap } = scene;
    const slots = KINDS[kind].slots || 5;
    const kept: Ptr[] = [];
    for (let at = 0; at < slots; at++) {
      const holder = scene.make(kind);
      for (let slot = 0; slot < slots; slot++) {
        // Items are appended; the one in question is put into its place afterwards.
        connect(heap, kind, holder, [NULL, IMMEDIATE.none, smallInt(slot)!][(slot + at) % 3]!, slot);
      }
      scene.lose((scope) => {
        const objects = ring(scene, "node", 2, scope);
        setSlot(heap, kind, holder, at, objects[0]!);
        kept.push(...objects);
      });
    }
    heap.gc.collect();
    demandLive(scene, kept, `Objects of the kind ${kind} refer to them, between null and immediates.`);
  });
}

function demandAllItems(subject: CollectorSubject): void {
  withScene(subject, (scene) => {
    const list = scene.make("list");
    const kept = scene.lose((scope) => {
      const objects = Array.from({ length: 1000 }, () => scene.make("node", scope));
      for (const object of objects) scene.heap.items.append(list, object);
      return objects;
    });
    scene.heap.gc.collect();
    demandLive(scene, kept, "They are items of a list that is kept.");
  });
}
