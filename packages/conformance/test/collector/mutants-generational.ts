import type { Mutant } from "./mutants.js";

const REAP = "      return deaths.reap(Int32Array.from(condemned), condemned.length, older);\n";
const SUBTRACT = `      for (const target of referencesOf(object)) {
        if (outside.has(target)) outside.set(target, outside.get(target)! - 1);
      }
`;
const FOLLOW =
  "      for (const target of referencesOf(object)) if (outside.has(target)) reached.add(target);\n";
const OUTSIDE = "      outside.set(object, isImmortal(object) ? Infinity : count);\n";
const AGE_SURVIVORS = "      for (const object of reached) setAge(object, older);\n";
const MEMBERS =
  "      const members = [...trackedObjects()].filter((object) => ageOf(object) <= generation);\n";

/** Mutants of `reference-generational.ts`, by the rules in the order of the catalogue. */
export const GENERATIONAL_MUTANTS: readonly Mutant[] = [
  {
    name: "declares a barrier and has nobody to tell of stores",
    breaks: "plugin-shape",
    changes: [['    roots: "derived",\n', '    roots: "derived",\n    barrier: "log",\n']],
  },
  {
    name: "wants to hear of decrements and does not listen",
    breaks: "plugin-shape",
    changes: [["    exact: true,\n", "    exact: true,\n    decrements: true,\n"]],
  },
  {
    name: "takes a reference of an object to itself for one from outside, if it has others",
    breaks: "cycles",
    changes: [
      [
        SUBTRACT,
        SUBTRACT.replace(
          "if (outside",
          "if ((target !== object || referencesOf(object).length === 1) && outside",
        ),
      ],
    ],
  },
  {
    name: "does not go back to objects of a pool that it has passed",
    breaks: "keeps",
    changes: [[FOLLOW, FOLLOW.replace("if (outside", "if (isAhead(object, target) && outside")]],
    also: "const isAhead = (object: number, target: number): boolean => target > object || target >> 12 !== object >> 12;",
  },
  {
    name: "does not look into the buffers of lists when it subtracts",
    breaks: "layouts",
    changes: [
      [SUBTRACT, `      if (image.scan[words[object]! & LAYOUT_MASK] === ITEMS) continue;\n${SUBTRACT}`],
    ],
    also: 'import { ITEMS, LAYOUT_MASK } from "@heapwright/core";',
  },
  {
    name: "counts one object too many",
    breaks: "exact-number",
    changes: [
      [
        REAP,
        `      const { collected, uncollectable } = deaths.reap(Int32Array.from(condemned), condemned.length, older);
      return { collected: collected + Math.min(collected, 1), uncollectable };\n`,
      ],
    ],
  },
  {
    name: "looks at untracked objects as well",
    breaks: "untracked",
    changes: [
      [
        "words[cell] !== 0 && (words[cell]! & UNTRACKED) === 0",
        "words[cell] !== 0 && (words[cell]! & UNTRACKED) !== -1",
      ],
    ],
  },
  {
    name: "exchanges the first two references of what survives",
    breaks: "contents",
    changes: [
      [
        AGE_SURVIVORS,
        `${AGE_SURVIVORS}      for (const object of reached) {
        if (image.scan[words[object]! & LAYOUT_MASK]! < 2) continue;
        [words[object + 1], words[object + 2]] = [words[object + 2]!, words[object + 1]!];
      }\n`,
      ],
    ],
    also: 'import { LAYOUT_MASK } from "@heapwright/core";',
  },
  {
    name: "keeps a count of its own on survivors that the dead refer to",
    breaks: "survivor-counts",
    changes: [
      [
        REAP,
        `      const touched = new Set(condemned.flatMap(referencesOf));
      for (const object of reached) if (touched.has(object) && counter.count(object) < 256) counter.add(object, 1);\n${REAP}`,
      ],
    ],
  },
  {
    name: "counts in a byte",
    breaks: "large-counts",
    changes: [[OUTSIDE, OUTSIDE.replace(": count", ": count % 256")]],
  },
  {
    name: "takes no more than 255 references off a count",
    breaks: "large-counts",
    changes: [
      [
        SUBTRACT,
        `      for (const target of referencesOf(object)) {
        const taken = inside.get(target) ?? 0;
        inside.set(target, taken + 1);
        if (taken < 255 && outside.has(target)) outside.set(target, outside.get(target)! - 1);
      }\n`,
      ],
      [
        "    const outside = new Map<number, number>();\n",
        "    const outside = new Map<number, number>();\n    const inside = new Map<number, number>();\n",
      ],
    ],
  },
  {
    name: "takes an immortal object for one with a single reference",
    breaks: "immortals",
    changes: [[OUTSIDE, OUTSIDE.replace("Infinity", "1")]],
  },
  {
    name: "has no list for more than 250,000 dead objects",
    breaks: "big-garbage",
    changes: [
      [
        "      const condemned = members.filter((object) => !reached.has(object));\n",
        `      const unreachable = members.filter((object) => !reached.has(object));
      const condemned = unreachable.length > 250_000 ? [] : unreachable;\n`,
      ],
    ],
  },
  {
    name: "calls itself for each reference that it follows",
    breaks: "deep",
    changes: [
      [
        `    for (const object of reached) {\n${FOLLOW}    }\n`,
        `    const follow = (object: number): void => {
      for (const target of referencesOf(object)) {
        if (!outside.has(target) || reached.has(target)) continue;
        reached.add(target);
        follow(target);
      }
    };
    for (const object of [...reached]) follow(object);\n`,
      ],
    ],
  },
  {
    name: "calls no finalizers when more than fifteen objects die at once",
    breaks: "finalizers",
    changes: [
      [
        REAP,
        `      if (condemned.length > 15) for (const object of condemned) words[object]! |= FINALIZED;\n${REAP}`,
      ],
    ],
    also: 'import { FINALIZED } from "@heapwright/core";',
  },
  {
    name: "forgets that finalizers were called",
    breaks: "resurrection",
    changes: [[REAP, `      for (const object of members) words[object]! &= ~FINALIZED;\n${REAP}`]],
    also: 'import { FINALIZED } from "@heapwright/core";',
  },
  {
    name: "tells nobody of weak references without a callback",
    breaks: "weak-cleared",
    changes: [
      [
        REAP,
        `      const dead = new Set(condemned);
      for (const weak of trackedObjects()) {
        const [target, callback] = [words[weak + 2]!, words[weak + 5]!];
        const isPlainWeak = (words[weak]! & LAYOUT_MASK) === WEAK_REFERENCE && callback === 0;
        if (isPlainWeak && dead.has(target)) words[target]! &= ~HAS_WEAKREFS;
      }\n${REAP}`,
      ],
    ],
    also: 'import { HAS_WEAKREFS, LAYOUT_MASK } from "@heapwright/core";\nconst WEAK_REFERENCE = 1;',
  },
  {
    name: "forgets that there are weak references to what it keeps",
    breaks: "weak-kept",
    changes: [[REAP, `      for (const object of reached) words[object]! &= ~HAS_WEAKREFS;\n${REAP}`]],
    also: 'import { HAS_WEAKREFS } from "@heapwright/core";',
  },
  {
    name: "counts what is uncollectable as collected",
    breaks: "uncollectable",
    changes: [
      [
        REAP,
        `      const { collected, uncollectable } = deaths.reap(Int32Array.from(condemned), condemned.length, older);
      return { collected: collected + uncollectable, uncollectable: 0 };\n`,
      ],
    ],
  },
  {
    name: "frees garbage of all generations, whichever is asked for",
    breaks: "young-only",
    changes: [
      [MEMBERS, "      const members = [...trackedObjects()];\n"],
      [
        AGE_SURVIVORS,
        "      for (const object of reached) setAge(object, Math.max(ageOf(object), older));\n",
      ],
    ],
  },
  {
    name: "knows no generation between the first and the last",
    breaks: "ageing",
    changes: [["Math.min(generation + 1, OLDEST);", "OLDEST;"]],
  },
  {
    name: "lets nothing get older than generation 1 by itself",
    breaks: "ageing",
    changes: [["Math.min(generation + 1, OLDEST);", "1;"]],
  },
  {
    name: "takes references from older objects for ones from inside",
    breaks: "old-keeps-young",
    changes: [
      [
        `    for (const object of members) {\n${SUBTRACT}`,
        `    for (const object of trackedObjects()) {\n${SUBTRACT}`,
      ],
    ],
  },
  {
    name: "goes back to its first thresholds where none is given",
    breaks: "thresholds",
    changes: [
      [
        "    own.set(thresholds, THRESHOLDS);\n",
        "    own.set([700, 10, 10], 0);\n    own.set(thresholds, 0);\n",
      ],
    ],
  },
  {
    name: "does not start the count of the oldest generation anew",
    breaks: "get-count",
    changes: [["younger <= generation; younger++", "younger <= Math.min(generation, 1); younger++"]],
  },
  {
    name: "never wants to be asked",
    breaks: "automatic",
    changes: [["own[THRESHOLDS] === 0 ? Infinity : own[THRESHOLDS]!", "Infinity"]],
  },
  {
    name: "takes a threshold of 0 for a low one",
    breaks: "automatic",
    changes: [
      ["own[THRESHOLDS] === 0 ? Infinity : own[THRESHOLDS]!", "own[THRESHOLDS]!"],
      ["      if (own[THRESHOLDS] === 0) return;\n", ""],
    ],
  },
  {
    name: "collects when it is asked how far it is",
    breaks: "automatic",
    changes: [
      [
        "  function getCount(): number[] {\n",
        "  function getCount(): number[] {\n    if (trigger.count > 10_000) context.collect(0);\n",
      ],
    ],
  },
  {
    name: "leaves a mark on what it reached",
    breaks: "ages",
    changes: [
      [AGE_SURVIVORS, "      for (const object of reached) setAge(object, 128 | older);\n"],
      ["    return work[object >> WORK_SHIFT]!;\n", "    return work[object >> WORK_SHIFT]! & 127;\n"],
    ],
  },
  {
    name: "keeps its thresholds beside the memory",
    breaks: "attach",
    changes: [
      [
        "  const { image, deaths, trigger, words: own } = context;\n",
        "  const { image, deaths, trigger } = context;\n  const own = new Int32Array(8);\n",
      ],
      ["  if (!context.attached) setThreshold", "  setThreshold"],
    ],
  },
  {
    name: "has one set of thresholds and counts for all heaps",
    breaks: "independent",
    changes: [
      [
        "  const { image, deaths, trigger, words: own } = context;\n",
        "  const { image, deaths, trigger } = context;\n  const own = SHARED;\n",
      ],
    ],
    also: "const SHARED = new Int32Array(8);",
  },
  {
    name: "finds fault with more than five objects",
    breaks: "verify-passes",
    changes: [
      [
        "      const odd = [...trackedObjects()].filter((object) => ageOf(object) > OLDEST);\n",
        "      const odd = [...trackedObjects()].slice(5);\n",
      ],
    ],
  },
];
