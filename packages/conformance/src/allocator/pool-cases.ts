/**
 * `pools`: whole pools for a heap, beside the blocks and never among them.
 */

import type { Address, BlockAllocator, PoolSource } from "@heapwright/core";

import { demand, demandRefusal } from "../demand.js";
import { demandMarked, markBytes, type MarkedBlock } from "./contents.js";
import { fillUp } from "./fill.js";
import { blocksOf, demandUnchanged, pictureOf } from "./picture.js";
import { checkPrograms, type Law, type World } from "./play.js";
import { memoryFor, withAllocator, without, type Draft, type Subject } from "./subject.js";

const LEAST_POOL_BYTES = 4096;

/** What comes with the trait `pools`. */
export function poolCases(subject: Subject): Draft[] {
  const skip = without(subject, "pools");
  const common = { rule: "pools", skip } as const;
  return [
    {
      ...common,
      id: "pools/places",
      title: "hands out pools at multiples of their length, inside the memory, apart from each other",
      run: () => withAllocator(subject, demandPlaces),
    },
    {
      ...common,
      id: "pools/programs",
      title: "keeps blocks out of the pools that come and go during a random program",
      run: () => checkPrograms(subject, takesPools),
    },
    {
      ...common,
      id: "pools/uncounted",
      title: "shows and counts no block where there is a pool",
      run: () =>
        withAllocator(subject, (allocator) => {
          allocator.malloc(100);
          const before = pictureOf(allocator);
          const taken = [takePool(allocator), takePool(allocator)];
          const after = pictureOf(allocator);
          demand(
            before === after,
            `Pools are no blocks: there were ${before}; with pools taken there are ${after}.`,
          );
          for (const pool of taken) allocator.pools?.give(pool);
        }),
    },
    {
      ...common,
      id: "pools/room",
      title: "has room for as many pools again when all were given back, and 0 for one more",
      run: () => withAllocator(subject, takeAllTwice),
    },
    {
      ...common,
      id: "pools/room-for-blocks",
      title: "serves blocks again from the room of pools that were given back",
      run: () =>
        withAllocator(subject, (allocator) => {
          for (const pool of takeAll(poolsOf(allocator))) allocator.pools?.give(pool);
          fillUp(allocator, 100, 100);
        }),
    },
    {
      ...common,
      id: "pools/wrong-address",
      title: "takes back nothing but what it handed out, and that once",
      run: () => withAllocator(subject, demandWrongRefused),
    },
    {
      ...common,
      id: "pools/no-block",
      title: "finds no block at any address in a pool",
      run: () =>
        withAllocator(subject, (allocator) => {
          const pool = takePool(allocator);
          markBytes(allocator, pool, poolsOf(allocator).poolBytes, 0x11);
          for (const address of [pool, pool + 48, pool + 64, pool + poolsOf(allocator).poolBytes - 16]) {
            demandRefusal(`free(${address}), in a pool`, ["ERR_BAD_ADDRESS"], () => allocator.free(address));
          }
          poolsOf(allocator).give(pool);
        }),
    },
    {
      ...common,
      id: "pools/disposed",
      title: "gives pools back when it is disposed, and hands out none afterwards",
      run: () => demandDisposed(subject),
    },
  ];
}

function poolsOf(allocator: BlockAllocator): PoolSource {
  demand(allocator.pools !== undefined, "The trait pools promises pools; there are none.");
  return allocator.pools;
}

/** Takes a pool where there must be room for one. */
function takePool(allocator: BlockAllocator): Address {
  const pool = poolsOf(allocator).take();
  demand(pool !== 0, "pools.take() must return an address; there is room for a pool.");
  return pool;
}

function takeAll(pools: PoolSource): Address[] {
  const taken: Address[] = [];
  for (let pool = pools.take(); pool !== 0; pool = pools.take()) taken.push(pool);
  return taken;
}

function demandPlaces(allocator: BlockAllocator): void {
  const pools = poolsOf(allocator);
  const { poolBytes } = pools;
  demand(
    poolBytes >= LEAST_POOL_BYTES && Number.isInteger(Math.log2(poolBytes)),
    `poolBytes must be a power of two of at least ${LEAST_POOL_BYTES}; it is ${poolBytes}.`,
  );
  const taken = [takePool(allocator), ...takeAll(pools)];
  for (const pool of taken) {
    const inside = pool > 0 && pool + poolBytes <= allocator.memory.maxBytes;
    demand(
      inside && pool % poolBytes === 0,
      `A pool must begin at a multiple of ${poolBytes} and lie inside the memory; one is at ${pool}.`,
    );
  }
  demand(new Set(taken).size === taken.length, "No pool may be handed out that was not given back.");
}

/** Takes a pool every third step and gives the oldest back every fifth; nobody writes into a pool meanwhile. */
function takesPools(): Law {
  const taken: MarkedBlock[] = [];
  let steps = 0;

  function stepped({ allocator }: World): void {
    const pools = poolsOf(allocator);
    steps++;
    if (steps % 3 === 0) {
      const address = pools.take();
      if (address !== 0) taken.push(markBytes(allocator, address, pools.poolBytes, 1 + (steps % 251)));
    }
    if (steps % 5 === 0 && taken.length > 0) {
      const oldest = taken.shift()!;
      demandMarked(allocator, oldest, "a pool");
      pools.give(oldest.address);
    }
    const blocks = blocksOf(allocator);
    for (const pool of taken) demandNoneInside(pool, blocks);
  }

  return {
    stepped,
    allocated: ({ address, bytes, mark }, { allocator }) => {
      markBytes(allocator, address, bytes, mark);
    },
    ended: ({ allocator }) => {
      for (const pool of taken) demandMarked(allocator, pool, "a pool");
    },
  };
}

function demandNoneInside(pool: MarkedBlock, blocks: readonly (readonly [Address, number])[]): void {
  const inside = blocks.find(
    ([address, bytes]) => address < pool.address + pool.bytes && address + bytes > pool.address,
  );
  demand(
    inside === undefined,
    `No block may be in the pool of ${pool.bytes} B at ${pool.address}; one is at ${String(inside?.[0])}.`,
  );
}

function takeAllTwice(allocator: BlockAllocator): void {
  const pools = poolsOf(allocator);
  const first = takeAll(pools);
  demand(first.length > 0, "pools.take() must return an address; the memory is empty.");
  demand(pools.take() === 0, "pools.take() must return 0 when there is no room, as often as it is called.");
  allocator.verify();
  for (const pool of first) pools.give(pool);
  allocator.verify();
  const again = takeAll(pools).length;
  demand(
    again >= first.length,
    `The memory held ${first.length} pools; when all were given back it held ${again}.`,
  );
}

function demandWrongRefused(allocator: BlockAllocator): void {
  const pools = poolsOf(allocator);
  const block = allocator.malloc(100);
  const [pool, other] = [takePool(allocator), takePool(allocator)];
  const wrong = [0, 16, -pool, pool + 0.5, pool + 16, Number.NaN, block, 2 ** 32, pool + 2 ** 32];
  const refuse = (address: Address): void => {
    const what = `pools.give(${address})`;
    demandUnchanged(allocator, what, () =>
      demandRefusal(what, ["ERR_BAD_ADDRESS"], () => pools.give(address)),
    );
  };
  for (const address of wrong) refuse(address);
  pools.give(other);
  refuse(other);
  pools.give(pool);
  refuse(pool);
  allocator.verify();
}

function demandDisposed(subject: Subject): void {
  const memory = memoryFor(subject);
  const before = JSON.stringify(memory.runs());
  const allocator = subject.create({ memory });
  const pools = poolsOf(allocator);
  const pool = takePool(allocator);
  takePool(allocator);
  allocator.dispose();
  const after = JSON.stringify(memory.runs());
  demand(after === before, `The memory's runs must be ${before} after dispose; they are ${after}.`);
  demandRefusal("pools.take() after dispose", ["ERR_DISPOSED"], () => pools.take());
  demandRefusal("pools.give(address) after dispose", ["ERR_DISPOSED"], () => pools.give(pool));
}
