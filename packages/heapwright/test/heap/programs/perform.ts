/** One step of a random program, on heap and model. The model changes first where user code may run on the way. */
import { HeapwrightError, type HeapwrightErrorCode, type Ptr } from "@heapwright/core";

import { expectThat } from "./checks.js";
import { KINDS, type Kind } from "./kinds.js";
import { ON_PURPOSE, type Machine } from "./machine.js";
import type { OpenScope, Thing, Value } from "./model.js";
import type { Operation, OperationName } from "./operations.js";

type Step = (machine: Machine, operation: Operation) => void;

const MOST_SCOPES = 6;

/** A thing that the program can get at, and that is as wanted. */
function pick(machine: Machine, number: number, isWanted: (thing: Thing) => boolean): Thing | undefined {
  const found = machine.model.accessible().filter(isWanted);
  return found[number % found.length];
}

const anything = (): boolean => true;
const hasItems = ({ kind }: Thing): boolean => kind !== "weak" && kind.items === true;
const hasSlots = (thing: Thing): boolean => !hasItems(thing) && thing.values.length > 0;
const isWeak = ({ kind }: Thing): boolean => kind === "weak";

function pickValue(machine: Machine, number: number): Value {
  if (number % 8 === 0) return 0;
  if (number % 8 === 1) return -1 - (number % 300);
  return pick(machine, number, anything)?.id ?? 0;
}

function refOf(machine: Machine, value: Value): Ptr {
  return (value > 0 ? machine.model.get(value).ref : value) as Ptr;
}

/** Calls what must be refused. */
function refused(code: HeapwrightErrorCode, call: () => void): void {
  try {
    call();
  } catch (error) {
    if (HeapwrightError.is(error, "ERR_OUT_OF_MEMORY")) throw error;
    expectThat(HeapwrightError.is(error, code), () => `${String(error)} instead of ${code}.`);
    return;
  }
  throw new Error(`A call was not refused with ${code}.`);
}

/** Puts something where it outlives the scope: into a slot, or under a pin. */
function keep(machine: Machine, thing: Thing, number: number): void {
  const { heap, model } = machine;
  const holder = number % 3 === 0 ? undefined : pick(machine, number, hasItems);
  if (holder) {
    heap.items.append(holder.ref, thing.ref);
    holder.values.push(thing.id);
    return;
  }
  model.pins.push({ pin: heap.pin(thing.ref), id: thing.id });
}

function store(machine: Machine, thing: Thing, place: number, value: Value, call: () => void): void {
  const before = thing.values[place]!;
  thing.values[place] = value;
  try {
    call();
  } catch (error) {
    thing.values[place] = before;
    throw error;
  }
}

function make(machine: Machine, { scope, owned }: OpenScope, kind: Kind, number: number): Thing {
  const words = kind.upTo === undefined ? undefined : number % (kind.upTo + 1);
  const ref = scope.create(machine.heap.layoutNamed(kind.spec.name)!, words);
  const slots = kind.spec.scan === "all" ? words! : kind.items === true ? 0 : kind.slots.length;
  const thing = machine.made(ref, kind, slots);
  owned.push(thing.id);
  return thing;
}

const create: Step = (machine, { a, b, c }) => {
  machine.inScope((scope) => {
    keep(machine, make(machine, scope, KINDS[a % KINDS.length]!, b), c);
  });
};

/** Several objects that refer to each other in a ring, and to something else; kept by one of them, or not at all. */
const ring: Step = (machine, { a, b, c }) => {
  const scope = machine.openScope();
  try {
    const kinds = KINDS.filter(({ slots }) => slots.length >= 2);
    const nodes = Array.from({ length: 1 + (b % 5) }, (_, index) =>
      make(machine, scope, kinds[(a + index * (c % 7)) % kinds.length]!, 0),
    );
    for (const [index, node] of nodes.entries()) {
      const next = nodes[(index + 1) % nodes.length]!;
      setSlot(machine, node, index % node.values.length, next.id);
      const other = pickValue(machine, a * 7 + index * 13 + c);
      setSlot(machine, node, (index + 1) % node.values.length, other);
    }
    if (c % 3 === 0) keep(machine, nodes[0]!, c);
  } finally {
    machine.closeScope();
  }
};

function setSlot(machine: Machine, thing: Thing, place: number, value: Value): void {
  const slot = thing.kind === "weak" ? 0 : (thing.kind.slots[place] ?? place);
  store(machine, thing, place, value, () => {
    machine.heap.set(thing.ref, slot, refOf(machine, value));
  });
}

const set: Step = (machine, { a, b, c }) => {
  const thing = pick(machine, a, hasSlots);
  if (thing) setSlot(machine, thing, b % thing.values.length, pickValue(machine, c));
};

const append: Step = (machine, { a, b }) => {
  const thing = pick(machine, a, hasItems);
  if (!thing) return;
  const value = pickValue(machine, b);
  machine.heap.items.append(thing.ref, refOf(machine, value));
  thing.values.push(value);
};

/** So many references to one object that a byte does not hold their number, or a header. */
const crowd: Step = (machine, { a, b, c }) => {
  const thing = pick(machine, a, hasItems);
  const value = pick(machine, b, anything);
  if (!thing || !value) return;
  const times = [255, 256, 257, 300, 512, 600, 900, 8200][c % 8]!;
  for (let time = 0; time < times; time++) {
    machine.heap.items.append(thing.ref, value.ref);
    thing.values.push(value.id);
  }
};

const replaceItem: Step = (machine, { a, b, c }) => {
  const thing = pick(machine, a, (each) => hasItems(each) && each.values.length > 0);
  if (!thing) return;
  const place = b % thing.values.length;
  const value = pickValue(machine, c);
  store(machine, thing, place, value, () => {
    machine.heap.items.set(thing.ref, place, refOf(machine, value));
  });
};

const truncate: Step = (machine, { a, b }) => {
  const thing = pick(machine, a, hasItems);
  if (!thing) return;
  const count = b % (thing.values.length + 2);
  thing.values.length = Math.min(count, thing.values.length);
  machine.heap.items.truncate(thing.ref, count);
};

const reserve: Step = (machine, { a, b, c }) => {
  const thing = pick(
    machine,
    a,
    ({ kind }) => kind !== "weak" && (kind.items === true || kind.spec.buffer === true),
  );
  if (!thing) return;
  if (c % 2 === 0) machine.heap.items.reserve(thing.ref, b % 3000);
  else machine.heap.items.reserveBytes(thing.ref, b % 9000);
};

const weak: Step = (machine, { a, b, c }) => {
  const { heap, model } = machine;
  const target = pick(machine, a, anything);
  if (!target) return;
  machine.inScope(({ scope, owned }) => {
    const { kind } = target;
    const canBe = kind !== "weak" && (kind.spec.scan !== "leaf" || kind.spec.weakrefable === true);
    if (!canBe) {
      refused("ERR_BAD_REFERENCE", () => heap.weak.create(scope, target.ref));
      return;
    }
    const bound = b % 4 === 3 ? pick(machine, c, anything) : undefined;
    const callbacks = {
      1: "called",
      2: (weakRef: Ptr) => {
        machine.callback(weakRef);
      },
    } as const;
    const callback = callbacks[(b % 3) as 1 | 2] as (typeof callbacks)[1 | 2] | undefined;
    const before = heap.weak.refs(target.ref);
    let ref: Ptr;
    machine.making++;
    try {
      ref = heap.weak.create(scope, target.ref, {
        ...(callback !== undefined && { callback }),
        ...(bound && { bound: bound.ref }),
      });
    } finally {
      machine.making--;
    }
    const isStillborn = heap.weak.target(ref) === 0;
    const isShared = callback === undefined && !bound && before.includes(ref);
    const thing = isShared ? model.at(ref)! : machine.made(ref, "weak", 1);
    expectThat(
      !isShared || thing.target === target.id,
      () => `${ref} is shared and refers to something else.`,
    );
    if (!isShared) {
      thing.target = target.id;
      thing.mayBeSilent = kind.spec.legacyFinalizer !== undefined;
      thing.hasCallback = callback !== undefined && !isStillborn;
      thing.isAnonymous = typeof callback === "function";
      thing.values[0] = bound?.id ?? 0;
    }
    owned.push(thing.id);
    keep(machine, thing, c);
  });
};

const own: Step = (machine, { a }) => {
  const scope = machine.innermost();
  const thing = pick(machine, a, anything);
  if (!scope || !thing) return;
  scope.scope.own(thing.ref);
  scope.owned.push(thing.id);
};

/** Takes what a weak reference refers to, be it in the midst of dying. */
const ownTarget: Step = (machine, { a }) => {
  const { heap, model } = machine;
  const thing = pick(machine, a, isWeak);
  if (!thing) return;
  machine.inScope(({ scope, owned }) => {
    const ref = heap.weak.target(thing.ref);
    if (ref === 0) return;
    expectThat(model.at(ref)?.id === thing.target, () => `${ref} is not what ${thing.id} refers to.`);
    scope.own(ref);
    owned.push(thing.target);
  });
};

const escape: Step = (machine, { a }) => {
  const scope = machine.innermost();
  const thing = pick(machine, a, anything);
  if (!scope || !thing) return;
  if (machine.usableScopes() < 2) {
    refused("ERR_SCOPE_ORDER", () => scope.scope.escape(thing.ref));
    return;
  }
  scope.scope.escape(thing.ref);
  machine.model.scopes.at(-2)!.owned.push(thing.id);
};

const pin: Step = (machine, { a }) => {
  const thing = pick(machine, a, anything);
  if (thing) machine.model.pins.push({ pin: machine.heap.pin(thing.ref), id: thing.id });
};

const unpin: Step = ({ heap, model }, { a }) => {
  const index = a % model.pins.length;
  const found = model.pins[index];
  if (!found) return;
  expectThat(
    heap.deref(found.pin) === model.get(found.id).ref,
    () => `Pin ${found.pin} is of something else.`,
  );
  model.pins.splice(index, 1);
  heap.unpin(found.pin);
  refused("ERR_STALE_PIN", () => {
    heap.unpin(found.pin);
  });
};

/** Many times, so that the count of some does not fit into its header, and is a multiple of 256. */
const retain: Step = (machine, { a, b }) => {
  const thing = pick(machine, a, anything);
  if (!thing) return;
  const times = [1, 2, 256, 5120, 65_536][b % 5]!;
  machine.heap.retain(thing.ref, times);
  thing.retained += times;
};

const release: Step = (machine, { a, b }) => {
  const thing = pick(machine, a, ({ retained }) => retained > 0);
  if (!thing) return;
  const times = b % 2 === 0 ? thing.retained : 1 + (b % thing.retained);
  thing.retained -= times;
  machine.heap.release(thing.ref, times);
};

const immortalize: Step = (machine, { a }) => {
  const thing = pick(machine, a, anything);
  if (!thing) return;
  machine.heap.immortalize(thing.ref);
  thing.isImmortal = true;
};

const untrack: Step = (machine, { a }) => {
  const thing = pick(machine, a, ({ kind }) => kind === "weak" || kind.spec.scan !== "leaf");
  if (!thing) return;
  machine.heap.untrack(thing.ref);
  thing.isTracked = false;
};

const track: Step = (machine, { a }) => {
  const thing = pick(machine, a, anything);
  if (!thing) return;
  if (thing.kind !== "weak" && thing.kind.spec.scan === "leaf") {
    refused("ERR_BAD_REFERENCE", () => {
      machine.heap.track(thing.ref);
    });
    return;
  }
  machine.heap.track(thing.ref);
  thing.isTracked = true;
};

const collect: Step = ({ heap }, { a }) => {
  const wasCollecting = heap.gc.isCollecting();
  const found = heap.gc.collect(a % 3);
  expectThat(found >= 0 && !(wasCollecting && found > 0), () => `collect() found ${found} objects.`);
};

const place: Step = (machine, { a, b }) => {
  const thing = pick(machine, a, anything);
  if (thing) machine.heap.gc.place(thing.ref, b % 3);
};

const write: Step = (machine, { a, b }) => {
  const thing = pick(machine, a, ({ kind }) => kind !== "weak" && kind.raw > 0);
  if (!thing || thing.kind === "weak") return;
  machine.heap.words[thing.ref + thing.kind.raw] = b;
  thing.raw = b;
};

const listen: Step = (machine, { a }) => {
  machine.stopListening?.();
  machine.stopListening = undefined;
  if (a % 2 === 0) return;
  machine.stopListening = machine.heap.events.listen(() => {
    machine.listener();
  });
};

const end: Step = (machine, { a }) => {
  const { heap, model } = machine;
  if (machine.depth > 0) {
    refused("ERR_BUSY", () => {
      if (a % 2 === 0) heap.detach();
      else heap.dispose();
    });
    return;
  }
  if (model.scopes.length > 0) refused("ERR_SCOPE_ORDER", () => heap.detach());
  else machine.reattach();
};

const misuse: Step = (machine, { a, b }) => {
  const { heap, model } = machine;
  const outer = model.scopes.at(-2);
  if (a % 4 === 0 && outer)
    refused("ERR_SCOPE_ORDER", () => {
      outer.scope.dispose();
    });
  if (a % 4 === 1 && outer) refused("ERR_SCOPE_ORDER", () => outer.scope.create(heap.layoutNamed("pair")!));
  if (a % 4 === 2)
    refused("ERR_BAD_SIZE", () =>
      machine.inScope(({ scope }) => scope.create(heap.layoutNamed("leaf")!, -1 - b)),
    );
  if (a % 4 === 3) refused("ERR_STALE_PIN", () => heap.deref(-b as never));
  const mine = model.scopes.at(-1);
  if (mine && machine.usableScopes() === 0)
    refused("ERR_SCOPE_ORDER", () => {
      mine.scope.dispose();
    });
};

const STEPS: Readonly<Record<OperationName, Step>> = {
  create,
  ring,
  set,
  append,
  crowd,
  replaceItem,
  truncate,
  reserve,
  weak,
  own,
  ownTarget,
  escape,
  enter: (machine) => {
    if (machine.model.scopes.length < MOST_SCOPES) machine.openScope();
  },
  leave: (machine) => {
    if (machine.usableScopes() > 0) machine.closeScope();
  },
  pin,
  unpin,
  retain,
  release,
  immortalize,
  untrack,
  track,
  collect,
  trim: ({ heap }) => heap.trim(),
  place,
  write,
  disable: ({ heap }) => {
    if (heap.gc.isEnabled()) heap.gc.disable();
    else heap.gc.enable();
  },
  threshold: ({ heap }, { a, b, c }) => {
    heap.gc.setThreshold(a % 20, b % 3, c % 3);
  },
  listen,
  dropGarbage: (machine) => {
    machine.model.garbage = [];
    machine.heap.gc.dropGarbage();
  },
  end,
  fail: ({ depth }) => {
    if (depth > 0) throw new Error(ON_PURPOSE);
  },
  misuse,
};

export function perform(machine: Machine, operation: Operation): void {
  STEPS[operation.what](machine, operation);
}
