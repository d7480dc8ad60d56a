/**
 * Plays random programs on a heap and on its model at once. Finalizers, callbacks and listeners play programs as well.
 */
import {
  HeapwrightError,
  attachHeap,
  createHeap,
  type CodeTable,
  type Heap,
  type HeapPlugins,
  type Memory,
  type Ptr,
} from "@heapwright/core";

import {
  compareAll,
  compareContents,
  describeThing,
  expectNoGarbage,
  expectThat,
  noteDeath,
} from "./checks.js";
import { KINDS, edges, type Kind } from "./kinds.js";
import { Model, type OpenScope, type Thing } from "./model.js";
import type { Operation, Program } from "./operations.js";
import { perform } from "./perform.js";
import type { Plan } from "./plans.js";

/** Steps of user code in one step of the program, at the most: a finalizer may make objects with finalizers. */
const USER_STEPS = 40;

/** So much that no program runs out of it. */
const ROOMY_BYTES = 4 << 20;

export const ON_PURPOSE = "on purpose";

export class Machine {
  heap: Heap;
  readonly model: Model = new Model();
  readonly plan: Plan;
  readonly failures: unknown[] = [];
  /** Steps for which there was no room. */
  refusals = 0;
  /** Calls of user code so far. */
  userCalls = 0;
  /** Calls of user code under way. */
  depth = 0;
  /** Weak references that are being made. */
  making = 0;
  stopListening: (() => void) | undefined;
  readonly #program: Program;
  readonly #plugins: HeapPlugins;
  readonly #memory: Memory | undefined;
  readonly #isCramped: boolean;
  #budget = 0;
  /** Scopes below this are not those of the user code that runs. */
  #outerScopes = 0;

  /** @param memory - one of the test's own, or how many bytes it is to have */
  constructor(plan: Plan, program: Program, memory: Memory | number) {
    this.plan = plan;
    this.#memory = typeof memory === "number" ? undefined : memory;
    this.#program = program;
    this.#isCramped = typeof memory !== "number" || memory < ROOMY_BYTES;
    this.#plugins = {
      ...plan.plugins(),
      code: this.#code(),
      unraisable: (error) => {
        const expected = error instanceof Error && error.message === ON_PURPOSE;
        if (!expected && !isOutOfMemory(error)) this.failures.push(error);
      },
    };
    this.heap = createHeap({
      ...this.#plugins,
      memory: typeof memory === "number" ? new ArrayBuffer(memory) : memory,
      layouts: KINDS.map(({ spec }) => spec),
    });
  }

  #code(): CodeTable {
    const finalize = (object: Ptr): void => {
      this.#lastWords(object, "finalizer");
    };
    return { edges, finalize, legacy: finalize, called: (weak: Ptr) => this.callback(weak) };
  }

  /** Plays all steps; after each the heap is held against the model. */
  play(): void {
    try {
      for (const [index, step] of this.#program.steps.entries()) this.#step(step, index);
      while (this.model.scopes.length > 0) this.closeScope();
      this.check();
      this.heap.dispose();
    } catch (error) {
      if (this.failures.length > 0) throw this.failures[0];
      throw error;
    }
  }

  #step(step: Operation, index: number): void {
    this.#budget = USER_STEPS;
    this.model.markTrash();
    const calls = this.userCalls;
    try {
      this.do(step);
      this.check();
      const wasFull = step.what === "collect" && step.a % 3 === 2;
      if (wasFull && this.plan.complete && calls === this.userCalls) {
        expectNoGarbage(this.model, this.plan, this.#isCramped);
      }
    } catch (error) {
      throw new Error(`Step ${index}, ${step.what}: ${(error as Error).message}`, { cause: error });
    }
  }

  check(): void {
    if (this.failures.length > 0) throw this.failures[0];
    this.refreshGarbage();
    compareAll(this.heap, this.model, this.plan.counted);
  }

  do(operation: Operation): void {
    try {
      perform(this, operation);
    } catch (error) {
      // The heap promises that nothing has changed then.
      if (!isOutOfMemory(error)) throw error;
      this.refusals++;
    }
  }

  /** What `gc.garbage` holds are roots. */
  refreshGarbage(): void {
    this.model.garbage = this.heap.gc.garbage.map((ref) => this.model.at(ref)!.id);
  }

  // ---- scopes -------------------------------------------------------------------------------------------------------

  /** The innermost scope, if the code that runs may use it. */
  innermost(): OpenScope | undefined {
    return this.usableScopes() > 0 ? this.model.scopes.at(-1) : undefined;
  }

  usableScopes(): number {
    return this.model.scopes.length - this.#outerScopes;
  }

  openScope(): OpenScope {
    const scope: OpenScope = { scope: this.heap.enter(), owned: [] };
    this.model.scopes.push(scope);
    return scope;
  }

  closeScope(): void {
    this.model.scopes.pop()!.scope.dispose();
  }

  /** Runs something in the innermost scope, or in one that is closed afterwards. */
  inScope<T>(run: (scope: OpenScope) => T): T {
    const scope = this.innermost();
    if (scope) return run(scope);
    const own = this.openScope();
    try {
      return run(own);
    } finally {
      this.closeScope();
    }
  }

  /** An object was made. */
  made(ref: Ptr, kind: Kind | "weak", slotCount: number): Thing {
    const before = this.model.at(ref);
    if (before) noteDeath(this.model, before, this.plan.counted);
    return this.model.add(ref, kind, slotCount);
  }

  // ---- user code ----------------------------------------------------------------------------------------------------

  #lastWords(object: Ptr, what: string): void {
    this.guard(() => {
      const thing = this.model.at(object);
      expectThat(thing !== undefined, () => `The ${what} of nobody was called, at ${object}.`);
      const isLegacy = thing.kind !== "weak" && thing.kind.spec.legacyFinalizer !== undefined;
      expectThat(isLegacy || thing.calls === 0, () => `${describeThing(thing)} was finalized twice.`);
      this.refreshGarbage();
      const isReachable = this.model.reach(this.model.roots()).has(thing.id);
      expectThat(
        !isReachable || thing.wasTrash,
        () => `${describeThing(thing)} was finalized and is reachable.`,
      );
      this.#call(thing);
    });
  }

  /** The callback of a weak reference. */
  callback(weak: Ptr): void {
    this.guard(() => {
      const thing = this.model.at(weak);
      // Its target has died already: nobody knows of it yet.
      if (this.making > 0 && (thing?.kind !== "weak" || thing.target === 0)) return;
      expectThat(thing !== undefined, () => `The callback of nobody was called, at ${weak}.`);
      expectThat(thing.calls === 0, () => `The callback of ${describeThing(thing)} was called twice.`);
      expectThat(
        this.heap.weak.target(weak) === 0,
        () => `${describeThing(thing)} still refers to something.`,
      );
      this.refreshGarbage();
      const target = this.model.things.get(thing.target);
      const isReachable = target !== undefined && this.model.reach(this.model.roots()).has(target.id);
      expectThat(!isReachable || target.wasTrash, () => `${describeThing(thing)} was cleared for no reason.`);
      thing.target = 0;
      this.#call(thing);
    });
  }

  listener(): void {
    this.guard(() => {
      this.#run([], this.userCalls);
    });
  }

  #call(thing: Thing): void {
    thing.calls++;
    this.#run([thing.id], thing.id);
  }

  /** Plays one of the programs of user code. */
  #run(operands: readonly number[], choice: number): void {
    const { model } = this;
    this.userCalls++;
    this.refreshGarbage();
    model.markTrash();
    const outer = this.#outerScopes;
    const operandCount = model.operands.length;
    this.#outerScopes = model.scopes.length;
    model.operands.push(...operands);
    this.depth++;
    try {
      const { userCode } = this.#program;
      for (const step of userCode[choice % userCode.length]!) {
        if (this.#budget-- <= 0) break;
        this.heap.verify();
        for (const thing of model.accessible()) compareContents(this.heap, model, thing);
        this.do(step);
        this.refreshGarbage();
      }
    } finally {
      this.depth--;
      model.operands.length = operandCount;
      // The heap closes what is still open.
      model.scopes.length = this.#outerScopes;
      this.#outerScopes = outer;
    }
  }

  /** What goes wrong in user code would end in the unraisable hook. */
  guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      if ((error as Error).message !== ON_PURPOSE) this.failures.push(error);
      throw error;
    }
  }

  // ---- the end ------------------------------------------------------------------------------------------------------

  /** Lets go of the heap and stands on its bytes again. */
  reattach(): void {
    this.stopListening?.();
    this.stopListening = undefined;
    const before = this.heap.stats();
    const buffer = this.heap.detach();
    this.heap = attachHeap(this.#memory ?? buffer, this.#plugins);
    for (const thing of this.model.alive()) if (thing.isAnonymous) thing.hasCallback = false;
    expectThat(
      JSON.stringify(this.heap.stats()) === JSON.stringify(before),
      () => "Attaching has changed the figures.",
    );
  }
}

function isOutOfMemory(error: unknown): boolean {
  return HeapwrightError.is(error, "ERR_OUT_OF_MEMORY");
}
