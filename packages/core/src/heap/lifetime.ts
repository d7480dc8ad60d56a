/**
 * The end of a heap: *disposed*, with all that is in it, or *detached*, with every byte left for whoever attaches.
 *
 * The calls that look at nothing but bytes go on as if nothing had happened when a heap has ended, and what they would show
 * may soon be somebody else's. So each call is replaced by one that refuses, and no call has to ask.
 */

import type { BlockAllocator } from "../allocator.js";
import { HeapwrightError } from "../errors.js";
import { assertAttached } from "../memory-source.js";
import type { Collector } from "./collector.js";
import { SCOPES } from "./control.js";
import type { Counter } from "./counter.js";
import type { HeapEvents } from "./events.js";
import { holdsTables, type HeapTables } from "./heap-tables.js";
import { releaseHeap } from "./release-heap.js";
import { replaceMember } from "./replace-member.js";
import type { UserCode } from "./user-code.js";

/** How long a heap may be used. */
export interface Lifetime {
  /** It has ended, in one way or the other. */
  isOver(): boolean;
  /** Throws `ERR_DISPOSED` when the heap has ended, `ERR_BUFFER_DETACHED` when its bytes are gone. */
  assertUsable(): void;
  /** See `Heap.dispose`. */
  dispose(): void;
  /** See `Heap.detach`. */
  detach(): ArrayBuffer | SharedArrayBuffer;
}

/** What ends with a heap. */
export interface LifetimeParts {
  readonly tables: HeapTables;
  readonly allocator: BlockAllocator;
  /** The memory was made for the heap, and ends with it. */
  readonly ownsMemory: boolean;
  readonly userCode: UserCode;
  readonly events: HeapEvents;
  /** Made later. */
  counter(): Counter | undefined;
  /** Made later. */
  collector(): Collector;
  /** The heap, and what hangs on it: each call is replaced by one that refuses. */
  calls(): readonly object[];
}

/** What a heap that has ended still answers. */
const KEPT_AFTER_END: ReadonlySet<string> = /* @__PURE__ */ new Set(["dispose", "isObject", "layoutNamed"]);

/** Begins the lifetime of a heap. */
export function createLifetime(parts: LifetimeParts): Lifetime {
  const { tables, allocator, ownsMemory, userCode, events } = parts;
  const { memory, control } = tables;
  let gone: "disposed" | "detached" | undefined;

  function refusal(): HeapwrightError {
    return new HeapwrightError("ERR_DISPOSED", `This heap was ${gone!}.`);
  }

  function assertUsable(): void {
    if (gone !== undefined) throw refusal();
    assertAttached(memory.buffer);
  }

  function end(how: "disposed" | "detached"): void {
    gone = how;
    const refuse = (): never => {
      throw refusal();
    };
    for (const calls of parts.calls()) {
      for (const [name, member] of Object.entries(calls)) {
        if (typeof member === "function" && !KEPT_AFTER_END.has(name)) replaceMember(calls, name, refuse);
      }
    }
    parts.collector().dispose?.();
  }

  return {
    isOver: () => gone !== undefined,
    assertUsable,

    dispose() {
      if (gone !== undefined) return;
      userCode.assertNone("dispose()");
      end("disposed");
      parts.counter()?.dispose();
      if (ownsMemory) {
        allocator.dispose();
        memory.dispose();
        return;
      }
      // The memory may have ended before.
      if (!holdsTables(memory)) return;
      releaseHeap(tables);
      allocator.dispose();
    },

    detach() {
      assertUsable();
      userCode.assertNone("detach()");
      if (control[SCOPES] !== 0) {
        throw new HeapwrightError(
          "ERR_SCOPE_ORDER",
          "A scope is open: close it before the heap is detached.",
        );
      }
      events.flush();
      end("detached");
      allocator.detach?.();
      if (ownsMemory) memory.detach();
      return memory.buffer;
    },
  };
}
