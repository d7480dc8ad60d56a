import { demand } from "../demand.js";
import { demandGone, demandLive, ring, withScene, type Scene } from "./scene.js";
import { without, type CollectorDraft, type CollectorSubject } from "./subject.js";

/** Two heaps of one plugin. */
export function independenceCases(subject: CollectorSubject): CollectorDraft[] {
  const draft = (
    name: string,
    title: string,
    body: (one: Scene, other: Scene) => void,
    skip?: string,
  ): CollectorDraft => ({
    id: `independent/${name}`,
    rule: "independent",
    title,
    skip,
    run: () => withScene(subject, (one) => withScene(subject, (other) => body(one, other))),
  });
  return [
    draft("thresholds", "keeps the thresholds and counts of two heaps apart", keepsFiguresApart),
    draft(
      "collections",
      "collects one heap and leaves the other alone",
      collectsOne,
      without(subject, "cycles"),
    ),
    draft("nested", "collects another heap from a finalizer", collectsInside, without(subject, "cycles")),
  ];
}

function keepsFiguresApart(one: Scene, other: Scene): void {
  const figures = ({ heap: { gc } }: Scene): string =>
    JSON.stringify([gc.getThreshold(), gc.getCount(), gc.getStats()]);
  const before = figures(other);
  one.heap.gc.setThreshold(321, 4, 3);
  ring(one, "node", 20, one.scope);
  for (const generation of [0, 1, 0]) one.heap.gc.collect(generation);
  const after = figures(other);
  demand(
    before === after,
    `What happens in one heap must not show in another. Figures were ${before}; they are ${after}.`,
  );
}

function collectsOne(one: Scene, other: Scene): void {
  const scenes = [one, other];
  const kept = scenes.map((scene) => ring(scene, "node", 20, scene.scope));
  const lost = scenes.map((scene) => scene.lose((scope) => ring(scene, "node", 20, scope)));
  one.heap.gc.collect();
  demandGone(one, lost[0]!, "They were garbage in the heap that was collected.");
  demandLive(other, lost[1]!, "They are in another heap than the one that was collected.");
  other.heap.gc.collect();
  demandGone(other, lost[1]!, "They were garbage in the second heap that was collected.");
  for (const [index, scene] of scenes.entries()) demandLive(scene, kept[index]!, "A scope owns them.");
}

function collectsInside(one: Scene, other: Scene): void {
  const lostOther = other.lose((scope) => ring(other, "node", 20, scope));
  const keptOther = ring(other, "node", 20, other.scope);
  one.hooks.finalize = () => void other.heap.gc.collect();
  const lost = one.lose((scope) => ring(one, "mourned", 5, scope));
  const kept = ring(one, "node", 5, one.scope);
  one.heap.gc.collect();
  demandGone(other, lostOther, "A finalizer of another heap collected theirs.");
  demandLive(other, keptOther, "A scope owns them.");
  demandGone(one, lost, "Their finalizers collected another heap.");
  demandLive(one, kept, "A scope owns them.");
}
