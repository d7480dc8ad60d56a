/**
 * The heap, as its users see it.
 */

import type { Memory } from "../memory.js";
import type { HeapEvents } from "./events.js";
import type { Gc } from "./gc.js";
import type { HeapImage } from "./heap-image.js";
import type { HeapStats } from "./heap-stats.js";
import type { Items } from "./items.js";
import type { Layout } from "./layouts.js";
import type { LayoutSpec } from "./layout-spec.js";
import type { HeapPlan } from "./negotiate.js";
import type { Owned, Ptr } from "./reference.js";
import type { Pin } from "./roots.js";
import type { Scope } from "./scope.js";
import type { WeakReferences } from "./weak-references.js";

/**
 * Objects outside the JavaScript heap. Made by {@link createHeap}; used by one thread at a time.
 *
 * A reference is an integer ({@link Ptr}). Whatever is given as an object must be one that is alive. `get`, `set`, `items` and
 * scopes look for that on the debug level only; all other calls throw `ERR_BAD_REFERENCE`. Once the heap has ended, each call
 * but `dispose`, `isObject` and `layoutNamed` throws `ERR_DISPOSED`. Neither code is repeated below. After any thrown error
 * the heap is as it was before the call, and {@link Heap.verify} passes.
 */
export interface Heap extends Disposable {
  /** Where it is. */
  readonly memory: Memory;
  /** What the plugins agreed on. */
  readonly plan: HeapPlan;
  /** The bytes, as collectors see them. */
  readonly image: HeapImage;
  /** The whole memory as words. Fields that are no references are read and written here: `heap.words[object + 1]`. */
  readonly words: Int32Array;
  /** The cycle collector. */
  readonly gc: Gc;
  /** Weak references. */
  readonly weak: WeakReferences;
  /** Items of lists and dicts. */
  readonly items: Items;
  /** What happens, phase by phase. */
  readonly events: HeapEvents;

  /**
   * Defines a layout.
   *
   * @throws HeapwrightError `ERR_BAD_LAYOUT`, `ERR_MISSING_CODE`, `ERR_OUT_OF_MEMORY`
   */
  layout(spec: LayoutSpec): Layout;
  /** The layout of a name; `undefined` when there is none. */
  layoutNamed(name: string): Layout | undefined;
  /** The layout of an object. */
  layoutOf(object: Ptr): Layout;
  /** A layout as it was defined. @throws HeapwrightError `ERR_BAD_LAYOUT` */
  specOf(layout: Layout): LayoutSpec;

  /**
   * Runs a function in a scope of its own, which is closed when it returns or throws.
   *
   * @throws HeapwrightError `ERR_ASYNC_SCOPE` when the function returns a promise: the scope is closed by then
   */
  scope<T>(run: (scope: Scope) => T): T;
  /** Opens a scope, for `using` or for `dispose()`. */
  enter(): Scope;

  /** The reference in a slot of an object; slot 0 is the word after the header. Borrowed. */
  get(object: Ptr, slot: number): Ptr;
  /** Stores a reference in a slot. What was there before may die, and its finalizer run. */
  set(object: Ptr, slot: number, value: Ptr): void;

  /**
   * Keeps an object alive until it is unpinned, beyond scopes.
   *
   * @throws HeapwrightError `ERR_OUT_OF_MEMORY`, also beyond 4,194,304 pins
   */
  pin(object: Ptr): Pin;
  /** The object of a pin. @throws HeapwrightError `ERR_STALE_PIN` */
  deref(pin: Pin): Owned;
  /** Ends a pin; the object may die. @throws HeapwrightError `ERR_STALE_PIN` */
  unpin(pin: Pin): void;
  /**
   * Notes that references to an object are held from outside: a surplus in its count, or a root where counts are off.
   *
   * @param times - how many, 1 or more. Default: 1
   * @throws HeapwrightError `ERR_BAD_OPTION`, `ERR_OUT_OF_MEMORY`
   */
  retain(object: Ptr, times?: number): void;
  /**
   * Ends what {@link Heap.retain} began; the object may die.
   *
   * @throws HeapwrightError `ERR_NOT_HELD` when it is not held so often, `ERR_BAD_OPTION`
   */
  release(object: Ptr, times?: number): void;
  /** The reference count of an object; `undefined` where counts are off. CPython: `sys.getrefcount`, less its argument. */
  count(object: Ptr): number | undefined;
  /** Makes an object live as long as the heap. @throws HeapwrightError `ERR_OUT_OF_MEMORY` where counts are off */
  immortalize(object: Ptr): void;

  /** Whether the collector looks at an object. CPython: `gc.is_tracked`. */
  isTracked(object: Ptr): boolean;
  /** Makes the collector look at an object. @throws HeapwrightError `ERR_BAD_REFERENCE` for a leaf, too */
  track(object: Ptr): void;
  /** Takes an object from the collector's sight: what it refers to stays alive as long as it does. */
  untrack(object: Ptr): void;
  /** Whether the finalizer of an object was called. CPython: `gc.is_finalized`. */
  isFinalized(object: Ptr): boolean;
  /** Whether a value is a live object of this heap, by its address. Another heap's may look like one. */
  isObject(value: Ptr): boolean;

  /** Every live object, by rising address. The heap must not change meanwhile. */
  objects(): Iterable<Ptr>;
  /** What an object refers to, each occurrence, null and immediates left out. CPython: `gc.get_referents`. */
  referentsOf(object: Ptr): Ptr[];

  /** Counts what there is: a walk over the heap. */
  stats(): HeapStats;
  /**
   * Checks everything there is: tables, lists, references, counts, weak references, the memory and the allocator.
   *
   * @throws HeapwrightError `ERR_CORRUPT_MEMORY` naming what was found wrong
   */
  verify(): void;
  /** Gives back what is empty: pools in which nothing lives. Returns how many. */
  trim(): number;
  /**
   * Lets go of the heap and leaves every byte as it is, for `attachHeap` in this thread or another.
   *
   * @returns the memory's buffer
   * @throws HeapwrightError `ERR_SCOPE_ORDER` while a scope is open, `ERR_BUSY` in user code
   */
  detach(): ArrayBuffer | SharedArrayBuffer;
  /**
   * Ends the heap; everything in it is lost, and no finalizer runs. Disposing twice is harmless.
   *
   * @throws HeapwrightError `ERR_BUSY` in user code that the heap has called
   */
  dispose(): void;
}
