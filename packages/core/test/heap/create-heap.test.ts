import { describe, expect, it } from "vitest";

import { createHeap, type HeapOptions } from "../../src/heap/create-heap.js";
import { defineCollector } from "../../src/heap/collector.js";
import { defineCounter } from "../../src/heap/counter.js";
import type { Heap } from "../../src/heap/heap.js";
import type { Ptr } from "../../src/heap/reference.js";
import type { Pin } from "../../src/heap/roots.js";
import { createMemory, type Memory } from "../../src/memory.js";
import { codeOf, errorOf } from "../error-of.js";
import { SOURCES } from "../hosts.js";
import { fill } from "./support/fill.js";
import { COUNTED, LAYOUTS, PLANS, CODE, openHeap, pluginsOf } from "./support/open-heap.js";
import { naiveDerived, naiveScan } from "./support/naive-collector.js";
import { pages } from "./support/pages-allocator.js";

const USERS_USE = 17;

/** Makes every kind of object, garbage with everything that garbage can have, and roots of all kinds. */
function live(heap: Heap): void {
  const layout = (name: string) => heap.layoutNamed(name)!;
  heap.scope((s) => {
    const list = s.create(layout("list"));
    for (let number = 0; number < 300; number++) {
      const node = s.create(layout("node"));
      heap.set(node, 0, list);
      heap.items.append(list, node);
      heap.weak.create(s, node);
    }
    heap.items.reserveBytes(s.create(layout("blob")), 9000);
    heap.pin(s.create(layout("plain")));
    heap.retain(s.create(layout("plain")), 10_000);
  });
  heap.gc.collect();
}

const OPTIONS: HeapOptions = {
  ...pluginsOf(COUNTED),
  memory: "buffer",
  maxBytes: "2MiB",
  layouts: LAYOUTS,
  code: { finalize: () => {}, oldFinalize: () => {}, ...CODE },
};

describe("a heap", () => {
  it.each(SOURCES)("stands on $name", ({ make }) => {
    for (const plan of PLANS) {
      const { heap } = openHeap(plan, { memory: make(4 * 1024 * 1024) });
      live(heap);
      heap.verify();
      expect(heap.stats().objects).toBe(2);
      heap.dispose();
    }
  });

  it("stands behind an offset in a buffer of the caller's, and leaves alone what lies before", () => {
    const buffer = new ArrayBuffer(4 * 1024 * 1024);
    const before = new Uint8Array(buffer, 0, 100_000).fill(0xee);
    const heap = createHeap({ ...OPTIONS, memory: buffer, offset: 100_000 });
    live(heap);
    heap.verify();
    heap.dispose();
    expect(before.every((byte) => byte === 0xee)).toBe(true);
    createHeap({ ...OPTIONS, memory: buffer }).dispose();
  });

  it("stands on a memory that others use, too, and gives it back as it was", () => {
    for (const plan of PLANS) {
      const memory = createMemory({ memory: "buffer", maxBytes: "4MiB" });
      const mine = memory.reserve(10_000, 4096, USERS_USE);
      new Uint8Array(memory.buffer, mine, 10_000).fill(0xcd);
      const before = memory.runs();
      const { heap } = openHeap(plan, { memory });
      live(heap);
      heap.verify();
      heap.dispose();
      expect(memory.runs()).toEqual(before);
      expect([...memory.heapWords]).toEqual(Array(8).fill(0));
      expect(new Uint8Array(memory.buffer, mine, 10_000).every((byte) => byte === 0xcd)).toBe(true);
      memory.verify();
      const { heap: another } = openHeap(plan, { memory });
      live(another);
      another.dispose();
      expect(memory.runs()).toEqual(before);
    }
  });

  it("refuses a memory that holds one, and leaves that one alone", () => {
    const memory = createMemory({ memory: "buffer", maxBytes: "4MiB" });
    const heap = createHeap({ ...OPTIONS, memory });
    expect(codeOf(() => createHeap({ ...OPTIONS, memory }))).toBe("ERR_BUFFER_IN_USE");
    expect(codeOf(() => createHeap({ ...OPTIONS, memory: memory.buffer }))).toBe("ERR_BUFFER_IN_USE");
    live(heap);
    heap.verify();
    heap.dispose();
    createHeap({ ...OPTIONS, memory }).dispose();
  });

  it("may end after the memory below it, and after its buffer", () => {
    const memory = createMemory({ memory: "wasm", maxBytes: "4MiB" });
    const heap = createHeap({ ...OPTIONS, memory });
    memory.dispose();
    expect(codeOf(() => heap.stats())).toBe("ERR_BUFFER_DETACHED");
    expect(codeOf(() => heap.enter())).toBe("ERR_BUFFER_DETACHED");
    heap.dispose();
    const buffer = new ArrayBuffer(4 * 1024 * 1024);
    const other = createHeap({ ...OPTIONS, memory: buffer });
    structuredClone(buffer, { transfer: [buffer] });
    expect(codeOf(() => other.verify())).toBe("ERR_BUFFER_DETACHED");
    other.dispose();
  });

  it.each([300 * 1024, 80 * 1024, 4096])(
    "says so when a memory of %i B has no room for its tables",
    (bytes) => {
      const memory = createMemory({ memory: "buffer", maxBytes: "512KiB" });
      const hog = memory.reserve(512 * 1024 - bytes - 8192, 4096, USERS_USE);
      const before = memory.runs();
      const call = (): Heap => createHeap({ ...OPTIONS, memory });
      if (bytes > 200_000) call().dispose();
      else expect(codeOf(call)).toBe("ERR_BUFFER_TOO_SMALL");
      expect(memory.runs()).toEqual(before);
      expect([...memory.heapWords]).toEqual(Array(8).fill(0));
      memory.release(hog, 512 * 1024 - bytes - 8192);
    },
  );

  it("gives everything back when it cannot be made, whatever the reason", () => {
    const memory = createMemory({ memory: "buffer", maxBytes: "1MiB" });
    const before = memory.runs();
    const refusing = new Error("mine");
    const broken = {
      collector: defineCollector({
        name: "broken",
        traits: {},
        create: () => {
          throw refusing;
        },
      }),
      counter: undefined,
    };
    const cases: [Partial<HeapOptions>, string][] = [
      [{ layouts: [...LAYOUTS, { name: "leaf", scan: "all" }] }, "ERR_BAD_LAYOUT"],
      [{ layouts: [{ name: "a", scan: "leaf", finalizer: "nobody" }] }, "ERR_MISSING_CODE"],
      [{ code: { finalize: 5 as never } }, "ERR_BAD_OPTION"],
      [{ collector: naiveScan() }, "ERR_PLUGIN_MISMATCH"],
      [{ counter: undefined }, "ERR_PLUGIN_MISMATCH"],
      [{ collector: {} as never }, "ERR_BAD_PLUGIN"],
      [{ counter: {} as never }, "ERR_BAD_PLUGIN"],
      [{ allocator: undefined as never }, "ERR_BAD_PLUGIN"],
      [{ debug: 1 as never }, "ERR_BAD_OPTION"],
      [{ checks: "yes" as never }, "ERR_BAD_OPTION"],
      [{ unraisable: "log" as never }, "ERR_BAD_OPTION"],
    ];
    for (const [options, code] of cases) {
      expect(codeOf(() => createHeap({ ...OPTIONS, memory, ...options }))).toBe(code);
      expect(memory.runs()).toEqual(before);
      expect([...memory.heapWords]).toEqual(Array(8).fill(0));
    }
    expect(() => createHeap({ ...OPTIONS, memory, ...broken })).toThrow(refusing);
    expect(memory.runs()).toEqual(before);
    // At each step of making it.
    const needed = createHeap({ ...OPTIONS, memory });
    const pagesTaken = (needed.memory.usage().takenBytes - before[0]!.bytes) / 4096;
    needed.dispose();
    for (let left = 0; left < pagesTaken; left++) {
      const giveBack = fill(memory, left);
      const full = memory.runs();
      expect(codeOf(() => createHeap({ ...OPTIONS, allocator: pages({ poolBytes: 0 }), memory }))).toMatch(
        /ERR_BUFFER_TOO_SMALL|ERR_OUT_OF_MEMORY/,
      );
      expect(memory.runs()).toEqual(full);
      giveBack();
    }
    createHeap({ ...OPTIONS, memory }).dispose();
    expect(memory.runs()).toEqual(before);
  });

  it.each([undefined, null, "heap", 5])("is not made of %s", (options) => {
    expect(codeOf(() => createHeap(options as never))).toBe("ERR_BAD_OPTION");
  });

  it("is not made on what is no memory", () => {
    for (const memory of [5, "disk", {}, new Uint8Array(9)]) {
      expect(codeOf(() => createHeap({ ...OPTIONS, memory: memory as never }))).toBe("ERR_BAD_OPTION");
    }
  });
});

describe("a heap that is disposed", () => {
  it("is disposed once", () => {
    const { heap } = openHeap();
    heap.dispose();
    heap.dispose();
    heap[Symbol.dispose]();
  });

  it("runs no finalizer", () => {
    let calls = 0;
    const { heap, layouts } = openHeap(COUNTED, {
      finalize: () => {
        calls++;
      },
    });
    heap.scope((s) => heap.pin(s.create(layouts.node)));
    heap.dispose();
    expect(calls).toBe(0);
  });

  it.each(PLANS)("refuses every call $name", (plan) => {
    const { heap, layouts } = openHeap(plan);
    const scope = heap.enter();
    const object = scope.create(layouts.plain);
    const list = scope.create(layouts.list);
    const pin = heap.pin(object);
    heap.dispose();
    const none = 0 as Ptr;
    const calls: Record<string, () => unknown> = {
      layout: () => heap.layout({ name: "a", scan: "all" }),
      layoutOf: () => heap.layoutOf(object),
      specOf: () => heap.specOf(layouts.plain),
      scope: () => heap.scope(() => 1),
      enter: () => heap.enter(),
      get: () => heap.get(object, 0),
      set: () => heap.set(object, 0, none),
      pin: () => heap.pin(object),
      deref: () => heap.deref(pin),
      unpin: () => heap.unpin(pin),
      retain: () => heap.retain(object),
      release: () => heap.release(object),
      count: () => heap.count(object),
      immortalize: () => heap.immortalize(object),
      isTracked: () => heap.isTracked(object),
      track: () => heap.track(object),
      untrack: () => heap.untrack(object),
      isFinalized: () => heap.isFinalized(object),
      objects: () => heap.objects(),
      referentsOf: () => heap.referentsOf(object),
      stats: () => heap.stats(),
      verify: () => heap.verify(),
      trim: () => heap.trim(),
      detach: () => heap.detach(),
    };
    const groups = {
      gc: heap.gc,
      weak: heap.weak,
      items: heap.items,
      events: heap.events,
    } as unknown as Record<string, Record<string, unknown>>;
    for (const [group, members] of Object.entries(groups)) {
      for (const [name, member] of Object.entries(members)) {
        if (typeof member === "function")
          calls[`${group}.${name}`] = () => (member as () => unknown).call(members);
      }
    }
    for (const [name, call] of Object.entries(calls)) {
      expect(`${name}: ${codeOf(call)}`).toBe(`${name}: ERR_DISPOSED`);
    }
    // Nothing was left out.
    const kept = ["dispose", "isObject", "layoutNamed"];
    const functions = Object.entries(heap).filter(([, member]) => typeof member === "function");
    expect(functions.map(([name]) => name).filter((name) => !(name in calls))).toEqual(
      expect.arrayContaining(kept),
    );
    expect(functions.filter(([name]) => !(name in calls) && !kept.includes(name))).toEqual([]);
    expect(heap.isObject(object)).toBe(false);
    for (const call of [() => scope.create(layouts.plain), () => scope.own(list), () => scope.escape(list)]) {
      expect(codeOf(call)).toBe("ERR_DISPOSED");
    }
  });

  it("was taken apart is of no use any more, either", () => {
    const { heap, layouts } = openHeap();
    const object = heap.scope((s) => heap.pin(s.create(layouts.plain)));
    const { stats, verify, pin, deref, enter, scope, dispose } = heap;
    dispose();
    for (const call of [
      stats,
      verify,
      enter,
      () => scope(() => 1),
      () => pin(8 as Ptr),
      () => deref(object),
    ]) {
      expect(codeOf(call)).toBe("ERR_DISPOSED");
    }
  });

  it("is not, from code that it calls", () => {
    const codes: string[] = [];
    const end = (heap: Heap): void => {
      codes.push(
        codeOf(() => heap.dispose()),
        codeOf(() => heap.detach()),
      );
    };
    for (const plan of PLANS) {
      const { heap, layouts } = openHeap(plan, { finalize: (_, heap) => end(heap) });
      heap.scope((s) => {
        const node = s.create(layouts.node);
        heap.pin(heap.weak.create(s, node, { callback: (_, heap) => end(heap) }));
        heap.set(node, 0, node);
      });
      heap.gc.collect();
      heap.verify();
      heap.dispose();
    }
    expect(codes).toEqual(Array(8).fill("ERR_BUSY"));
  });

  it("tells its counter and its collector", () => {
    const told: string[] = [];
    const { heap } = openHeap(COUNTED, {
      collector: naiveDerived({ with: () => ({ dispose: () => void told.push("collector") }) }),
      counter: defineCounter({
        name: "telling",
        traits: { exact: true },
        create: (context) => ({
          ...COUNTED.counter()!.create(context),
          dispose: () => void told.push("counter"),
        }),
      }),
    });
    heap.dispose();
    heap.dispose();
    expect(told).toEqual(["collector", "counter"]);
  });
});

describe("a plan", () => {
  it("is what the plugins agreed on", () => {
    expect(openHeap(PLANS[0]).heap.plan).toEqual({
      counted: true,
      barrier: false,
      decrements: false,
      birth: 1,
    });
    expect(openHeap(PLANS[1]).heap.plan).toEqual({
      counted: false,
      barrier: false,
      decrements: false,
      birth: 1,
    });
  });

  it("that cannot be is refused with what is needed, what is there and what to do", () => {
    const { message } = errorOf(() => createHeap({ ...OPTIONS, counter: undefined }));
    expect(message).toContain('The collector "naive-derived" does not fit.');
    expect(message).toContain(
      "works from exact reference counts; the heap has no counter. To mend it, pass a counter",
    );
  });
});

/** One memory after the other in the same bytes: nothing of the first may show in the second. */
describe("heaps one after the other", () => {
  it("do not see what the last one left in the bytes", () => {
    const buffer = new ArrayBuffer(4 * 1024 * 1024);
    new Uint8Array(buffer).fill(0x5a);
    new Uint8Array(buffer, 0, 64).fill(0);
    for (let round = 0; round < 3; round++) {
      for (const plan of PLANS) {
        const { heap } = openHeap(plan, { memory: buffer });
        expect(heap.stats()).toMatchObject({
          objects: 0,
          pins: 0,
          handles: 0,
          buriedObjects: 0,
          weakReferences: 0,
        });
        expect(codeOf(() => heap.deref((2 ** 22) as Pin))).toBe("ERR_STALE_PIN");
        live(heap);
        heap.verify();
        heap.dispose();
      }
    }
  });

  it("on one memory do not know each other's references when debug is on", () => {
    const memory: Memory = createMemory({ memory: "buffer", maxBytes: "4MiB" });
    const first = createHeap({ ...OPTIONS, memory });
    const stale = first.scope((s) => s.create(first.layoutNamed("plain")!));
    first.dispose();
    const second = createHeap({ ...OPTIONS, memory, debug: true });
    using s = second.enter();
    expect(codeOf(() => s.own(stale))).toBe("ERR_BAD_REFERENCE");
    expect(codeOf(() => second.get(stale, 0))).toBe("ERR_BAD_REFERENCE");
  });
});
