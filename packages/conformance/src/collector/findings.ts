/**
 * What is wrong with a heap, by comparison with its model, and which rule that breaks.
 *
 * Programs mix everything, and rules are about one thing each. So a finding is put down to a rule only where no other one
 * can be meant: an object that was freed although a pin holds it, and nothing else has to do with it, breaks the rule on
 * pins. What could be the fault of several rules is put down to none; other programs show it more plainly.
 *
 * Questions are asked in order, and later ones only when the heap is right so far: who lives, what is in them, what the
 * collector says of them, and last, `verify()`.
 */

import type { Ptr } from "@heapwright/core";

import { demandAges } from "./ages-cases.js";
import { KINDS, getSlot, markOf } from "./kinds.js";
import type { ModelObject } from "./model.js";
import type { World } from "./play.js";
import type { CollectorRule } from "./rules.js";
import { isPlain } from "./slot-steps.js";
import type { CollectorSubject } from "./subject.js";

/** Something that is wrong. */
export interface Finding {
  /** Left out: nobody can say which rule it breaks. */
  readonly rule: CollectorRule | undefined;
  /** For an object that was freed wrongly, or was not: the rule about such objects with which nothing special is the matter. */
  readonly plain?: CollectorRule;
  readonly message: string;
}

/**
 * Looks at the heap after a step. Returns nothing when all is well.
 *
 * @param looks - see {@link LOOKS}
 */
export function findingsAfterStep(
  subject: CollectorSubject,
  world: World,
  looks: readonly Look[] = LOOKS,
): Finding[] {
  for (const look of looks) {
    const found = look(subject, world);
    if (found.length > 0) return found;
  }
  return [];
}

/** Holds a heap against its model. */
export type Look = (subject: CollectorSubject, world: World) => Finding[];

/** All there is to look at, in this order. The last one takes most of the time, and finds what breaks the last two rules. */
export const LOOKS: readonly Look[] = [livesAndDeaths, contentsAndFigures, soundness];

// ---- who lives ------------------------------------------------------------------------------------------------------

/** Whether the object is there, and is the same one. */
function isThere({ scene: { heap } }: World, { kind, ref, id }: ModelObject): boolean {
  return (
    heap.isObject(ref) && heap.layoutOf(ref) === heap.layoutNamed(kind) && markOf(heap, kind, ref) === id
  );
}

function livesAndDeaths(_: CollectorSubject, world: World): Finding[] {
  const { model } = world;
  const lost = model.objects.filter((object) => !isThere(world, object));
  if (lost.length > 0)
    return blame(lost, "keeps", "was freed, and must live", (object) => reasonsToLive(world, object, lost));
  const left = model.dead.filter((object) => isThere(world, object));
  return blame(left, "cycles", "lives, and must be freed", (object) => reasonsToDie(world, object, left));
}

/**
 * The first object that exactly one rule speaks for.
 *
 * @param plain - the rule for objects with which nothing special is the matter
 * @param reasonsFor - rules that have to do with an object, `plain` aside; undefined when it hangs on another one
 */
function blame(
  objects: readonly ModelObject[],
  plain: CollectorRule,
  what: string,
  reasonsFor: (object: ModelObject) => Set<CollectorRule> | undefined,
): Finding[] {
  if (objects.length === 0) return [];
  for (const object of objects) {
    const reasons = reasonsFor(object);
    if (reasons === undefined || reasons.size > 1) continue;
    const [rule = plain] = reasons;
    return [{ rule, plain, message: `${object.name} ${what}.` }];
  }
  return [{ rule: undefined, plain, message: `${objects[0]!.name} ${what}.` }];
}

function referrersOf(object: ModelObject, among: readonly ModelObject[]): ModelObject[] {
  return among.filter(({ edges }) => edges.includes(object));
}

/** Rules about an object itself. */
function featuresOf({ model }: World, object: ModelObject, isDead: boolean): Set<CollectorRule> {
  const found = new Set<CollectorRule>();
  if (object.kind === "mourned" || object.kind === "phoenix")
    found.add(object.finalized ? "resurrection" : "finalizers");
  if (model.weaks.some(({ target }) => target === object)) found.add(isDead ? "weak-cleared" : "weak-kept");
  if (object.peakCount > 255) found.add("large-counts");
  if (object.immortal) found.add("immortals");
  if (object.wasUntracked) found.add("untracked");
  return found;
}

function reasonsToLive(
  world: World,
  object: ModelObject,
  lost: readonly ModelObject[],
): Set<CollectorRule> | undefined {
  const referrers = referrersOf(object, world.model.objects).filter((other) => !lost.includes(other));
  const { scopes, pins, retained, immortal } = object;
  if (referrers.length + scopes.length + pins.length + retained === 0 && !immortal) return undefined;
  const reasons = featuresOf(world, object, false);
  if (pins.length + retained > 0 || scopes.some((depth) => depth > 1)) reasons.add("roots");
  const generation = world.collected?.generation ?? 0;
  for (const other of referrers) {
    if (!isPlain(other.kind)) reasons.add("layouts");
    if (!other.tracked) reasons.add("untracked");
    if (other.ageBefore > generation) reasons.add("old-keeps-young");
    if (other.spared) reasons.add("resurrection");
    if (other.ref > object.ref) reasons.add("keeps");
    if (other.edges.includes(-1)) reasons.add("passes-over");
  }
  if (KINDS[object.kind].spec.scan === "leaf") reasons.add("leaves-stay");
  else if (!isPlain(object.kind)) reasons.add("layouts");
  if (object.ageBefore > generation) reasons.add("young-only");
  if (object.spared) reasons.add("resurrection");
  return reasons;
}

function reasonsToDie(
  world: World,
  object: ModelObject,
  left: readonly ModelObject[],
): Set<CollectorRule> | undefined {
  const isLeaf = KINDS[object.kind].spec.scan === "leaf";
  const everDead = world.model.dead;
  if (isLeaf) {
    return referrersOf(object, left).length > 0 ? undefined : new Set<CollectorRule>(["leaves-go"]);
  }
  // All that leads to it, and that it hangs on.
  const leading = new Set([object]);
  for (const each of leading) for (const other of referrersOf(each, everDead)) leading.add(other);
  const reasons = new Set<CollectorRule>();
  for (const each of leading) {
    for (const reason of featuresOf(world, each, true)) reasons.add(reason);
    if (!isPlain(each.kind)) reasons.add("layouts");
    if (each.ageBefore > 0) reasons.add("full-collection");
    if (each.edges.includes(each)) reasons.add("cycles");
  }
  return reasons;
}

// ---- what is in them ------------------------------------------------------------------------------------------------

function contentsAndFigures(subject: CollectorSubject, world: World): Finding[] {
  const userCode = wrongFinalizers(world);
  // They pin, so that counts and ages follow.
  if (userCode.length > 0) return userCode;
  return [
    ...wrongContents(world),
    ...wrongCounts(world),
    ...wrongWeaks(world),
    ...wrongAges(subject, world),
    ...wrongNumber(subject, world),
  ];
}

function wrongContents({ model, scene: { heap } }: World): Finding[] {
  for (const { name, kind, ref, edges } of model.objects) {
    const wanted = edges.map((edge) => (typeof edge === "object" ? edge.ref : edge));
    const found = edges.map((_, slot) => getSlot(heap, kind, ref, slot));
    if (wanted.join() === found.join()) continue;
    return [
      { rule: "contents", message: `${name} must hold ${wanted.join(", ")}; it holds ${found.join(", ")}.` },
    ];
  }
  return [];
}

function wrongCounts({ model, scene: { heap } }: World): Finding[] {
  for (const object of model.objects) {
    const found = heap.count(object.ref);
    const wanted = model.countOf(object);
    if (found === undefined || found === wanted || object.immortal) continue;
    const rule = object.peakCount > 255 ? "large-counts" : "survivor-counts";
    return [{ rule, message: `The count of ${object.name} must be ${wanted}; it is ${found}.` }];
  }
  return [];
}

function wrongWeaks({ model, scene: { heap } }: World): Finding[] {
  for (const { ref, target, cleared, hasCallback, calls } of model.weaks) {
    const wanted: Ptr = cleared ? (0 as Ptr) : target.ref;
    const found = heap.weak.target(ref);
    if (found !== wanted) {
      const message = `The weak reference to ${target.name} must refer to ${wanted}; it refers to ${found}.`;
      return [{ rule: cleared ? "weak-cleared" : "weak-kept", message }];
    }
    if (!cleared && !heap.weak.refs(target.ref).includes(ref)) {
      return [{ rule: "weak-kept", message: `${target.name} has lost its weak reference.` }];
    }
    const times = cleared && hasCallback ? 1 : 0;
    if (calls === times) continue;
    const message = `The callback of the weak reference to ${target.name} must have been called ${times} times, not ${calls}.`;
    return [{ rule: "weak-callbacks", message }];
  }
  return [];
}

function wrongFinalizers(world: World): Finding[] {
  const { model, finalized } = world;
  const wanted = new Set<Ptr>(model.finalizedNow.map(({ ref }) => ref));
  const missing = model.finalizedNow.find(({ ref }) => !finalized.includes(ref));
  if (missing) {
    // One that is there was not condemned, for whatever reason.
    const rule = isThere(world, missing) ? undefined : "finalizers";
    return [{ rule, message: `The finalizer of ${missing.name} must be called.` }];
  }
  for (const [index, ref] of finalized.entries()) {
    const isAgain = finalized.indexOf(ref) !== index;
    if (wanted.has(ref) && !isAgain) continue;
    const object = [...model.objects, ...model.dead].find((each) => each.ref === ref);
    // One that was never called before was condemned, for whatever reason.
    const once = object?.finalized === true ? "resurrection" : undefined;
    const rule = isAgain ? "finalizers" : once;
    return [{ rule, message: `The finalizer of ${object?.name ?? String(ref)} must not be called now.` }];
  }
  return [];
}

function wrongAges({ traits }: CollectorSubject, { model, scene: { heap } }: World): Finding[] {
  if (traits.generations !== 3) return [];
  for (const { name, kind, ref, wasUntracked, age } of model.objects) {
    if (wasUntracked || KINDS[kind].spec.scan === "leaf") continue;
    const found = heap.gc.generationOf(ref);
    if (found !== age)
      return [
        { rule: "ageing", message: `${name} must be in generation ${age}; it is in ${String(found)}.` },
      ];
  }
  return [];
}

function wrongNumber({ traits }: CollectorSubject, { collected }: World): Finding[] {
  if (!traits.exact || collected === undefined || collected.found === collected.expected) return [];
  const { generation, found, expected } = collected;
  return [
    {
      rule: "exact-number",
      message: `collect(${generation}) must return ${expected}; it returned ${found}.`,
    },
  ];
}

// ---- whether it is sound --------------------------------------------------------------------------------------------

function soundness(_: CollectorSubject, { scene: { heap } }: World): Finding[] {
  return [
    ...thrownBy("ages", () => demandAges(heap, "After the last step")),
    ...thrownBy("verify-passes", () => heap.verify()),
  ].slice(0, 1);
}

function thrownBy(rule: CollectorRule, look: () => void): Finding[] {
  try {
    look();
    return [];
  } catch (error) {
    return [{ rule, message: error instanceof Error ? error.message : String(error) }];
  }
}
