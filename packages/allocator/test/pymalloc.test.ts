import { createMemory, type HeapwrightError, type HeapwrightErrorCode } from "@heapwright/core";
import { describe, expect, it } from "vitest";

import { createPymalloc, type PymallocOptions } from "../src/index.js";

const code = (expected: HeapwrightErrorCode): HeapwrightError =>
  expect.objectContaining({ code: expected }) as HeapwrightError;

describe("arenas", () => {
  it("go back to the memory when they are empty, all but the last", () => {
    using heap = createPymalloc();
    const blocks = Array.from({ length: 20_000 }, () => heap.malloc(256));
    expect(heap.stats().arenas.current).toBe(5);
    for (const address of blocks) heap.free(address);
    expect(heap.stats().arenas).toMatchObject({ current: 1, peak: 5, total: 5 });
  });

  it("are taken from the fullest first", () => {
    using heap = createPymalloc();
    const blocks = Array.from({ length: 3 * 64 * 31 }, () => heap.malloc(512)); // three full arenas
    const arenaOf = (address: number): number => (heap.locate(address) as { arena: number }).arena;
    const poolIn = (arena: number, pool: number): number[] => {
      const start = (arena * 64 + pool) * 31;
      return blocks.slice(start, start + 31);
    };
    for (const address of [...poolIn(0, 0), ...poolIn(0, 1), ...poolIn(1, 0)]) heap.free(address);
    // Arena 1 has one free pool, arena 0 has two.
    const next = heap.malloc(16);
    expect(arenaOf(next)).toBe(1);
    expect(arenaOf(heap.malloc(32))).toBe(0);
    heap.verify();
  });
});

describe("checks", () => {
  const broken: [string, (heap: ReturnType<typeof createPymalloc>) => void, HeapwrightErrorCode][] = [
    ["a block of a pool that is freed twice", (heap) => freeTwice(heap, 40), "ERR_DOUBLE_FREE"],
    ["a large block that is freed twice", (heap) => freeTwice(heap, 40_000), "ERR_DOUBLE_FREE"],
    [
      "an address inside a block of a pool",
      (heap) => {
        heap.free(heap.malloc(64) + 16);
      },
      "ERR_BAD_ADDRESS",
    ],
    [
      "an address inside a large block",
      (heap) => {
        heap.free(heap.malloc(6400) + 16);
      },
      "ERR_BAD_ADDRESS",
    ],
    [
      "a block that was freed before it is moved",
      (heap) => {
        const a = heap.malloc(64);
        heap.malloc(64);
        heap.free(a);
        heap.realloc(a, 10);
      },
      "ERR_DOUBLE_FREE",
    ],
  ];
  it.each(broken)("find %s", (_, act, expected) => {
    using heap = createPymalloc();
    expect(() => {
      act(heap);
    }).toThrow(code(expected));
    heap.verify();
  });

  it("cost one bit for 16 bytes of the memory that is in use", () => {
    const measure = (options: PymallocOptions): { metadataBytes: number; footprintBytes: number } => {
      using heap = createPymalloc(options);
      for (let i = 0; i < 30_000; i++) heap.malloc(512);
      return heap.stats();
    };
    const [checked, unchecked] = [measure({ checks: true }), measure({ checks: false })];
    const share = (checked.metadataBytes - unchecked.metadataBytes) / checked.footprintBytes;
    expect(share).toBeGreaterThan(1 / 128);
    expect(share).toBeLessThan(1.2 / 128);
  });

  it("are not needed to refuse an address in nothing live", () => {
    using heap = createPymalloc({ checks: false });
    const address = heap.malloc(64);
    for (const wrong of [
      address + 4,
      address + 0.5,
      -address,
      NaN,
      64 * 2 ** 30,
      heap.memory.maxBytes + 16,
      16,
    ]) {
      expect(() => {
        heap.free(wrong);
      }).toThrow(code("ERR_BAD_ADDRESS"));
    }
    heap.free(address);
    expect(() => {
      heap.free(address);
    }).toThrow(code("ERR_DOUBLE_FREE")); // its pool is empty
    heap.verify();
  });
});

function freeTwice(heap: ReturnType<typeof createPymalloc>, bytes: number): void {
  const address = heap.malloc(bytes);
  heap.malloc(bytes);
  heap.free(address);
  heap.free(address);
}

describe("a disposed allocator", () => {
  it("refuses calls that were taken from it before, over a memory of its own", () => {
    const heap = createPymalloc();
    const { malloc, free, realloc } = heap;
    const address = malloc(10);
    heap.dispose();
    for (const call of [
      () => malloc(10),
      () => {
        free(address);
      },
      () => realloc(address, 99),
    ]) {
      expect(call).toThrow(code("ERR_DISPOSED"));
    }
  });

  it("gives every page of a shared memory back", () => {
    const memory = createMemory({ memory: "buffer", maxBytes: "16MiB" });
    const { takenBytes } = memory.usage();
    const heap = createPymalloc({ memory });
    for (let i = 0; i < 10_000; i++) heap.malloc(i % 700);
    heap.dispose();
    expect(memory.usage().takenBytes).toBe(takenBytes);
    memory.verify();
  });
});

describe("damage and loss", () => {
  it("is found by verify where a write past the end reached the link of the next chunk", () => {
    using heap = createPymalloc({ maxBytes: "4MiB" });
    const address = heap.malloc(262_144 - 40);
    heap.malloc(262_144 - 50);
    new Uint8Array(heap.memory.buffer, address, heap.usableSize(address) + 32).fill(0x41);
    expect(() => {
      heap.verify();
    }).toThrow(code("ERR_CORRUPT_MEMORY"));
  });

  it.each(["buffer", "shared", "resizable", "wasm"] as const)(
    "does not reach the next allocator when the %s memory below was disposed first",
    (kind) => {
      const memory = createMemory({ memory: kind, maxBytes: "4MiB" });
      const heap = createPymalloc({ memory });
      heap.malloc(16);
      memory.dispose();
      expect(() => heap.stats()).toThrow(/disposed|detached/);
      heap.dispose();
    },
  );

  it("leaves a successor on the same buffer alone", () => {
    const buffer = new ArrayBuffer(4 << 20);
    const memory = createMemory({ memory: buffer });
    const first = createPymalloc({ memory });
    first.malloc(16);
    memory.dispose();
    using second = createPymalloc({ memory: buffer });
    const address = second.malloc(16);
    first.dispose();
    second.verify();
    second.free(address);
  });
});

describe("a full memory", () => {
  it("is refused with ERR_OUT_OF_MEMORY, also when a spare chunk is too short for an arena", () => {
    using heap = createPymalloc({ maxBytes: "4MiB" });
    heap.free(heap.malloc(200_000));
    expect(() => {
      for (;;) heap.malloc(512);
    }).toThrow(code("ERR_OUT_OF_MEMORY"));
    heap.verify();
  });
});

describe("an option of the wrong type", () => {
  it.each(["off", 1, null])("is refused: checks %j", (checks) => {
    expect(() => createPymalloc({ checks: checks as never })).toThrow(code("ERR_BAD_OPTION"));
  });
});

describe("a small buffer", () => {
  it("is refused with what it needs", () => {
    expect(() => createPymalloc({ memory: new ArrayBuffer(512 * 1024) })).toThrow(
      code("ERR_BUFFER_TOO_SMALL"),
    );
  });

  it("is served by a small geometry", () => {
    using heap = createPymalloc({
      memory: new ArrayBuffer(64 * 1024),
      arenaBytes: "16KiB",
      poolBytes: "4KiB",
    });
    const blocks = Array.from({ length: 500 }, () => heap.malloc(32));
    expect(new Set(blocks).size).toBe(500);
    heap.verify();
  });
});
