import fc from "fast-check";

import { LOOKS, findingsAfterStep, type Finding, type Look } from "./findings.js";
import { createWorld } from "./play.js";
import { heapPrograms, type HeapStep } from "./program.js";
import type { CollectorRule } from "./rules.js";
import { withScene } from "./scene.js";
import {
  skipFor,
  without,
  withoutCounter,
  withoutGenerations,
  type CollectorDraft,
  type CollectorSubject,
} from "./subject.js";

/** What a random program is held against, by rule. */
const LAWS: readonly (readonly [rule: CollectorRule, title: string])[] = [
  ["cycles", "frees what cannot be reached"],
  ["keeps", "keeps what can be reached"],
  ["layouts", "finds references in every layout"],
  ["passes-over", "passes over null and immediates"],
  ["roots", "keeps what scopes, pins and retain hold"],
  ["full-collection", "frees old garbage in a full collection"],
  ["exact-number", "returns the number of unreachable objects"],
  ["untracked", "leaves untracked objects alone"],
  ["leaves-go", "frees leaves of the dead"],
  ["leaves-stay", "keeps leaves of the living"],
  ["contents", "leaves what is kept as it was"],
  ["survivor-counts", "keeps counts exact"],
  ["large-counts", "keeps large counts exact"],
  ["immortals", "keeps immortal objects"],
  ["finalizers", "calls finalizers once"],
  ["resurrection", "keeps what was resurrected"],
  ["weak-cleared", "clears weak references to the dead"],
  ["weak-callbacks", "calls callbacks once"],
  ["weak-kept", "leaves weak references to the living alone"],
  ["young-only", "leaves older generations alone"],
  ["ageing", "moves survivors into the next generation"],
  ["old-keeps-young", "keeps what older objects refer to"],
  ["ages", "leaves ages in the work bytes"],
  ["verify-passes", "passes verify() after each step"],
];

/**
 * Random programs against the naive model. All rules are looked at while the same programs are played, once; a rule that is
 * found broken has its programs played again, to find the shortest one.
 */
export function programCases(subject: CollectorSubject): CollectorDraft[] {
  let broken: ReadonlySet<CollectorRule> | undefined;
  return LAWS.map(([rule, title]) => ({
    id: `${rule}/programs`,
    rule,
    title: `${title} in a random program`,
    skip: skipOf(subject, rule),
    run() {
      broken ??= rulesBroken(subject);
      if (broken.has(rule)) demandLaw(subject, rule);
    },
  }));
}

function skipOf(subject: CollectorSubject, rule: CollectorRule): string | undefined {
  const needs: Partial<Record<CollectorRule, () => string | undefined>> = {
    cycles: () => without(subject, "cycles"),
    "full-collection": () => without(subject, "cycles"),
    "exact-number": () => without(subject, "exact"),
    untracked: () => withoutCounter(subject),
    "survivor-counts": () => withoutCounter(subject),
    "young-only": () => withoutGenerations(subject),
    ageing: () => withoutGenerations(subject),
    "old-keeps-young": () => withoutGenerations(subject),
  };
  return skipFor(needs[rule]?.());
}

/** Plays a program until something is wrong. */
function playHeapProgram(
  subject: CollectorSubject,
  steps: readonly HeapStep[],
  looks: readonly Look[] = LOOKS,
): { findings: Finding[]; listing: readonly string[] } {
  let findings: Finding[] = [];
  let listing: readonly string[] = [];
  withScene(subject, (scene) => {
    const world = createWorld(subject, scene);
    listing = world.listing;
    for (const step of steps) {
      findings = attempt(subject, world, step, looks);
      if (findings.length > 0) return;
    }
  });
  return { findings, listing };
}

/** An error is a finding too, but of which rule? A heap that is damaged can throw anything. */
function attempt(
  subject: CollectorSubject,
  world: ReturnType<typeof createWorld>,
  step: HeapStep,
  looks: readonly Look[],
): Finding[] {
  try {
    world.perform(step);
    return findingsAfterStep(subject, world, looks);
  } catch (error) {
    return [
      {
        rule: "verify-passes",
        message: `A step threw ${error instanceof Error ? error.message : String(error)}`,
      },
    ];
  }
}

function parametersFor({ runs, seed }: CollectorSubject): { numRuns: number; seed: number } {
  return { numRuns: runs, seed };
}

/**
 * The rules that the programs find broken. Once objects with which nothing special is the matter are freed wrongly, or not at
 * all, it says nothing that special ones are, too.
 */
function rulesBroken(subject: CollectorSubject): ReadonlySet<CollectorRule> {
  const all: Finding[] = [];
  const property = fc.property(heapPrograms(), (steps) => {
    all.push(...playHeapProgram(subject, steps).findings);
  });
  fc.assert(property, parametersFor(subject));
  const isBroken = (rule: CollectorRule): boolean => all.some((finding) => finding.rule === rule);
  const telling = all.filter(({ rule, plain }) => plain === undefined || rule === plain || !isBroken(plain));
  return new Set(telling.flatMap(({ rule }) => rule ?? []));
}

function demandLaw(subject: CollectorSubject, rule: CollectorRule): void {
  // To find the shortest program takes hundreds: they are not held up by what is not asked for.
  const looks = rule === "ages" || rule === "verify-passes" ? LOOKS : LOOKS.slice(0, -1);
  const property = fc.property(heapPrograms(), (steps) => {
    const { findings, listing } = playHeapProgram(subject, steps, looks);
    const mine = findings.find((finding) => finding.rule === rule);
    if (mine === undefined) return;
    throw new Error(`${mine.message}\n\n${listing.map((line) => `  ${line}`).join("\n")}`);
  });
  fc.assert(property, {
    ...parametersFor(subject),
    reporter({ failed, errorInstance, seed }) {
      if (!failed) return;
      const found = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
      throw new Error(`${found}\n\nTo see it again: { seed: ${seed}, runs: ${subject.runs} }.`, {
        cause: errorInstance,
      });
    },
  });
}
