import {
  assertCollectorPlugin,
  createHeap,
  defineCollector,
  type Collector,
  type CollectorContext,
} from "@heapwright/core";

import { demand } from "../demand.js";
import { createHooks, optionsFor } from "./scene.js";
import type { CollectorDraft, CollectorSubject } from "./subject.js";

const ALWAYS: readonly (keyof Collector)[] = [
  "collect",
  "tripped",
  "getThreshold",
  "setThreshold",
  "getCount",
  "problems",
];

/** The shape of the plugin, and of what it creates. */
export function pluginCases(subject: CollectorSubject): CollectorDraft[] {
  return [
    {
      id: "plugin-shape/value",
      rule: "plugin-shape",
      title: "is a value that core accepts",
      run: () => assertCollectorPlugin(subject.plugin),
    },
    {
      id: "plugin-shape/members",
      rule: "plugin-shape",
      title: "creates a collector with every member that its traits ask for",
      run: () => demandMembers(subject),
    },
  ];
}

function demandMembers(subject: CollectorSubject): void {
  const { traits } = subject;
  const wanted: [member: keyof Collector, why: string][] = ALWAYS.map((member) => [
    member,
    "every collector has it",
  ]);
  if (traits.generations > 1) {
    wanted.push(
      ["place", "the trait generations asks for it"],
      ["generationOf", "the trait generations asks for it"],
    );
  }
  if (traits.roots === "scan") wanted.push(["recheck", 'the trait roots: "scan" asks for it']);
  if (traits.barrier === "log") wanted.push(["stored", 'the trait barrier: "log" asks for it']);
  if (traits.decrements) wanted.push(["decremented", "the trait decrements asks for it"]);

  const collector = createdBy(subject);
  for (const [member, why] of wanted) {
    demand(
      typeof collector[member] === "function",
      `The collector must have a function ${member}: ${why}; it is ${typeof collector[member]}.`,
    );
  }
}

/** What the plugin creates for a heap, which is disposed at once. */
function createdBy(subject: CollectorSubject): Collector {
  const made: Collector[] = [];
  const watched = defineCollector({
    name: subject.plugin.name,
    traits: subject.traits,
    create(context: CollectorContext) {
      const collector = subject.plugin.create(context);
      made.push(collector);
      return collector;
    },
  });
  createHeap({ ...optionsFor(subject, createHooks()), collector: watched }).dispose();
  return made[0]!;
}
