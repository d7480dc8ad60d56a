/**
 * Layouts as users write them: a type as data, so that collectors can switch on it.
 */

import { HeapwrightError } from "../errors.js";
import { showValue } from "../show-value.js";
import { GRANULE_WORDS } from "./work-byte.js";

/** How the references of an object are found. */
export type Scan = "leaf" | "all" | "prefix" | "bitmap" | "items" | "entries" | "custom";

/**
 * What the objects of a type look like. A cell is a header word and `words` more.
 *
 * ```text
 *   leaf      [ header | raw words ]                                   float, str, a row of numbers
 *   all       [ header | ref | ref | ... ]                             tuple
 *   prefix    [ header | ref 1 .. ref slots | raw words ]              instance
 *   bitmap    [ header | words; those in `references` are refs ]
 *   items     [ header | first | count | capacity | raw words ]        list: `count` refs in a buffer
 *   entries   as items; the buffer holds key, value, key, value        dict
 *   custom    [ header | words ]; the code named by `edges` tells
 * ```
 */
export interface LayoutSpec {
  /** Unique in its heap. */
  readonly name: string;
  /** How references are found. */
  readonly scan: Scan;
  /**
   * Words after the header, 0 to 511 (127 where pools are 4 KiB). For `leaf` and `all` it may be left out, and is then
   * chosen for each object. Default: `slots` for `prefix`, 3 for `items` and `entries`.
   */
  readonly words?: number;
  /** For `prefix`: how many references, from word 1 on. */
  readonly slots?: number;
  /** For `bitmap`: the words that are references, 1 or more each, rising. */
  readonly references?: readonly number[];
  /** For `custom`: name of the code that adds the references of an object to a buffer. */
  readonly edges?: string;
  /** For `leaf`: words 1 to 3 describe a buffer of raw bytes that the object owns. */
  readonly buffer?: boolean;
  /** Name of the code that is called once before an object dies. CPython: `tp_finalize`, `__del__`. */
  readonly finalizer?: string;
  /** Name of code of the old kind: called whenever the object is about to die, and never in a cycle. CPython: `tp_del`. */
  readonly legacyFinalizer?: string;
  /** Whether there can be weak references to it. Default: true, and false for leaves. */
  readonly weakrefable?: boolean;
}

const SCANS: readonly string[] = [
  "leaf",
  "all",
  "prefix",
  "bitmap",
  "items",
  "entries",
  "custom",
] satisfies Scan[];

const FIELDS: readonly (keyof LayoutSpec)[] = [
  "name",
  "scan",
  "words",
  "slots",
  "references",
  "edges",
  "buffer",
  "finalizer",
  "legacyFinalizer",
  "weakrefable",
];

/** Words 1 to 3 of a cell with a buffer. */
const BUFFER_WORDS = 3;

/** A layout spec, checked, with its defaults filled in. */
export interface ResolvedLayout {
  /** As given, without what has no meaning. */
  readonly spec: LayoutSpec;
  /** Words in a cell, the header included; 0 = chosen for each object. */
  readonly cellWords: number;
  /** It has a buffer. */
  readonly hasBuffer: boolean;
  /** There can be weak references to it. */
  readonly weakrefable: boolean;
  /** Nothing in it refers to anything, nothing happens when it dies, and nobody watches it: it goes into a pool of leaves. */
  readonly isPlainLeaf: boolean;
}

/**
 * Checks a layout.
 *
 * @param maxWords - words in the largest cell, the header included
 * @throws HeapwrightError `ERR_BAD_LAYOUT` saying what contradicts what
 */
export function resolveLayout(spec: LayoutSpec, maxWords: number): ResolvedLayout {
  if (typeof spec !== "object" || (spec as unknown) === null) {
    throw new HeapwrightError(
      "ERR_BAD_LAYOUT",
      `A layout is an object with name and scan, not ${showValue(spec)}.`,
    );
  }
  const { name, scan } = spec;
  const refuse = (what: string): never => {
    throw new HeapwrightError("ERR_BAD_LAYOUT", `Layout ${showValue(name)}: ${what}`);
  };
  if (typeof name !== "string" || name === "") refuse("its name must be a text that is not empty.");
  if (!SCANS.includes(scan)) refuse(`scan must be one of ${SCANS.join(", ")}, not ${showValue(scan)}.`);
  const onlyFor = (field: keyof LayoutSpec, ...scans: Scan[]): void => {
    if (spec[field] !== undefined && !scans.includes(scan)) {
      refuse(`${field} is for scan ${scans.map((each) => `"${each}"`).join(" or ")}, not "${scan}".`);
    }
  };
  onlyFor("slots", "prefix");
  onlyFor("references", "bitmap");
  onlyFor("edges", "custom");
  onlyFor("buffer", "leaf");
  if (spec.buffer !== undefined && typeof spec.buffer !== "boolean")
    refuse(`buffer must be true or false, not ${showValue(spec.buffer)}.`);
  const hasBuffer = scan === "items" || scan === "entries" || spec.buffer === true;
  const words = wordsOf(spec, hasBuffer, refuse);
  if (words !== undefined) {
    if (!Number.isInteger(words) || words < 0 || words + 1 > maxWords) {
      refuse(
        `words must be a whole number from 0 to ${maxWords - 1}, not ${showValue(words)}. Longer data goes into a buffer: scan "items", or a leaf with buffer: true.`,
      );
    }
    if (hasBuffer && words < BUFFER_WORDS)
      refuse(`words 1 to 3 describe its buffer, so words must be at least 3, not ${words}.`);
  }
  checkReferences(spec, words ?? 0, refuse);
  if (scan === "custom" && typeof spec.edges !== "string")
    refuse("edges must name the code that finds its references.");
  if (spec.finalizer !== undefined && spec.legacyFinalizer !== undefined) {
    refuse("it has a finalizer and a legacyFinalizer; an object has one of them.");
  }
  const weakrefable = spec.weakrefable ?? scan !== "leaf";
  if (typeof weakrefable !== "boolean")
    refuse(`weakrefable must be true or false, not ${showValue(weakrefable)}.`);
  const dies = spec.finalizer !== undefined || spec.legacyFinalizer !== undefined;
  return {
    spec: copyOf(spec),
    cellWords: words === undefined ? 0 : words + 1,
    hasBuffer,
    weakrefable,
    isPlainLeaf: scan === "leaf" && !weakrefable && !dies,
  };
}

/** The caller may do with the original what it likes. */
function copyOf(spec: LayoutSpec): LayoutSpec {
  const given = FIELDS.filter((field) => spec[field] !== undefined).map((field) => [field, spec[field]]);
  const copy = Object.fromEntries(given) as LayoutSpec;
  return copy.references ? { ...copy, references: [...copy.references] } : copy;
}

function wordsOf(spec: LayoutSpec, hasBuffer: boolean, refuse: (what: string) => never): number | undefined {
  if (spec.words !== undefined) return spec.words;
  if (hasBuffer) return BUFFER_WORDS;
  if (spec.scan === "prefix") return spec.slots;
  if (spec.scan === "leaf" || spec.scan === "all") return undefined;
  return refuse(`words is missing: how many words has a cell of scan "${spec.scan}", its header left out?`);
}

function checkReferences(spec: LayoutSpec, words: number, refuse: (what: string) => never): void {
  const { scan, slots, references } = spec;
  if (scan === "prefix" && (!Number.isInteger(slots) || slots! < 0 || slots! > words)) {
    refuse(`slots must be a whole number from 0 to its ${words} words, not ${showValue(slots)}.`);
  }
  if (scan !== "bitmap") return;
  const isRising = (word: number, index: number): boolean =>
    Number.isInteger(word) && word >= 1 && word <= words && (index === 0 || word > references![index - 1]!);
  if (!Array.isArray(references) || !Array.from<number>(references).every(isRising)) {
    refuse(`references must be rising word numbers from 1 to ${words}, not ${showValue(references)}.`);
  }
}

/** Words in a cell that is rounded up to whole granules. */
export function roundedWords(words: number): number {
  return Math.ceil(words / GRANULE_WORDS) * GRANULE_WORDS;
}
