import { describe, expect, it } from "vitest";

import {
  BUFFERS,
  COLLECTING,
  ENABLED,
  EVENT_WORDS,
  FINALIZER_LAYOUTS,
  FREE_PIN,
  HANDLES,
  LAYOUTS as LAYOUT_COUNT,
  PINS,
  PIN_ROWS,
  TRIGGER_COUNT,
  TRIGGER_LIMIT,
  WEAK_REFERENCES,
} from "../../src/heap/control.js";
import { COUNT_SHIFT, HAS_WEAKREFS, LAYOUT_MASK, ONE_COUNT, UNTRACKED } from "../../src/heap/object-word.js";
import { openRefTable } from "../../src/heap/ref-table.js";
import type { Owned, Ptr } from "../../src/heap/reference.js";
import { openRun, RUN } from "../../src/heap/run.js";
import type { Scope } from "../../src/heap/scope.js";
import { errorOf } from "../error-of.js";
import { COUNTED, PLANS, SCANNED, openHeap, type OpenHeap, type Plan } from "./support/open-heap.js";

/** A sound heap with one of everything, whose parts are known by name. */
interface Sound extends OpenHeap {
  readonly words: Int32Array;
  readonly control: Int32Array;
  readonly scope: Scope;
  readonly node: Owned;
  readonly list: Owned;
  readonly leaf: Owned;
  readonly blob: Owned;
  readonly retained: Owned;
  /** Two weak references to the node. */
  readonly weak: Owned;
  readonly older: Owned;
  /** A cell in the list of free ones. */
  readonly freeCell: number;
  /** Words of the pins, two each; the first is free, the second in use. */
  readonly pins: Int32Array;
}

function openSound(plan: Plan): Sound {
  const opened = openHeap(plan);
  const { heap, layouts, tables } = opened;
  const scope = heap.enter();
  const node = scope.create(layouts.node);
  const list = scope.create(layouts.list);
  const leaf = scope.create(layouts.short);
  const blob = scope.create(layouts.blob);
  const retained = scope.create(layouts.plain);
  heap.items.append(list, node);
  heap.items.append(list, leaf);
  heap.items.reserveBytes(blob, 64);
  heap.retain(retained, 2);
  const older = heap.weak.create(scope, node, { callback: () => {} });
  const weak = heap.weak.create(scope, node, { callback: () => {} });
  const first = heap.pin(node);
  heap.pin(list);
  heap.unpin(first);
  const freeCell = heap.scope((s) => s.create(layouts.plain));
  heap.gc.collect();
  heap.verify();
  return {
    ...opened,
    words: heap.words,
    control: tables.control,
    scope,
    node,
    list,
    leaf,
    blob,
    retained,
    weak,
    older,
    freeCell,
    pins: openRun(heap.memory, tables.control, RUN.pins).words,
  };
}

type Damage = (heap: Sound) => unknown;

/** What `verify` says after a damage. */
function said(plan: Plan, damage: Damage): string {
  const sound = openSound(plan);
  damage(sound);
  const error = errorOf(() => sound.heap.verify());
  expect(error.code).toBe("ERR_CORRUPT_MEMORY");
  return error.message;
}

const DAMAGES: readonly [string, Damage, RegExp][] = [
  // Headers
  [
    "a layout that there is not",
    ({ words, node }) => (words[node]! |= LAYOUT_MASK),
    /has the layout 4095, of 12/,
  ],
  [
    "a layout that needs a longer cell",
    ({ words, leaf, layouts }) => (words[leaf] = (words[leaf]! & ~LAYOUT_MASK) | layouts.plain),
    /of 5 words is in a cell of 4/,
  ],
  [
    "an object among leaves",
    ({ words, leaf, layouts }) => (words[leaf] = (words[leaf]! & ~LAYOUT_MASK) | layouts.tuple),
    /is no leaf and is in a pool of leaves/,
  ],
  ["a leaf that is tracked", ({ words, leaf }) => (words[leaf]! &= ~UNTRACKED), /Leaf \d+ is tracked/],
  ["a header that is gone", ({ words, node }) => (words[node] = 0), /neither live nor in the free list/],
  [
    "a header in a free cell",
    ({ words, freeCell, layouts }) => (words[freeCell] = ONE_COUNT | layouts.plain),
    /is no free cell/,
  ],
  // Work bytes
  [
    "a work byte that is no age",
    ({ tables, node }) => (tables.work[node >> 3] = 128),
    /The work byte of word \d+ is 128, no age/,
  ],
  [
    "a work byte of a free cell",
    ({ tables, freeCell }) => (tables.work[freeCell >> 3] = 1),
    /work byte of the free cell \d+ is 1/,
  ],
  // Pools
  [
    "a free list that loops",
    ({ words, freeCell }) => (words[freeCell + 1] = freeCell),
    /its free list leads to/,
  ],
  [
    "a live count",
    ({ tables, node }) => tables.poolRows[4 * (node >> tables.poolShift) + 1]!++,
    /live cells and counts/,
  ],
  ["a pool word", ({ tables, node }) => (tables.pools[node >> tables.poolShift]! |= 3), /has the pool word/],
  [
    "a pool word that is gone",
    ({ tables, node }) => (tables.pools[node >> tables.poolShift] = 0),
    /does not belong there/,
  ],
  [
    "rubbish in a free cell",
    ({ words, freeCell }) => (words[freeCell + 3] = 5),
    /word 3 of the free cell \d+ is 5/,
  ],
  // Buffers
  [
    "a buffer that two objects have",
    ({ words, list, blob }) => words.copyWithin(blob + 1, list + 1, list + 4),
    /have the same buffer/,
  ],
  [
    "more items than room",
    ({ words, list }) => (words[list + 2] = 9999),
    /has 9999 items in a buffer of 4 words/,
  ],
  ["fewer items than none", ({ words, list }) => (words[list + 2] = -1), /has -1 items/],
  [
    "more room than there is",
    ({ words, blob }) => (words[blob + 3] = 100_000),
    /is no block of 100000 words/,
  ],
  ["a buffer that is no block", ({ words, blob }) => (words[blob + 1]! += 4), /is no block/],
  [
    "room without a buffer",
    ({ words, blob }) => (words[blob + 1] = 0),
    /a capacity of 16 words and no buffer/,
  ],
  ["a count of buffers", ({ control }) => control[BUFFERS]!++, /have 2 buffers, 3 are counted/],
  // References
  [
    "a reference to a free cell",
    ({ words, node, freeCell }) => (words[node + 1] = freeCell),
    /refers to \d+, where no object is/,
  ],
  [
    "a reference into an object",
    ({ words, node, list }) => (words[node + 1] = list + 4),
    /refers to \d+, where no object is/,
  ],
  [
    "an item that is none",
    ({ words, list }) => (words[words[list + 1]!] = 12),
    /refers to 12, where no object is/,
  ],
  // Roots
  [
    "a handle that dangles",
    ({ heap, control, freeCell }) => (openRun(heap.memory, control, RUN.handles).words[1] = freeCell),
    /A root refers to/,
  ],
  [
    "a handle that is nothing",
    ({ heap, control }) => (openRun(heap.memory, control, RUN.handles).words[1] = 0),
    /Handle 1 is 0, no object/,
  ],
  [
    "more handles than room",
    ({ control }) => (control[HANDLES] = 5000),
    /There are 5000 handles, and room for 1024/,
  ],
  ["fewer handles than none", ({ control }) => (control[HANDLES] = -1), /There are -1 handles/],
  ["a pin that dangles", ({ pins, freeCell }) => (pins[2] = freeCell), /A root refers to/],
  [
    "a pin that is counted and not there",
    ({ control }) => control[PINS]!++,
    /free pins is broken: of 2 rows 2/,
  ],
  ["a free pin that is in use", ({ pins, node }) => (pins[0] = node), /free pins is broken/],
  ["free pins in a circle", ({ pins }) => (pins[0] = -1), /free pins is broken/],
  ["free pins that lead astray", ({ control }) => (control[FREE_PIN] = 99), /free pins is broken/],
  ["free pins that are lost", ({ control }) => (control[FREE_PIN] = 0), /free pins is broken/],
  ["rows of pins that nobody knows", ({ control }) => control[PIN_ROWS]!++, /free pins is broken: of 3 rows/],
  // Weak references
  [
    "a flag for weak references that are not there",
    ({ words, list }) => (words[list]! |= HAS_WEAKREFS),
    /has weak references, and the table does not know any/,
  ],
  [
    "weak references without a flag",
    ({ words, node }) => (words[node]! &= ~HAS_WEAKREFS),
    /names \d+, which has none/,
  ],
  ["a weak reference to another target", ({ words, weak, list }) => (words[weak + 2] = list), /broken at/],
  ["a weak reference that lost its target", ({ words, older }) => (words[older + 2] = 0), /broken at/],
  ["a weak reference that does not lead back", ({ words, older }) => (words[older + 4] = 0), /broken at/],
  ["weak references in a circle", ({ words, weak, older }) => (words[older + 3] = weak), /broken at/],
  [
    "a weak reference that is cut off",
    ({ words, weak }) => (words[weak + 3] = 0),
    /2 weak references have a target, 1 are linked, 2 counted/,
  ],
  ["a weak reference that is not weak", ({ words, weak, list }) => (words[weak + 3] = list), /broken at/],
  ["a count of weak references", ({ control }) => control[WEAK_REFERENCES]!--, /2 are linked, 1 counted/],
  [
    "a table of weak references that is gone",
    ({ heap, control }) => openRun(heap.memory, control, RUN.weakHeads).words.fill(0),
    /the table does not know any/,
  ],
  [
    "the size of a table",
    ({ heap, control }) => openRun(heap.memory, control, RUN.weakHeads).words[0]!++,
    /table of weak references has 1 entries and counts 2/,
  ],
  [
    "an entry out of its place in a table",
    ({ heap, control, list }) => {
      const { words } = openRun(heap.memory, control, RUN.weakHeads);
      const place = words.findIndex((word, index) => index >= 2 && word !== 0);
      words.set([words[place]!, words[place + 1]!], 2 + ((place + 100) % 512));
      words.set([list, words[place + 1]!], place);
    },
    /table does not know any|does not find its entry/,
  ],
  // Layouts and control words
  [
    "a row of a layout",
    ({ tables, layouts }) => tables.scan[layouts.plain]!++,
    /The row of layout "plain" is not as it was defined/,
  ],
  [
    "flags of a layout",
    ({ tables, layouts }) => tables.layoutFlags[layouts.node]!--,
    /The row of layout "node"/,
  ],
  [
    "a header for new objects",
    ({ tables, layouts }) => tables.headers[layouts.list]!++,
    /The row of layout "list"/,
  ],
  [
    "the length of a cell",
    ({ tables, layouts }) => tables.cellWords[layouts.dict]!--,
    /The row of layout "dict"/,
  ],
  ["a count of layouts", ({ control }) => control[LAYOUT_COUNT]!++, /There are 12 layouts, 13 are counted/],
  [
    "a count of finalizers",
    ({ control }) => control[FINALIZER_LAYOUTS]!--,
    /2 layouts with finalizers, 1 are counted/,
  ],
  ["a flag for automatic collection", ({ control }) => (control[ENABLED] = 2), /Automatic collection is 2/],
  ["a flag for a collection", ({ control }) => (control[COLLECTING] = -1), /A collection under way is -1/],
  ["a limit", ({ control }) => control[TRIGGER_LIMIT]!--, /The collector is asked at/],
  ["a count of births", ({ control }) => (control[TRIGGER_COUNT] = -1), /-1 objects are counted as born/],
  [
    "a length of the events",
    ({ control }) => (control[EVENT_WORDS] = 5000),
    /The event buffer has 5000 words/,
  ],
  // Below
  [
    "the memory's header",
    ({ heap }) => new Int32Array(heap.memory.buffer, 0, 2).fill(0),
    /stamp is overwritten/,
  ],
  ["the page map", ({ heap }) => new Uint8Array(heap.memory.buffer, 64, 1).fill(0), /header/],
];

describe.each(PLANS)("damage to a heap $name is noticed", (plan) => {
  it.each(DAMAGES)("%s", (_, damage, sentence) => {
    expect(said(plan, damage)).toMatch(sentence);
  });
});

describe("damage to counts is noticed", () => {
  it.each<[string, Damage, RegExp]>([
    [
      "a count too high",
      ({ words, node }) => (words[node]! += ONE_COUNT),
      /exceed the known references by 3; 2 are held/,
    ],
    [
      "a count too low",
      ({ words, node }) => (words[node]! -= ONE_COUNT),
      /has a count of 1; 2 references to it are known/,
    ],
    [
      "a count of 0",
      ({ words, retained }) => (words[retained]! &= (1 << COUNT_SHIFT) - 1),
      /has a count of 0/,
    ],
    [
      "two that make up for each other",
      ({ words, node, list }) => {
        words[node]! -= ONE_COUNT;
        words[list]! += ONE_COUNT;
      },
      /has a count of 1/,
    ],
    ["a total of what is held from outside", ({ tables }) => tables.retained[0]!++, /by 2; 3 are held/],
    [
      "a table of the counter",
      ({ heap, control, node, list }) => {
        heap.retain(node, 10_000);
        const { words } = openRun(heap.memory, control, RUN.counter);
        words[words.indexOf(node)] = list;
      },
      /Counts exceed the known references by/,
    ],
  ])("%s", (_, damage, sentence) => {
    expect(said(COUNTED, damage)).toMatch(sentence);
  });

  it("but for immortal objects, whose counts nobody knows", () => {
    const { heap, words, node } = openSound(COUNTED);
    heap.immortalize(node);
    words[node]! += 5 * ONE_COUNT;
    heap.verify();
  });
});

describe("damage to what is retained without counts is noticed", () => {
  it.each<[string, Damage, RegExp]>([
    ["a total", ({ tables }) => tables.retained[0]!++, /held 2 times from outside, 3 are counted/],
    [
      "an object that is none",
      ({ heap, control, freeCell, tables }) => {
        openRefTable(heap.memory, control, RUN.retained).set(freeCell, 1);
        tables.retained[0]!++;
      },
      /A root refers to/,
    ],
    [
      "a table that is gone",
      ({ heap, control }) => openRun(heap.memory, control, RUN.retained).words.fill(0),
      /held 0 times from outside, 2 are counted/,
    ],
  ])("%s", (_, damage, sentence) => {
    expect(said(SCANNED, damage)).toMatch(sentence);
  });
});

describe("verify", () => {
  it("says what its collector says", () => {
    const { heap } = openHeap(COUNTED, {
      naive: { with: () => ({ problems: () => ["The collector is unwell."] }) },
    });
    expect(errorOf(() => heap.verify()).message).toBe("The collector is unwell.");
  });

  it("says twenty things at the most, and that there are more", () => {
    const { heap, words } = openSound(COUNTED);
    heap.scope((s) => {
      for (let made = 0; made < 100; made++) words[s.create(heap.layoutNamed("plain")!) + 1] = 12;
      const { message } = errorOf(() => heap.verify());
      expect(message.match(/where no object is/g)).toHaveLength(20);
      expect(message).toMatch(/And \d+ more\.$/);
      for (const object of heap.objects()) if (words[object + 1] === 12) words[object + 1] = 0;
    });
    heap.verify();
  });

  it("changes nothing, and passes again when the damage is undone", () => {
    const { heap, words, node } = openSound(COUNTED);
    const before = words.slice();
    const header = words[node]!;
    words[node] = header + ONE_COUNT;
    errorOf(() => heap.verify());
    words[node] = header;
    expect(words.every((word, index) => word === before[index])).toBe(true);
    heap.verify();
  });

  it("passes while finalizers and callbacks run", () => {
    for (const plan of PLANS) {
      let checked = 0;
      const check = (_: Ptr, heap: { verify(): void }): void => {
        heap.verify();
        checked++;
      };
      const { heap, layouts, unraisable } = openHeap(plan, { finalize: check });
      heap.scope((s) => {
        const [a, b] = [s.create(layouts.node), s.create(layouts.node)];
        heap.set(a, 0, b);
        heap.set(b, 0, a);
        heap.pin(heap.weak.create(s, a, { callback: check }));
        heap.set(s.create(layouts.node), 1, s.create(layouts.node));
      });
      heap.gc.collect();
      expect(unraisable).toEqual([]);
      expect(checked).toBe(5);
    }
  });
});
