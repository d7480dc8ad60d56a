import type { Mutant } from "./mutants.js";

const REACHED = "      const reached = reachedFrom(rootsNow());\n";
const REAP = "      const reaped = deaths.reap(Int32Array.from(condemned), condemned.length, 0);\n";
const CONDEMN = "      for (const object of condemned) work[object >> WORK_SHIFT] = CONDEMNED;\n";
const EDGES = `      const { refs, length } = image.edgesOf(object);
      for (const target of refs.subarray(0, length)) reached.add(target);
`;
const LEAVES = "      const leaves = [...objectsIn(LEAF_POOL)].filter((leaf) => !alive.has(leaf));\n";
const BURY = "      for (const leaf of leaves) deaths.bury(leaf);\n";
const ROOTS = "    return [...roots.refs.subarray(0, roots.length)];\n";
const RECHECK = "      const reached = reachedNow();\n";

/** Lets some of the condemned die first, and of the others what still cannot be reached. */
function inTwoParts(isFirst: string): readonly (readonly [string, string])[] {
  return [
    [CONDEMN, ""],
    [
      REAP,
      `      const flagsOf = (object: number): number => image.layoutFlags[words[object]! & LAYOUT_MASK]!;
      const first = condemned.filter((object) => ${isFirst});
      for (const object of first) work[object >> WORK_SHIFT] = CONDEMNED;
      const one = deaths.reap(Int32Array.from(first), first.length, 0);
      const again = reachedFrom(rootsNow());
      const second = condemned.filter((object) => words[object] !== 0 && !again.has(object));
      for (const object of second) work[object >> WORK_SHIFT] = CONDEMNED;
      const other = deaths.reap(Int32Array.from(second), second.length, 0);
      const reaped = {
        collected: one.collected + other.collected,
        uncollectable: one.uncollectable + other.uncollectable,
      };\n`,
    ],
  ];
}

/** Mutants of `reference-tracing.ts`, by the rules in the order of the catalogue. */
export const TRACING_MUTANTS: readonly Mutant[] = [
  {
    name: "follows no reference to an object of the same pool before the first root",
    breaks: "keeps",
    changes: [
      [
        EDGES,
        `      const { refs, length } = image.edgesOf(object);
      for (const target of refs.subarray(0, length)) if (target > lowest || target >> 12 !== lowest >> 12) reached.add(target);\n`,
      ],
      [
        "    const reached = new Set(objects);\n",
        "    const reached = new Set(objects);\n    const lowest = Math.min(...[...reached].slice(0, 1));\n",
      ],
    ],
  },
  {
    name: "looks at no more than 500 references of an object",
    breaks: "layouts",
    changes: [[EDGES, EDGES.replace("subarray(0, length)", "subarray(0, Math.min(length, 500))")]],
  },
  {
    name: "stops at the first immediate of an object",
    breaks: "passes-over",
    changes: [
      [
        EDGES,
        `      const { refs, length } = image.edgesOf(object);
      const slots = image.scan[words[object]! & LAYOUT_MASK]!;
      const end = words.subarray(object + 1, object + 1 + Math.max(slots, 0)).findIndex((word) => word < 0);
      const before = end < 0 ? length : words.subarray(object + 1, object + 1 + end).filter((word) => word > 0).length;
      for (const target of refs.slice(0, before)) reached.add(target);\n`,
      ],
    ],
    also: 'import { LAYOUT_MASK } from "@heapwright/core";',
  },
  {
    name: "has room for 1,000 roots",
    breaks: "roots",
    changes: [[ROOTS, ROOTS.replace("roots.length", "Math.min(roots.length, 1000)")]],
  },
  {
    name: "crosses out a root that it meets a second time",
    breaks: "roots",
    changes: [
      [
        ROOTS,
        `    const met = new Map<number, number>();
    for (const root of roots.refs.subarray(0, roots.length)) met.set(root, (met.get(root) ?? 0) + 1);
    return [...met].filter(([, times]) => times === 1).map(([root]) => root);\n`,
      ],
    ],
  },
  {
    name: "takes for a root what survived three collections",
    breaks: "full-collection",
    changes: [
      [
        REACHED,
        `      const veterans = [...survived].filter(([, times]) => times >= 3).map(([object]) => object);
      const reached = reachedFrom([...rootsNow(), ...veterans]);
      for (const object of survived.keys()) if (!reached.has(object)) survived.delete(object);
      for (const object of reached) survived.set(object, (survived.get(object) ?? 0) + 1);\n`,
      ],
      [
        "  /** What scopes, pins and the like hold. */\n",
        "  const survived = new Map<number, number>();\n\n",
      ],
    ],
  },
  {
    name: "counts what it condemned, whether it died or not",
    breaks: "exact-number",
    changes: [
      [
        "      return reaped;\n",
        "      return { ...reaped, collected: condemned.length - reaped.uncollectable };\n",
      ],
    ],
  },
  {
    name: "does not look into untracked objects",
    breaks: "untracked",
    changes: [[EDGES, `      if ((words[object]! & UNTRACKED) !== 0) continue;\n${EDGES}`]],
    also: 'import { UNTRACKED } from "@heapwright/core";',
  },
  {
    name: "never frees a leaf",
    breaks: "leaves-go",
    changes: [[BURY, "      void leaves;\n"]],
  },
  {
    name: "frees leaves only when something else died",
    breaks: "leaves-go",
    changes: [[BURY, `      if (condemned.length === 0) return reaped;\n${BURY}`]],
  },
  {
    name: "frees the leaves of the dead, whoever else refers to them",
    breaks: "leaves-stay",
    changes: [
      [
        CONDEMN,
        `      const leavesOf = new Map(condemned.map((object) => [object, [...image.edgesOf(object).refs.slice(0, image.edgesOf(object).length)]]));\n${CONDEMN}`,
      ],
      [
        LEAVES,
        `      const orphans = new Set([...leavesOf].flatMap(([object, edges]) => (words[object] === 0 ? edges : [])));
      const leaves = [...objectsIn(LEAF_POOL)].filter((leaf) => !alive.has(leaf) || orphans.has(leaf));\n`,
      ],
    ],
  },
  {
    name: "keeps a mark in the last word of a small leaf",
    breaks: "leaves-stay",
    changes: [
      [
        BURY,
        `${BURY}      for (const leaf of objectsIn(LEAF_POOL)) {
        if ((image.pools[leaf >> image.poolShift]! & STRIDE_MASK) === 4) words[leaf + 3]! |= 1;
      }\n`,
      ],
    ],
  },
  {
    name: "turns the items of what it keeps around",
    breaks: "contents",
    changes: [
      [
        BURY,
        `${BURY}      for (const object of objectsIn(TRACKED_POOL)) {
        if (image.scan[words[object]! & LAYOUT_MASK] !== ITEMS) continue;
        words.subarray(words[object + 1]!, words[object + 1]! + words[object + 2]!).reverse();
      }\n`,
      ],
    ],
    also: 'import { ITEMS, LAYOUT_MASK } from "@heapwright/core";',
  },
  {
    name: "gives up after 150,000 objects",
    breaks: "deep",
    changes: [[EDGES, `      if (reached.size > 150_000) break;\n${EDGES}`]],
  },
  {
    name: "frees leaves before finalizers run",
    breaks: "graph-intact",
    changes: [
      [
        REAP,
        `      for (const leaf of [...objectsIn(LEAF_POOL)].filter((each) => !reached.has(each))) deaths.bury(leaf);\n${REAP}`,
      ],
    ],
  },
  {
    name: "does not look again after finalizers ran",
    breaks: "resurrection",
    changes: [[RECHECK, "      const reached = new Set<number>();\n"]],
  },
  {
    name: "spares what was resurrected, and not what that leads to",
    breaks: "resurrection",
    changes: [[RECHECK, "      const reached = new Set(rootsNow());\n"]],
  },
  {
    name: "collects until there is nothing left",
    breaks: "finalizer-deeds",
    changes: [
      ["  return {\n    collect() {\n", "  const collector: Collector = {\n    collect() {\n"],
      [
        "      return reaped;\n",
        "      return reaped.collected === 0 ? reaped : addTo(reaped, collector.collect(2));\n",
      ],
      ["    problems: () => [],\n  };\n", "    problems: () => [],\n  };\n  return collector;\n"],
    ],
    also: `import type { Reaped } from "@heapwright/core";
function addTo(one: Reaped, other: Reaped): Reaped {
  return { collected: one.collected + other.collected, uncollectable: one.uncollectable + other.uncollectable };
}`,
  },
  {
    name: "lets objects with finalizers die first",
    breaks: "weak-cleared",
    changes: inTwoParts("(flagsOf(object) & LAYOUT.finalizer) !== 0"),
    also: 'import { LAYOUT, LAYOUT_MASK } from "@heapwright/core";',
  },
  {
    name: "lets weak references die last",
    breaks: "weak-callbacks",
    changes: inTwoParts("(flagsOf(object) & LAYOUT.weakReference) === 0"),
    also: 'import { LAYOUT, LAYOUT_MASK } from "@heapwright/core";',
  },
  {
    name: "clears the weak references that it comes to",
    breaks: "weak-kept",
    changes: [
      [
        CONDEMN,
        `${CONDEMN}      for (const weak of reached) {
        if ((image.layoutFlags[words[weak]! & LAYOUT_MASK]! & LAYOUT.weakReference) !== 0) words[weak + 2] = 0;
      }\n`,
      ],
    ],
    also: 'import { LAYOUT, LAYOUT_MASK } from "@heapwright/core";',
  },
  {
    name: "lets the mutator go on counting births",
    breaks: "get-count",
    changes: [["      trigger.count = 0;\n", "      trigger.count = Math.min(trigger.count, 1);\n"]],
  },
  {
    name: "begins with new thresholds when a heap is attached",
    breaks: "attach",
    changes: [["  if (!context.attached) setThreshold", "  setThreshold"]],
  },
  {
    name: "needs a megabyte of the memory for its own lists",
    breaks: "out-of-memory",
    changes: [
      [
        "      trigger.count = 0;\n",
        `      trigger.count = 0;
      const own = image.memory.reserve(MEGABYTE, 4096, 99);
      if (own === 0) return { collected: 0, uncollectable: 0 };
      image.memory.release(own, MEGABYTE);\n`,
      ],
    ],
    also: "const MEGABYTE = 1024 * 1024;",
  },
  {
    name: "lets one heap collect at a time",
    breaks: "independent",
    changes: [
      [REAP, `      isBusy = true;\n${REAP}      isBusy = false;\n`],
      [
        "      trigger.count = 0;\n",
        "      trigger.count = 0;\n      if (isBusy) return { collected: 0, uncollectable: 0 };\n",
      ],
    ],
    also: "let isBusy = false;",
  },
];
