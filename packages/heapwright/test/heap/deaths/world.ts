/**
 * What the scenarios are written with, on the heap's side. `test/fixtures/deaths/world.py` has the same, on CPython's.
 *
 * An object is either a Var, which keeps it alive until it is dropped (a pin), or the object itself, as a finalizer gets
 * it. Names are kept by number: word 4 of a node, and a table for weak references.
 */
import {
  IMMEDIATE,
  createHeap,
  type AllocatorPlugin,
  type CollectorPlugin,
  type CounterPlugin,
  type Finalizer,
  type Heap,
  type Layout,
  type Pin,
  type Ptr,
} from "@heapwright/core";

/** Keeps an object alive until it is dropped. */
export interface Var {
  pin: Pin | undefined;
}

type Value = Var | Ptr;
type Slot = "a" | "b" | "c";
/** What is written down; as JSON, to be compared. */
export type Note = readonly (string | number | boolean | null)[];

export interface Plugins {
  readonly allocator: AllocatorPlugin;
  readonly collector: CollectorPlugin;
  readonly counter?: CounterPlugin;
}

const SLOTS: Readonly<Record<Slot, number>> = { a: 0, b: 1, c: 2 };
const NAME_WORD = 4;

/** A heap with the layouts of the scenarios, and the log of one. */
export class World {
  readonly log: Note[] = [];
  readonly heap: Heap;
  #unraisable = 0;
  readonly #names: string[] = [];
  readonly #finalizers = new Map<string, (object: Ptr) => void>();
  readonly #weakNames = new Map<Ptr, string>();
  readonly #layouts: Readonly<Record<"plain" | "final" | "legacy" | "list", Layout>>;

  constructor(plugins: Plugins) {
    const finalize: Finalizer = (object) => this.#finalizers.get(this.name(object)!)?.(object);
    const node = { scan: "prefix", slots: 3, words: NAME_WORD } as const;
    this.heap = createHeap({
      ...plugins,
      maxBytes: "8MiB",
      debug: true,
      code: { finalize },
      unraisable: () => this.#unraisable++,
      layouts: [
        { ...node, name: "plain" },
        { ...node, name: "final", finalizer: "finalize" },
        { ...node, name: "legacy", legacyFinalizer: "finalize" },
        { name: "list", scan: "items" },
      ],
    });
    this.heap.gc.disable();
    const named = (name: string): Layout => this.heap.layoutNamed(name)!;
    this.#layouts = {
      plain: named("plain"),
      final: named("final"),
      legacy: named("legacy"),
      list: named("list"),
    };
  }

  /** Plays a scenario, and ends the heap. */
  play(scenario: (world: World) => void): Note[] {
    scenario(this);
    this.heap.verify();
    this.note("unraisable", this.#unraisable);
    const log = [...this.log];
    this.heap.dispose();
    return log;
  }

  note(...what: Note): void {
    this.log.push(what);
    this.heap.verify();
  }

  raw(value: Value): Ptr {
    return typeof value === "object" ? this.heap.deref(value.pin!) : value;
  }

  node(name: string, kind: "plain" | "final" | "legacy" = "plain"): Var {
    return this.heap.scope((scope) => {
      const object = scope.create(this.#layouts[kind]);
      this.heap.words[object + NAME_WORD] = this.#names.push(name);
      for (const slot of [0, 1, 2]) this.heap.set(object, slot, IMMEDIATE.none);
      return { pin: this.heap.pin(object) };
    });
  }

  /** A node whose finalizer notes its name, and does more. */
  final(name: string, what?: (object: Ptr) => void): Var {
    return this.#withFinalizer("final", name, what);
  }

  legacy(name: string, what?: (object: Ptr) => void): Var {
    return this.#withFinalizer("legacy", name, what);
  }

  #withFinalizer(kind: "final" | "legacy", name: string, what: ((object: Ptr) => void) | undefined): Var {
    this.#finalizers.set(name, (object) => {
      this.note(kind, name);
      what?.(object);
    });
    return this.node(name, kind);
  }

  list(...values: Value[]): Var {
    return this.heap.scope((scope) => {
      const list = scope.create(this.#layouts.list);
      for (const value of values) this.heap.items.append(list, this.raw(value));
      return { pin: this.heap.pin(list) };
    });
  }

  truncate(value: Value, count: number): void {
    this.heap.items.truncate(this.raw(value), count);
  }

  append(value: Value, item: Value): void {
    this.heap.items.append(this.raw(value), this.raw(item));
  }

  count(value: Value): number {
    return this.heap.items.count(this.raw(value));
  }

  link(value: Value, slot: Slot, to: Value): void {
    this.heap.set(this.raw(value), SLOTS[slot], this.raw(to));
  }

  unlink(value: Value, slot: Slot): void {
    this.heap.set(this.raw(value), SLOTS[slot], IMMEDIATE.none);
  }

  get(value: Value, slot: Slot): Ptr {
    return this.heap.get(this.raw(value), SLOTS[slot]);
  }

  /** Several at once: in order. */
  drop(...variables: Var[]): void {
    for (const variable of variables) {
      const { pin } = variable;
      variable.pin = undefined;
      if (pin !== undefined) this.heap.unpin(pin);
    }
  }

  keep(value: Value): Var {
    return { pin: this.heap.pin(this.raw(value)) };
  }

  name(value: Value): string | null {
    return this.#names[this.heap.words[this.raw(value) + NAME_WORD]! - 1] ?? null;
  }

  /** A weak reference; with a name it has a callback, which notes the name and does more. */
  weak(target: Value, name?: string | null, what?: ((weak: Ptr) => void) | null, bound?: Value): Var {
    const callback = (weak: Ptr): void => {
      this.note("callback", name!);
      what?.(weak);
    };
    return this.heap.scope((scope) => {
      const weak = this.heap.weak.create(scope, this.raw(target), {
        ...(typeof name === "string" && { callback }),
        ...(bound !== undefined && { bound: this.raw(bound) }),
      });
      this.#weakNames.delete(weak);
      if (typeof name === "string") this.#weakNames.set(weak, name);
      return { pin: this.heap.pin(weak) };
    });
  }

  /** The name of what a weak reference refers to. */
  target(weak: Value): string | null {
    const target = this.heap.weak.target(this.raw(weak));
    return target === 0 ? null : this.name(target);
  }

  /** How the weak references to an object are listed: by name, null for those without a callback. */
  refs(target: Value): (string | null)[] {
    return this.heap.weak.refs(this.raw(target)).map((weak) => this.#weakNames.get(weak) ?? null);
  }

  same(one: Value, other: Value): boolean {
    return this.raw(one) === this.raw(other);
  }

  collect(generation = 2): number {
    return this.heap.gc.collect(generation);
  }

  garbage(): (string | null)[] {
    return this.heap.gc.garbage.map((each) => this.name(each));
  }

  garbageAt(place: number): Ptr {
    return this.heap.gc.garbage[place]!;
  }

  clearGarbage(): void {
    this.heap.gc.dropGarbage();
  }

  isFinalized(value: Value): boolean {
    return this.heap.isFinalized(this.raw(value));
  }

  generation(value: Value): number | null {
    return this.heap.gc.generationOf(this.raw(value)) ?? null;
  }

  stats(): number[][] {
    return this.heap.gc.getStats().map(({ collected, uncollectable }) => [collected, uncollectable]);
  }

  collections(): number[] {
    return this.heap.gc.getStats().map(({ collections }) => collections);
  }

  fail(): never {
    throw new Error("on purpose");
  }
}

/** How much larger each number is than before. */
export function rise(now: readonly number[], before: readonly number[]): number[] {
  return now.map((each, index) => each - before[index]!);
}

/** Links nodes in a ring. */
export function ring(world: World, nodes: readonly Var[], slot: Slot = "a"): void {
  nodes.forEach((node, index) => {
    world.link(node, slot, nodes[(index + 1) % nodes.length]!);
  });
}
