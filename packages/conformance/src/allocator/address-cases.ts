import {
  BLOCK_ALIGNMENT,
  PAGE_BYTES,
  type Address,
  type BlockAllocator,
  type Detection,
  type HeapwrightErrorCode,
} from "@heapwright/core";

import { demandRefusal } from "../demand.js";
import { demandUnchanged } from "./picture.js";
import { memoryFor, withAllocator, type Draft, type Subject } from "./subject.js";

/** Lengths of small and large blocks, in bytes. */
const LENGTHS: readonly number[] = [64, 512, 5000, 100_000];

/** What the kit takes pages for; any number that no allocator is likely to use. */
const OTHER_USE = 101;

const CHECKS_OFF = "The checks are off.";

/** A call that takes the address of a live block. */
interface AddressCall {
  readonly name: "free" | "realloc" | "usableSize";
  readonly run: (allocator: BlockAllocator, address: Address) => unknown;
}

const FREE: AddressCall = { name: "free", run: (allocator, address) => allocator.free(address) };
const REALLOC: AddressCall = { name: "realloc", run: (allocator, address) => allocator.realloc(address, 40) };
const USABLE_SIZE: AddressCall = {
  name: "usableSize",
  run: (allocator, address) => allocator.usableSize(address),
};
const CALLS: readonly AddressCall[] = [FREE, REALLOC, USABLE_SIZE];

/** Wrong addresses: always those in nothing live, and beyond them what the trait `detects` lists. */
export function addressCases(subject: Subject): Draft[] {
  return [
    ...CALLS.map((call): Draft => badAddressCase(subject, call)),
    {
      id: "bad-address/nothing-allocated",
      rule: "bad-address",
      title: "refuses every address before the first block is allocated",
      run: () => withAllocator(subject, (allocator) => demandNothingThere(subject, allocator)),
    },
    {
      id: "bad-address/pages-of-others",
      rule: "bad-address",
      title: "refuses addresses in pages of its memory that somebody else took",
      run: () => refusePagesOfOthers(subject),
    },
    {
      id: "bad-address/blocks-of-others",
      rule: "bad-address",
      title: "refuses blocks of another allocator on the same memory",
      skip: subject.checks ? undefined : CHECKS_OFF,
      run: () => refuseBlocksOfOthers(subject),
    },
    {
      id: "double-free/lengths",
      rule: "double-free",
      title: "refuses to free a block twice, small or large",
      origin: "test_pyobject_freed_is_freed, Lib/test/test_capi/test_misc.py, CPython 3.11",
      skip: undetected(subject, "double-free"),
      run: () =>
        withAllocator(subject, (allocator) => LENGTHS.forEach((bytes) => demandFreesOnce(allocator, bytes))),
    },
    ...[REALLOC, USABLE_SIZE].map((call): Draft => useAfterFreeCase(subject, call)),
    ...CALLS.map((call): Draft => interiorCase(subject, call)),
  ];
}

function undetected({ traits, checks }: Subject, detection: Detection): string | undefined {
  if (!checks) return CHECKS_OFF;
  return traits.detects.includes(detection) ? undefined : `The trait detects does not list ${detection}.`;
}

function demandRefused(
  allocator: BlockAllocator,
  call: AddressCall,
  what: string,
  address: Address,
  codes: readonly HeapwrightErrorCode[],
): void {
  const text = `${call.name} of ${what} (${address})`;
  demandUnchanged(allocator, text, () => demandRefusal(text, codes, () => call.run(allocator, address)));
}

function badAddressCase(subject: Subject, call: AddressCall): Draft {
  return {
    id: `bad-address/${call.name}`,
    rule: "bad-address",
    title: `refuses ${call.name} of an address that is out of range, misaligned or in nothing live`,
    run: () =>
      withAllocator(subject, (allocator) => {
        for (const [what, address] of badAddresses(subject, allocator)) {
          demandRefused(allocator, call, what, address, ["ERR_BAD_ADDRESS"]);
        }
      }),
  };
}

/** Wrong addresses of every sort, some of which a conversion to 32 bits or to a whole number makes right. */
function badAddresses({ maxBytes }: Subject, allocator: BlockAllocator): [what: string, address: number][] {
  const small = allocator.malloc(64);
  const large = allocator.malloc(100_000);
  const range: number[] = [-1, -16, 2 ** 32, 2 ** 32 + 16, 2 ** 53, Infinity, -Infinity, Number.NaN, 0.5];
  return [
    ...range.map((address): [string, number] => ["no address", address]),
    ["an address in the memory's header", 16],
    ["an address in the memory's header", 64],
    ["the end of the memory", maxBytes],
    ["an address behind the memory", maxBytes + PAGE_BYTES],
    ...[small, large].flatMap((address): [string, number][] => [
      ["a block's address and 1", address + 1],
      ["a block's address and 8", address + 8],
      ["a block's address and a half", address + 0.5],
      ["a block's address and 4 GiB", address + 2 ** 32],
      ["a block's address less 4 GiB", address - 2 ** 32],
      ["a block's address, negative", -address],
    ]),
    ...freePagesOf(allocator).map((address): [string, number] => [
      "an address in a page that is free",
      address,
    ]),
  ];
}

/** An address in the first and one in the last page that nobody took; none when the allocator took all. */
function freePagesOf({ memory }: BlockAllocator): number[] {
  const pages: number[] = [];
  for (let page = PAGE_BYTES; page < memory.maxBytes; page += PAGE_BYTES) {
    if (memory.useOf(page) === 0) pages.push(page);
  }
  return pages.length === 0 ? [] : [pages[0]!, pages.at(-1)! + 64];
}

function demandNothingThere({ maxBytes }: Subject, allocator: BlockAllocator): void {
  const addresses = [16, PAGE_BYTES, Math.floor(maxBytes / 32) * BLOCK_ALIGNMENT, maxBytes - BLOCK_ALIGNMENT];
  for (const call of CALLS) {
    for (const address of addresses)
      demandRefused(allocator, call, "an address", address, ["ERR_BAD_ADDRESS"]);
  }
}

function refusePagesOfOthers(subject: Subject): void {
  const memory = memoryFor(subject);
  const address = memory.reserve(PAGE_BYTES, PAGE_BYTES, OTHER_USE) + BLOCK_ALIGNMENT;
  withAllocator(
    subject,
    (allocator) => {
      allocator.malloc(64);
      for (const call of CALLS)
        demandRefused(allocator, call, "another's page", address, ["ERR_BAD_ADDRESS"]);
    },
    { memory },
  );
}

function refuseBlocksOfOthers(subject: Subject): void {
  const memory = memoryFor(subject);
  const refuse = (other: BlockAllocator, allocator: BlockAllocator): void => {
    allocator.malloc(64);
    for (const address of [other.malloc(64), other.malloc(100_000)]) {
      for (const call of CALLS)
        demandRefused(allocator, call, "another's block", address, ["ERR_BAD_ADDRESS"]);
    }
  };
  withAllocator(
    subject,
    (other) => {
      withAllocator(subject, (allocator) => refuse(other, allocator), { memory });
    },
    { memory },
  );
}

/** Allocates three blocks, so that the one in the middle lies in something live when it is freed. */
function mallocAmong(allocator: BlockAllocator, bytes: number): Address {
  const [, middle] = [allocator.malloc(bytes), allocator.malloc(bytes), allocator.malloc(bytes)];
  return middle;
}

/** When the pages of a freed block are back in the memory, nobody can know that it was a block. */
function demandFreesOnce(allocator: BlockAllocator, bytes: number): void {
  const address = mallocAmong(allocator, bytes);
  allocator.free(address);
  const returned = allocator.memory.useOf(address) === 0;
  demandRefused(
    allocator,
    FREE,
    `a freed block of ${bytes} B`,
    address,
    returned ? ["ERR_DOUBLE_FREE", "ERR_BAD_ADDRESS"] : ["ERR_DOUBLE_FREE"],
  );
}

function useAfterFreeCase(subject: Subject, call: AddressCall): Draft {
  return {
    id: `use-after-free/${call.name}`,
    rule: "use-after-free",
    title: `refuses ${call.name} of a freed block, small or large`,
    skip: undetected(subject, "double-free"),
    run: () =>
      withAllocator(subject, (allocator) => {
        for (const bytes of LENGTHS) {
          const address = mallocAmong(allocator, bytes);
          allocator.free(address);
          const codes = ["ERR_DOUBLE_FREE", "ERR_BAD_ADDRESS"] as const;
          demandRefused(allocator, call, `a freed block of ${bytes} B`, address, codes);
        }
      }),
  };
}

function interiorCase(subject: Subject, call: AddressCall): Draft {
  return {
    id: `interior-address/${call.name}`,
    rule: "interior-address",
    title: `refuses ${call.name} of an address inside a block, small or large`,
    skip: undetected(subject, "interior-address"),
    run: () =>
      withAllocator(subject, (allocator) => {
        for (const bytes of LENGTHS) {
          const address = mallocAmong(allocator, bytes);
          const last = Math.floor((bytes - 1) / BLOCK_ALIGNMENT) * BLOCK_ALIGNMENT;
          for (const offset of [BLOCK_ALIGNMENT, 2 * BLOCK_ALIGNMENT, last]) {
            const what = `byte ${offset} of a block of ${bytes} B`;
            demandRefused(allocator, call, what, address + offset, ["ERR_BAD_ADDRESS"]);
          }
        }
      }),
  };
}
