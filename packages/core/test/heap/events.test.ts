import { describe, expect, it } from "vitest";

import { attachHeap } from "../../src/heap/create-heap.js";
import { EVENT_WORDS, LISTENERS, USER_CODE } from "../../src/heap/control.js";
import { createEvents, EVENT, EVENT_RECORD_WORDS } from "../../src/heap/events.js";
import { EVENT_BUFFER_WORDS } from "../../src/heap/heap-tables.js";
import { codeOf } from "../error-of.js";
import { COUNTED, PLANS, openHeap, pluginsOf, CODE, type OpenHeap } from "./support/open-heap.js";
import { openTables } from "./support/tables.js";

const NAMES = new Map<number, string>(Object.entries(EVENT).map(([name, kind]) => [kind, name]));

/** Records of a batch as texts. */
function namesOf(batch: Int32Array): string[] {
  const kinds = batch.filter((_, word) => word % EVENT_RECORD_WORDS === 0);
  return Array.from(kinds, (kind) => NAMES.get(kind)!);
}

/** A cycle of a node that is finalized, a weak reference with a callback, and a list: everything that makes phases. */
function makeGarbage({ heap, layouts }: OpenHeap, callback = () => {}): void {
  heap.scope((s) => {
    const node = s.create(layouts.node);
    const list = s.create(layouts.list);
    heap.items.append(list, node);
    heap.set(node, 0, list);
    heap.pin(heap.weak.create(s, node, { callback }));
  });
}

const unheard = { call: (_: string, code: () => void) => code(), assertNone: () => {} };

describe("the event buffer", () => {
  it("is left alone while nobody listens", () => {
    const tables = openTables();
    const events = createEvents(tables, unheard);
    for (let event = 0; event < 2000; event++) events.emit(1, 2, 3);
    events.flush();
    expect(tables.events.every((word) => word === 0)).toBe(true);
    expect(tables.control[EVENT_WORDS]).toBe(0);
  });

  it("is handed out when it is three quarters full, with the events in order and numbered", () => {
    const tables = openTables();
    const events = createEvents(tables, unheard);
    const batches: Int32Array[] = [];
    events.listen((batch) => void batches.push(batch));
    const most = (EVENT_BUFFER_WORDS * 3) / 4 / EVENT_RECORD_WORDS;
    for (let event = 1; event < most; event++) events.emit(EVENT.marked, event, -event);
    expect(batches).toEqual([]);
    events.emit(EVENT.buried, most, -most);
    expect(batches).toHaveLength(1);
    expect(batches[0]).toHaveLength(most * EVENT_RECORD_WORDS);
    expect([...batches[0]!.subarray(0, 8)]).toEqual([EVENT.marked, 1, -1, 1, EVENT.marked, 2, -2, 2]);
    expect([...batches[0]!.subarray(-4)]).toEqual([EVENT.buried, most, -most, most]);
    events.emit(EVENT.buried, 0, 0);
    events.flush();
    events.flush();
    expect([...batches[1]!]).toEqual([EVENT.buried, 0, 0, most + 1]);
    expect(batches).toHaveLength(2);
  });

  it("drops what a listener makes happen beyond its length, and the numbers show it", () => {
    const tables = openTables();
    const events = createEvents(tables, unheard);
    const batches: Int32Array[] = [];
    events.listen((batch) => {
      batches.push(batch);
      if (batches.length === 1) for (let event = 0; event < 2000; event++) events.emit(2, event, 0);
    });
    events.emit(1, 0, 0);
    events.flush();
    events.flush();
    expect(batches[1]).toHaveLength(EVENT_BUFFER_WORDS);
    events.emit(3, 0, 0);
    events.flush();
    expect([...batches[2]!]).toEqual([3, 0, 0, 2002]);
  });
});

describe.each(PLANS)("events of a heap $name", (plan) => {
  it("are the phases of a collection, in CPython's order", () => {
    const opened = openHeap(plan);
    const { heap } = opened;
    const seen: string[] = [];
    heap.events.listen((batch) => void seen.push(...namesOf(batch)));
    makeGarbage(opened);
    heap.gc.collect(1);
    expect(seen).toEqual([
      "collectionStarted",
      "weakReferencesCleared",
      "finalized",
      "rechecked",
      "buried",
      "collectionEnded",
    ]);
    seen.length = 0;
    heap.scope((s) => {
      const list = s.create(opened.layouts.list);
      heap.items.append(list, list);
    });
    heap.gc.collect();
    expect(seen).toEqual(["collectionStarted", "buried", "collectionEnded"]);
    seen.length = 0;
    heap.gc.collect();
    expect(seen).toEqual(["collectionStarted", "collectionEnded"]);
  });

  it("tell how many", () => {
    const opened = openHeap(plan);
    const records: number[][] = [];
    opened.heap.events.listen((batch) => {
      for (let word = 0; word < batch.length; word += 4) records.push([...batch.subarray(word, word + 3)]);
    });
    makeGarbage(opened);
    opened.heap.gc.collect(1);
    expect(records).toEqual([
      [EVENT.collectionStarted, 1, 3],
      [EVENT.weakReferencesCleared, 1, 1],
      [EVENT.finalized, 1, 0],
      [EVENT.rechecked, 2, 0],
      [EVENT.buried, 2, 0],
      [EVENT.collectionEnded, 2, 0],
    ]);
  });

  it("tell of emergencies", () => {
    const { heap, layouts } = openHeap(plan, { maxBytes: "1MiB" });
    const seen: string[] = [];
    heap.events.listen((batch) => void seen.push(...namesOf(batch)));
    using s = heap.enter();
    expect(codeOf(() => heap.items.reserve(s.create(layouts.list), 1_000_000))).toBe("ERR_OUT_OF_MEMORY");
    expect(seen[0]).toBe("emergency");
    heap.verify();
  });

  it("do not come any more after one has stopped listening", () => {
    const { heap, tables } = openHeap(plan);
    let first = 0;
    let second = 0;
    const listener = (): void => {
      first++;
    };
    const stop = heap.events.listen(listener);
    const stopTwice = heap.events.listen(listener);
    heap.events.listen(() => {
      second++;
    });
    heap.gc.collect();
    expect([first, second]).toEqual([2, 1]);
    stop();
    stop();
    heap.gc.collect();
    expect([first, second]).toEqual([3, 2]);
    stopTwice();
    expect(tables.control[LISTENERS]).toBe(1);
    heap.gc.collect();
    expect([first, second]).toEqual([3, 3]);
  });

  it("are handed to each listener as an array of its own", () => {
    const { heap } = openHeap(plan);
    const firsts: number[] = [];
    const listener = (batch: Int32Array): void => {
      firsts.push(batch[0]!);
      batch.fill(0);
    };
    heap.events.listen(listener);
    heap.events.listen(listener);
    heap.gc.collect();
    expect(firsts).toEqual([EVENT.collectionStarted, EVENT.collectionStarted]);
  });

  it("go on when a listener throws, and when the hook for that throws as well", () => {
    const thrown: unknown[] = [];
    const { heap, tables } = openHeap(plan, {
      unraisable: (error, where) => {
        thrown.push(error, where);
        throw new Error("the hook");
      },
    });
    const mine = new Error("mine");
    let heard = 0;
    heap.events.listen(() => {
      throw mine;
    });
    heap.events.listen(() => {
      heard++;
    });
    heap.gc.collect();
    heap.gc.collect();
    expect(thrown).toEqual([mine, "an event listener", mine, "an event listener"]);
    expect(heard).toBe(2);
    expect(tables.control[USER_CODE]).toBe(0);
    heap.verify();
    heap.dispose();
  });

  it("may be listened to by who collects, allocates and leaves scopes open", () => {
    const opened = openHeap(plan);
    const { heap, layouts } = opened;
    const batches: string[][] = [];
    heap.events.listen((batch) => {
      batches.push(namesOf(batch));
      if (batches.length > 2) return;
      heap.enter().create(layouts.plain);
      heap.gc.collect();
      heap.verify();
    });
    makeGarbage(opened);
    heap.gc.collect();
    expect(batches).toHaveLength(1);
    expect(heap.stats().handles).toBe(0);
    heap.events.flush();
    expect(batches[1]).toEqual(["collectionStarted", "collectionEnded"]);
    heap.verify();
    heap.detach();
  });

  it("come from outside of collections only, so that a heap that a listener sees is in order", () => {
    const opened = openHeap(plan);
    const { heap } = opened;
    let checked = 0;
    heap.events.listen(() => {
      expect(heap.gc.isCollecting()).toBe(false);
      heap.verify();
      checked++;
    });
    for (let round = 0; round < 300; round++) {
      makeGarbage(opened);
      heap.gc.collect();
    }
    expect(checked).toBe(300);
    expect(opened.unraisable).toEqual([]);
  });

  it("may not be listened to by who ends the heap", () => {
    const { heap, unraisable } = openHeap(plan);
    heap.events.listen(() => heap.dispose());
    heap.events.listen(() => void heap.detach());
    heap.gc.collect();
    expect(unraisable.map(({ error }) => (error as { code: string }).code)).toEqual(["ERR_BUSY", "ERR_BUSY"]);
    heap.verify();
  });

  it("are for functions", () => {
    const { heap } = openHeap(plan);
    for (const listener of [undefined, null, {}, "f"]) {
      expect(codeOf(() => heap.events.listen(listener as never))).toBe("ERR_BAD_OPTION");
    }
    heap.gc.collect();
  });
});

describe("events of a heap that moves on", () => {
  it("are handed out when it is detached, and nobody listens when another attaches", () => {
    const { heap } = openHeap(COUNTED, { maxBytes: "1MiB" });
    const seen: string[] = [];
    heap.events.listen((batch) => void seen.push(...namesOf(batch)));
    heap.scope((s) => {
      const list = s.create(heap.layoutNamed("list")!);
      expect(codeOf(() => heap.items.reserve(list, 1_000_000))).toBe("ERR_OUT_OF_MEMORY");
    });
    seen.length = 0;
    const buffer = heap.detach();
    const code = { finalize: () => {}, oldFinalize: () => {}, ...CODE };
    const moved = attachHeap(buffer, { ...pluginsOf(COUNTED), code });
    moved.gc.collect();
    expect(seen).toEqual([]);
    let heard = 0;
    moved.events.listen((batch) => (heard += batch.length));
    moved.gc.collect();
    expect(heard).toBe(2 * EVENT_RECORD_WORDS);
    moved.verify();
  });
});
