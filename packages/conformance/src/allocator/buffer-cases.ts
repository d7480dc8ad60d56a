import {
  createMemory,
  type BlockAllocator,
  type MemoryKind,
  type MemorySource,
  type WasmMemory,
} from "@heapwright/core";

import { demand, demandRefusal } from "../demand.js";
import { demandMarked, mallocMarked, markBlock } from "./contents.js";
import { demandSame, observe } from "./observe.js";
import { EDGE_SIZES } from "./program.js";
import { usedMemoryFor, withAllocator, type Draft, type Subject } from "./subject.js";

const WASM_PAGE_BYTES = 65536;

/** What a kind of memory needs of the host, and how to make a buffer of one's own for it. */
interface Kind {
  readonly kind: MemoryKind;
  /** What the buffer is called. */
  readonly name: string;
  /** Whether the host has it. */
  readonly there: boolean;
  readonly make: (bytes: number) => ArrayBuffer | SharedArrayBuffer | WasmMemory;
}

/** Memories of every kind, and buffers of the caller's. */
export function bufferCases(subject: Subject): Draft[] {
  const kinds = kindsOf(subject);
  return [
    ...kinds.map((kind): Draft => kindCase(subject, kind)),
    ...kinds.map((kind): Draft => ownBufferCase(subject, kind)),
    {
      id: "memories/used-buffer",
      rule: "memories",
      title: "works on a buffer that is full of other data",
      run: () => {
        const buffer = new ArrayBuffer(subject.maxBytes);
        new Uint8Array(buffer).fill(0xa5);
        withAllocator(subject, demandWorks, { memory: buffer });
      },
    },
    {
      id: "memories/used-memory",
      rule: "memories",
      title: "works on pages that somebody else wrote to",
      run: () => withAllocator(subject, demandWorks, { memory: usedMemoryFor(subject) }),
    },
    {
      id: "buffer-too-small/lengths",
      rule: "buffer-too-small",
      title: "refuses a buffer without room for a memory, and leaves one that it cannot use free",
      run: () => {
        for (const bytes of [0, 64, 4096, 8191]) {
          const what = `create on a buffer of ${bytes} B`;
          demandRefusal(what, ["ERR_BUFFER_TOO_SMALL"], () =>
            subject.create({ memory: new ArrayBuffer(bytes) }),
          );
        }
        for (let bytes = 8192; bytes <= subject.maxBytes; bytes *= 2) demandUsedOrFree(subject, bytes);
      },
    },
    {
      id: "buffer-in-use/second-allocator",
      rule: "buffer-in-use",
      title: "refuses a buffer that carries another allocator, which goes on unharmed",
      run: () => refuseSecond(subject, 0),
    },
    {
      id: "buffer-in-use/another-offset",
      rule: "buffer-in-use",
      title: "refuses such a buffer at another offset, too",
      run: () => refuseSecond(subject, 65536),
    },
    {
      id: "offset/bytes-before",
      rule: "offset",
      title: "leaves the bytes before offset alone",
      run: () => {
        for (const offset of [1, 64, 1000, 65536, 100_001]) demandLeavesBefore(subject, offset);
      },
    },
    ...detachCases(subject),
  ];
}

function kindsOf({ memories }: Subject): Kind[] {
  const kinds: Kind[] = [
    { kind: "buffer", name: "an ArrayBuffer", there: true, make: (bytes) => new ArrayBuffer(bytes) },
    {
      kind: "shared",
      name: "a SharedArrayBuffer",
      there: "SharedArrayBuffer" in globalThis,
      make: (bytes) => new SharedArrayBuffer(bytes),
    },
    { kind: "wasm", name: "a WebAssembly.Memory", there: "WebAssembly" in globalThis, make: wasmMemory },
    {
      kind: "resizable",
      name: "a resizable ArrayBuffer",
      there: "resizable" in ArrayBuffer.prototype,
      make: (bytes) => new ArrayBuffer(0, { maxByteLength: bytes }),
    },
  ];
  return kinds.filter(({ kind }) => memories.includes(kind));
}

function wasmMemory(bytes: number): WasmMemory {
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages + 1 });
}

function kindCase(subject: Subject, { kind, name, there }: Kind): Draft {
  return {
    id: `memories/${kind}`,
    rule: "memories",
    title: `works as well on memory of the kind "${kind}"`,
    skip: there ? undefined : `This host has no ${name.replace(/^an? /, "")}.`,
    run: () => demandWorksAsWell(subject, kind, kind),
  };
}

function ownBufferCase(subject: Subject, { kind, name, there, make }: Kind): Draft {
  return {
    id: `memories/own-${kind}`,
    rule: "memories",
    title: `works as well on ${name} of the caller's`,
    skip: there ? undefined : `This host has no ${name.replace(/^an? /, "")}.`,
    run: () => demandWorksAsWell(subject, kind, make(subject.maxBytes)),
  };
}

/** Compares what is seen on a memory with what is seen on the memory of most other cases. */
function demandWorksAsWell(subject: Subject, kind: MemoryKind, memory: MemorySource): void {
  const buffer = typeof memory === "string" ? undefined : "buffer" in memory ? memory.buffer : memory;
  let expected: string[] = [];
  withAllocator(subject, (usual) => {
    expected = observe(usual);
  });
  withAllocator(
    subject,
    (allocator) => {
      const found = allocator.memory;
      demand(found.kind === kind, `The memory must be of the kind ${kind}; it is of the kind ${found.kind}.`);
      demand(
        buffer === undefined || found.buffer === buffer,
        "The blocks must be in the buffer that was handed in.",
      );
      demandSame(`An allocator on memory of the kind ${kind}`, expected, observe(allocator));
      demandWorks(allocator);
    },
    { memory },
  );
}

/** Blocks of all lengths that come, go and keep their bytes. */
function demandWorks(allocator: BlockAllocator): void {
  const first = EDGE_SIZES.map((bytes, index) => mallocMarked(allocator, bytes, index));
  for (const block of first) demandMarked(allocator, block);
  for (const { address } of first.slice(0, 6)) allocator.free(address);
  const second = [1, 512, 4096].map((bytes, index) => mallocMarked(allocator, bytes, 100 + index));
  for (const block of [...first.slice(6), ...second]) {
    demandMarked(allocator, block);
    allocator.free(block.address);
  }
}

/** Either an allocator is made, or the refusal has the right code and leaves the buffer to others. */
function demandUsedOrFree(subject: Subject, bytes: number): void {
  const buffer = new ArrayBuffer(bytes);
  try {
    subject.create({ memory: buffer });
  } catch (error) {
    demandRefusal(`create on a buffer of ${bytes} B`, ["ERR_BUFFER_TOO_SMALL"], () => {
      throw error;
    });
    createMemory({ memory: buffer }).dispose();
  }
}

function refuseSecond(subject: Subject, offset: number): void {
  const buffer = new ArrayBuffer(subject.maxBytes);
  withAllocator(
    subject,
    (first) => {
      const blocks = [64, 600, 20_000].map((bytes, index) => mallocMarked(first, bytes, index));
      const what = "create on a buffer that is in use";
      demandRefusal(what, ["ERR_BUFFER_IN_USE"], () => subject.create({ memory: buffer, offset }));
      markBlock(first, first.malloc(64), 0x77);
      for (const block of blocks) demandMarked(first, block);
    },
    { memory: buffer },
  );
}

function demandLeavesBefore(subject: Subject, offset: number): void {
  const buffer = new ArrayBuffer(subject.maxBytes);
  const before = new Uint8Array(buffer, 0, offset).fill(0xa5);
  withAllocator(subject, demandWorks, { memory: buffer, offset });
  const touched = before.findIndex((byte) => byte !== 0xa5);
  demand(touched === -1, `No byte before offset ${offset} may be touched; byte ${touched} was.`);
}

// ── Detached buffers ────────────────────────────────────────────────────────

/** Ways to detach a buffer that are not in every host. */
interface DetachingHost {
  readonly structuredClone?: (value: unknown, options: { readonly transfer: readonly unknown[] }) => unknown;
}

/** Moves a buffer's bytes elsewhere, as posting it to another thread does; undefined where the host cannot. */
function detacher(): ((buffer: ArrayBuffer) => void) | undefined {
  if ("transfer" in ArrayBuffer.prototype) return (buffer) => void buffer.transfer();
  const { structuredClone } = globalThis as unknown as DetachingHost;
  return structuredClone && ((buffer) => void structuredClone(buffer, { transfer: [buffer] }));
}

function detachCases(subject: Subject): Draft[] {
  const detach = detacher();
  const cannotDetach = detach ? undefined : "This host has no way to transfer a buffer.";
  return [
    {
      id: "buffer-detached/before",
      rule: "buffer-detached",
      title: "refuses a buffer that was transferred before",
      skip: cannotDetach,
      run: () => {
        const buffer = new ArrayBuffer(subject.maxBytes);
        detach?.(buffer);
        demandRefusal("create on a detached buffer", ["ERR_BUFFER_DETACHED"], () =>
          subject.create({ memory: buffer }),
        );
      },
    },
    {
      id: "buffer-detached/in-use",
      rule: "buffer-detached",
      title: "refuses to go on when its buffer is transferred",
      skip: cannotDetach,
      run: () => {
        const buffer = new ArrayBuffer(subject.maxBytes);
        demandNoticesDetached(subject, buffer, () => detach?.(buffer));
      },
    },
    {
      id: "buffer-detached/grown",
      rule: "buffer-detached",
      title: "refuses to go on when its wasm memory has grown",
      skip: "WebAssembly" in globalThis ? undefined : "This host has no WebAssembly.",
      run: () => {
        const memory = wasmMemory(subject.maxBytes);
        demandNoticesDetached(subject, memory, () => memory.grow(1));
      },
    },
    {
      id: "buffer-detached/disposed",
      rule: "buffer-detached",
      title: "can be disposed when its buffer is detached",
      skip: cannotDetach,
      run: () => {
        const buffer = new ArrayBuffer(subject.maxBytes);
        const allocator = subject.create({ memory: buffer });
        allocator.malloc(100);
        detach?.(buffer);
        allocator.dispose();
      },
    },
  ];
}

function demandNoticesDetached(subject: Subject, memory: ArrayBuffer | WasmMemory, detach: () => void): void {
  const allocator = subject.create({ memory });
  const address = allocator.malloc(100);
  detach();
  const calls: Record<string, () => unknown> = {
    "malloc(16)": () => allocator.malloc(16),
    "malloc(20000)": () => allocator.malloc(20_000),
    "calloc(1, 16)": () => allocator.calloc(1, 16),
    "realloc(address, 200)": () => allocator.realloc(address, 200),
    "free(address)": () => allocator.free(address),
    "verify()": () => allocator.verify(),
  };
  for (const [name, call] of Object.entries(calls)) {
    demandRefusal(`${name} on a detached buffer`, ["ERR_BUFFER_DETACHED"], call);
  }
}
