/**
 * The catalogue: every rule of the collector contract that the kit checks, and what it says.
 */
export const COLLECTOR_RULES = {
  "plugin-shape":
    "A plugin has a name, a version and traits that core accepts, and what it creates has every member its traits ask for.",

  cycles: "A full collection frees unreachable cycles of any length, with the trait `cycles`.",
  keeps: "What can be reached is kept, by whatever path and in whatever order of addresses.",
  layouts: "A reference keeps alive, and makes a cycle, in an object of any layout.",
  "passes-over": "Null and immediates between the references are passed over.",
  roots: "What a scope, an inner scope, a pin or `retain` holds is kept, however many of them there are.",
  "full-collection":
    "A collection of the oldest generation frees garbage of every age, with the trait `cycles`.",
  "exact-number":
    "`collect` returns how many tracked objects were unreachable, and `getStats` adds it up, with the trait `exact`.",
  untracked:
    "What an untracked object refers to is kept as long as that object is there; the collector does not look at it.",
  "leaves-go": "A leaf that only the dead refer to goes with them, and its buffer.",
  "leaves-stay": "A leaf that the living refer to stays, byte for byte.",
  contents: "The words and items of what is kept are as they were.",

  "survivor-counts":
    "After a collection the counts of what is kept are exact: references from the dead are gone.",
  "large-counts": "Counts above 255 are exact to the last reference, held from inside or outside.",
  immortals: "An immortal object stays, and all that it refers to.",
  "big-garbage": "Three hundred thousand objects are freed in one collection.",
  deep: "A chain of two hundred thousand objects is followed and freed without recursion.",

  finalizers: "The finalizer of each dead object that has one is called exactly once.",
  "graph-intact": "While finalizers run, every condemned object is whole, with its fields and items.",
  resurrection:
    "A resurrected object stays with all that it reaches, and its finalizer is not called again; the others die.",
  "finalizer-deeds":
    "Finalizers may throw, allocate, store, release and collect (which returns 0); the garbage they make waits for the next collection.",
  "weak-cleared": "Weak references to the condemned are dead before the first finalizer or callback runs.",
  "weak-callbacks":
    "The callback of a weak reference that is kept is called once, newest first; that of one that dies too is not.",
  "weak-kept": "Weak references to what is kept stay, and work when it dies later.",
  uncollectable:
    "What has a legacy finalizer is not freed with its cycle, nor is what it leads to; both are counted as uncollectable, and it is listed in `garbage`.",

  "young-only": "A collection of a younger generation leaves older garbage alone, with three generations.",
  ageing: "What survives moves into the next generation, up to the oldest, with three generations.",
  "old-keeps-young":
    "What an older object refers to is kept in a younger collection, be that object garbage or not, with three generations.",
  thresholds: "`getThreshold` returns what `setThreshold` was given, and what was left out or refused stays.",
  "get-count":
    "`getCount` tells what was born since the last collection, and how often the younger generations were collected.",
  automatic:
    "A collection happens by itself when enough was born, and never when disabled or with a threshold of 0, with the trait `automatic`.",
  ages: "After a collection every work byte is an age.",
  attach:
    "After `detach` and `attachHeap` the same garbage is found, and thresholds and generations are as before.",
  "out-of-memory":
    "A heap full of garbage goes on after an emergency collection; what a refusal interrupts is intact.",
  independent: "Two heaps of one plugin share no state.",
  "verify-passes": "`verify` passes after each step of a program in which all other rules are kept.",
} as const;

/** The stable name of a rule: a key of {@link COLLECTOR_RULES}. */
export type CollectorRule = keyof typeof COLLECTOR_RULES;
