/**
 * The catalogue: every rule of the block allocator contract that the kit checks, and what it says.
 */
export const ALLOCATOR_RULES = {
  "plugin-shape":
    "A plugin has a name, a version and traits that core accepts, and what it creates has every member.",
  "traits-told":
    "`reset`, `domains`, `pools`, `attach` with `detach`, and `stats().arenas` are there exactly when the traits say so.",
  "bad-option": "An option of the wrong type or out of its range gets `ERR_BAD_OPTION`.",

  aligned: "Every address is a multiple of 16, above 0, and its block lies inside the memory.",
  "usable-size": "`usableSize` is at least what was asked for.",
  "no-overlap": "Live blocks never overlap: what their owners write stays, whatever else is called.",
  "zero-size": "A request for 0 bytes yields a live block of its own.",
  "checks-off": "With `checks: false`, a correct program runs as it does with checks.",

  "calloc-clears": "Every byte asked of `calloc` is 0, whatever the room was used for before.",
  "calloc-overflow": "`calloc` refuses a product of count and bytes that is too large, however it wraps.",
  "realloc-keeps": "`realloc` keeps the first bytes, as many as both lengths share.",
  "realloc-null": "`realloc(0, bytes)` is `malloc(bytes)`.",
  "realloc-failure": "A `realloc` that fails leaves the block as it was.",
  "free-null": "`free(0)` does nothing.",
  reuses: "Freed blocks serve later requests, with the trait `reuses`.",
  returns: "When all is freed, all but one run of pages is back in the memory, with the trait `returns`.",

  "stats-count": "`liveBlocks` and `allocatedBytes` count the live blocks and their usable bytes, down to 0.",
  "stats-order":
    "`allocatedBytes <= footprintBytes <= peakFootprintBytes` at any moment, and the peak never falls.",
  "stats-snapshot": "What `stats()` returned does not change later.",
  "arena-stats":
    "Of arenas, `current <= peak <= total`, and they fit into the footprint, with the trait `arenas`.",
  walk: "`walk` shows each live block exactly once, with its usable size, and nothing else.",
  "walk-stops": "`walk` ends when `visit` returns `false`.",

  "verify-passes": "`verify` passes after each step of a correct program.",
  "verify-complains": "`verify` throws `ERR_CORRUPT_MEMORY` when the memory below the allocator was wiped.",
  "after-errors": "After any error `verify` passes and the allocator goes on.",

  "bad-size":
    "A byte count that is no whole number from 0 to 2^53 - 1 gets `ERR_BAD_SIZE`, and nothing changes.",
  "out-of-memory": "A request that the memory has no room for gets `ERR_OUT_OF_MEMORY`, and nothing changes.",
  "refused-growth": "When the memory refuses a run of pages, nothing is lost and a later request succeeds.",
  "bad-address":
    "An address out of range, misaligned or in nothing live gets `ERR_BAD_ADDRESS`, and nothing changes.",
  "double-free": "Freeing a block twice gets `ERR_DOUBLE_FREE`, where `detects` lists it and `checks` is on.",
  "use-after-free":
    "`realloc` and `usableSize` refuse a freed block, where `detects` lists double frees and `checks` is on.",
  "interior-address":
    "An address inside a block gets `ERR_BAD_ADDRESS`, where `detects` lists it and `checks` is on.",

  "dispose-twice": "Disposing twice is harmless, and `using` disposes.",
  "dispose-refuses": "After `dispose` every call throws `ERR_DISPOSED`.",
  "dispose-runs":
    "`dispose` gives every run of pages back to a memory that was handed in, and leaves that memory open.",
  "dispose-buffer": "After `dispose` a buffer can carry another allocator.",

  memories: "An allocator works on every kind of memory, whatever its bytes were before.",
  "buffer-too-small": "A buffer without room gets `ERR_BUFFER_TOO_SMALL`, and is left free.",
  "buffer-detached":
    "A detached buffer gets `ERR_BUFFER_DETACHED`, when an allocator is made and when it is used, until it is disposed.",
  "buffer-in-use":
    "A buffer that carries an allocator gets `ERR_BUFFER_IN_USE`, and that allocator is intact.",
  offset: "Bytes before `offset` are never touched.",
  independent: "Two allocators of one plugin share no state.",
  "shared-memory": "Two allocators on one memory keep out of each other's pages, also when one is disposed.",

  resets: "`reset` frees every block, and all the room comes back, with the trait `resets`.",
  domains:
    "`raw`, `mem` and `obj` each serve all four calls, and all blocks are counted, with the trait `domains`.",
  pools:
    "`pools` hands out whole pools apart from all blocks, and takes back those and nothing else, with the trait `pools`.",
  attaches:
    "`detach` leaves every byte as it is, and `attach` goes on from there as if nothing had been, with the trait `attaches`.",
} as const;

/** The stable name of a rule: a key of {@link ALLOCATOR_RULES}. */
export type AllocatorRule = keyof typeof ALLOCATOR_RULES;
