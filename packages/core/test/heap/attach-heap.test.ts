import { Worker } from "node:worker_threads";

import { describe, expect, it } from "vitest";

import type { HeapCode } from "../../src/heap/code.js";
import { attachHeap, createHeap, type HeapPlugins } from "../../src/heap/create-heap.js";
import { DIRECTORY, DIRECTORY_BYTES } from "../../src/heap/control.js";
import type { Heap } from "../../src/heap/heap.js";
import type { Ptr } from "../../src/heap/reference.js";
import { attachMemory, createMemory } from "../../src/memory.js";
import { codeOf, errorOf } from "../error-of.js";
import { SOURCES, detach } from "../hosts.js";
import {
  CODE,
  COUNTED,
  LAYOUTS,
  PLANS,
  SCANNED,
  layoutsOf,
  openHeap,
  pluginsOf,
  type Plan,
} from "./support/open-heap.js";
import { naiveDerived } from "./support/naive-collector.js";
import { naiveCounter } from "./support/naive-counter.js";
import { pages } from "./support/pages-allocator.js";

function pluginsFor(plan: Plan, code: Record<string, HeapCode> = {}): HeapPlugins {
  return { ...pluginsOf(plan), code: { finalize: () => {}, oldFinalize: () => {}, ...CODE, ...code } };
}

/** Everything that a heap can hold, known to one pin. */
function build(heap: Heap): { pin: ReturnType<Heap["pin"]>; retained: Ptr } {
  const layouts = layoutsOf(heap);
  return heap.scope((s) => {
    const list = s.create(layouts.list);
    const node = s.create(layouts.node);
    const dict = s.create(layouts.dict);
    const custom = s.create(layouts.custom);
    const blob = s.create(layouts.blob);
    heap.words[node + 5] = 4711;
    heap.set(node, 0, list);
    heap.set(custom, 1, dict);
    heap.items.append(dict, node);
    heap.items.append(dict, custom);
    heap.items.reserveBytes(blob, 100);
    heap.words[heap.items.first(blob)] = 0x1234;
    for (const each of [node, dict, blob]) heap.items.append(list, each);
    for (let times = 0; times < 10_000; times++) heap.items.append(list, blob);
    heap.items.append(list, heap.weak.create(s, node, { callback: "called", bound: blob }));
    const retained = s.create(layouts.plain);
    heap.retain(retained, 3);
    return { pin: heap.pin(list), retained };
  });
}

describe.each(PLANS)("a heap that was detached $name", (plan) => {
  it.each(SOURCES.filter(({ kind }) => kind !== "resizable"))("goes on in $name", ({ make }) => {
    const finalized: number[] = [];
    const called: number[] = [];
    const code = {
      finalize: (object: Ptr, heap: Heap) => void finalized.push(heap.words[object + 5]!),
      called: (weak: Ptr, heap: Heap) => void called.push(heap.words[heap.items.first(heap.get(weak, 0))]!),
    };
    const { heap } = openHeap(plan, { memory: make(4 * 1024 * 1024), code });
    const { pin, retained } = build(heap);
    heap.gc.collect();
    const before = heap.stats();
    const buffer = heap.detach();

    using moved = attachHeap(buffer, pluginsFor(plan, code));
    moved.verify();
    expect(moved.stats()).toEqual({ ...before, handles: 0 });
    const list = moved.deref(pin);
    const node = moved.items.get(list, 0);
    expect(moved.words[node + 5]).toBe(4711);
    expect(moved.words[moved.items.first(moved.items.get(list, 2))]).toBe(0x1234);
    expect(moved.layoutOf(list)).toBe(moved.layoutNamed("list"));
    for (const spec of LAYOUTS) expect(moved.specOf(moved.layoutNamed(spec.name)!)).toEqual(spec);
    moved.release(retained, 3);
    moved.layout({ name: "more", scan: "all" });
    moved.scope((s) => moved.items.append(list, s.create(moved.layoutNamed("more")!, 3)));
    moved.verify();
    // The weak reference is in the list: it has to outlive its target.
    const weak = moved.items.get(list, 10_003);
    const pinned = moved.pin(weak);
    moved.unpin(pin);
    moved.items.truncate(list, 0);
    moved.gc.collect();
    if (plan.counted) moved.verify();
    expect(finalized).toEqual([4711]);
    expect(called).toEqual([0x1234]);
    expect(moved.weak.target(moved.deref(pinned))).toBe(0);
    moved.verify();
  });

  it("is gone for who detached it", () => {
    const { heap } = openHeap(plan);
    const buffer = heap.detach();
    for (const call of [
      () => heap.detach(),
      () => heap.stats(),
      () => heap.gc.collect(),
      () => heap.enter(),
    ]) {
      expect(errorOf(call).message).toContain("detached");
    }
    heap.dispose(); // takes nothing back
    attachHeap(buffer, pluginsFor(plan)).verify();
  });

  it("stays where it is while a scope is open", () => {
    const { heap } = openHeap(plan);
    const scope = heap.enter();
    expect(codeOf(() => heap.detach())).toBe("ERR_SCOPE_ORDER");
    scope.dispose();
    heap.verify();
    heap.detach();
  });

  it("goes on in a memory that others use, from that memory or from its buffer", () => {
    const memory = createMemory({ memory: "buffer", maxBytes: "4MiB" });
    const before = memory.runs();
    const { heap } = openHeap(plan, { memory, code: { called: () => {} } });
    build(heap);
    heap.detach();
    const again = attachHeap(memory, pluginsFor(plan, { called: () => {} }));
    again.verify();
    again.detach();
    const third = attachHeap(attachMemory(memory.buffer), pluginsFor(plan, { called: () => {} }));
    third.verify();
    third.dispose();
    expect(memory.runs()).toEqual(before);
  });

  it("goes on behind an offset", () => {
    const buffer = new ArrayBuffer(4 * 1024 * 1024);
    const { heap } = openHeap(plan, { memory: buffer, offset: 8192, code: { called: () => {} } });
    build(heap);
    heap.detach();
    expect(codeOf(() => attachHeap(buffer, pluginsFor(plan)))).toBe("ERR_NO_HEAP");
    const memory = attachMemory(buffer, { offset: 8192 });
    attachHeap(memory, pluginsFor(plan, { called: () => {} })).verify();
  });

  it("goes on where its buffer was transferred to", () => {
    const { heap } = openHeap(plan, { code: { called: () => {} } });
    const { pin } = build(heap);
    const moved = attachHeap(detach(heap.detach() as ArrayBuffer), pluginsFor(plan, { called: () => {} }));
    expect(moved.items.count(moved.deref(pin))).toBe(10_004);
    moved.verify();
  });

  it("keeps what the collector noted, and automatic collection as it was", () => {
    const { heap, layouts } = openHeap(plan, { naive: { threshold: 50 } });
    heap.gc.collect();
    heap.gc.collect(0);
    heap.gc.disable();
    heap.scope((s) => heap.pin(s.create(layouts.plain)));
    const moved = attachHeap(heap.detach(), pluginsFor(plan));
    expect(moved.gc.getCount()).toEqual([1, 2, 0]);
    expect(moved.gc.isEnabled()).toBe(false);
    expect(moved.gc.getStats().map(({ collections }) => collections)).toEqual([1, 0, 1]);
  });
});

describe("who attaches", () => {
  it("is told everything that is missing at once", () => {
    const { heap } = openHeap(COUNTED, { code: { called: () => {} } });
    build(heap);
    const buffer = heap.detach();
    const error = errorOf(() =>
      attachHeap(buffer, {
        allocator: pages({ name: "other" }),
        collector: naiveDerived({ name: "mine" }),
        counter: naiveCounter("my-counter"),
        code: { finalize: () => {} },
      }),
    );
    expect(error.code).toBe("ERR_MISSING_CODE");
    for (const part of [
      'allocator "pages" (given: "other")',
      'collector "naive-derived" (given: "mine")',
      'counter "naive-counter" (given: "my-counter")',
      'code "oldFinalize"',
      'code "edges"',
      'code "called"',
    ]) {
      expect(error.message).toContain(part);
    }
    expect(error.message).not.toContain('"finalize"');
    attachHeap(buffer, pluginsFor(COUNTED, { called: () => {} })).verify();
  });

  it("needs a counter where there was one, and none where there was none", () => {
    const { heap } = openHeap(SCANNED);
    const buffer = heap.detach();
    const error = errorOf(() => attachHeap(buffer, pluginsFor(COUNTED)));
    expect(error.message).toContain('counter "none" (given: "naive-counter")');
    expect(codeOf(() => attachHeap(buffer, { ...pluginsFor(COUNTED), counter: undefined }))).toBe(
      "ERR_PLUGIN_MISMATCH",
    );
    attachHeap(buffer, pluginsFor(SCANNED));
  });

  it("needs an allocator that can", () => {
    const { heap } = openHeap(COUNTED, { allocator: pages({ attaches: false }) });
    const buffer = heap.detach();
    const call = (): Heap =>
      attachHeap(buffer, { ...pluginsFor(COUNTED), allocator: pages({ attaches: false }) });
    expect(errorOf(call).message).toContain("lacks the trait attaches");
    expect(codeOf(call)).toBe("ERR_PLUGIN_MISMATCH");
  });

  it.each([
    ["empty bytes", () => new ArrayBuffer(1024 * 1024)],
    ["a memory without heap", () => memoryWithoutHeap()],
    ["a heap that was disposed", () => disposedHeap()],
    ["rubbish", () => new Uint8Array(1024 * 1024).fill(0xa5).buffer],
    ["too few bytes", () => new ArrayBuffer(10)],
  ])("finds no heap in %s", (_, make) => {
    expect(codeOf(() => attachHeap(make(), pluginsFor(COUNTED)))).toBe("ERR_NO_HEAP");
  });

  it.each([undefined, null, 5, "buffer", {}])("needs a buffer, not %s", (buffer) => {
    expect(codeOf(() => attachHeap(buffer as never, pluginsFor(COUNTED)))).toBe("ERR_BAD_OPTION");
  });

  it("needs plugins", () => {
    const { heap } = openHeap();
    const buffer = heap.detach();
    for (const plugins of [undefined, null, 5]) {
      expect(codeOf(() => attachHeap(buffer, plugins as never))).toBe("ERR_BAD_OPTION");
    }
  });

  it.each([0, 0x7fff_f000, -1])("finds a directory that is damaged: at %i", (address) => {
    const { heap, tables } = openHeap();
    tables.control[DIRECTORY] = address;
    const buffer = heap.detach();
    expect(codeOf(() => attachHeap(buffer, pluginsFor(COUNTED)))).toBe("ERR_CORRUPT_MEMORY");
  });

  it.each(["null", "5", "{}", '{"layouts":5}', "[]", "{"])(
    "finds a directory that says %s damaged",
    (text) => {
      const { heap, tables } = openHeap();
      const bytes = new TextEncoder().encode(text);
      new Uint8Array(heap.memory.buffer, tables.control[DIRECTORY]).set(bytes);
      tables.control[DIRECTORY_BYTES] = bytes.length;
      const buffer = heap.detach();
      expect(codeOf(() => attachHeap(buffer, pluginsFor(COUNTED)))).toBe("ERR_CORRUPT_MEMORY");
    },
  );

  it("finds a stamp of another version", () => {
    const { heap } = openHeap();
    heap.memory.heapWords[0]!++;
    const buffer = heap.detach();
    expect(codeOf(() => attachHeap(buffer, pluginsFor(COUNTED)))).toBe("ERR_NO_HEAP");
  });
});

function memoryWithoutHeap(): ArrayBuffer {
  const memory = createMemory({ memory: "buffer", maxBytes: "1MiB" });
  memory.detach();
  return memory.buffer as ArrayBuffer;
}

function disposedHeap(): ArrayBuffer {
  const memory = createMemory({ memory: "buffer", maxBytes: "1MiB" });
  createHeap({ ...pluginsFor(COUNTED), memory }).dispose();
  memory.detach();
  return memory.buffer as ArrayBuffer;
}

describe("functions without a name", () => {
  it("are not called where another process stands on the heap, nor is what has come in their place", () => {
    const calls: string[] = [];
    const { heap, layouts } = openHeap();
    const pin = heap.scope((s) => {
      const target = s.create(layouts.plain);
      const weak = heap.weak.create(s, target, { callback: () => void calls.push("old") });
      heap.pin(weak);
      return heap.pin(target);
    });
    const moved = attachHeap(heap.detach(), pluginsFor(COUNTED));
    moved.scope((s) => {
      const target = s.create(layoutsOf(moved).plain);
      moved.pin(moved.weak.create(s, target, { callback: () => void calls.push("new") }));
    });
    expect(calls).toEqual(["new"]);
    moved.unpin(pin);
    expect(calls).toEqual(["new"]);
    moved.verify();
  });
});

describe("another thread", () => {
  it("finds the bytes of a shared heap as they were left", async () => {
    const { heap } = openHeap(COUNTED, { memory: "shared", code: { called: () => {} } });
    const { pin } = build(heap);
    const list = heap.deref(pin);
    const { words } = heap;
    const first = heap.items.first(list);
    const buffer = heap.detach() as SharedArrayBuffer;
    const source = `
      const { parentPort, workerData: { buffer, word } } = require("node:worker_threads");
      const words = new Int32Array(buffer);
      parentPort.postMessage(words[word]);
    `;
    const worker = new Worker(source, { eval: true, workerData: { buffer, word: first } });
    const seen = await new Promise((resolve, reject) =>
      worker.once("message", resolve).once("error", reject),
    );
    await worker.terminate();
    expect(seen).toBe(words[first]);
    attachHeap(buffer, pluginsFor(COUNTED, { called: () => {} })).verify();
  });
});
