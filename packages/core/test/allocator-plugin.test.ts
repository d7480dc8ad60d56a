import { describe, expect, expectTypeOf, it, vi } from "vitest";

import type { BlockAllocator } from "../src/allocator.js";
import {
  assertAllocatorPlugin,
  defineAllocator,
  type AllocatorDefinition,
  type AllocatorPlugin,
} from "../src/allocator-plugin.js";
import type { Memory } from "../src/memory.js";
import { PLUGIN_API_VERSION } from "../src/plugin.js";
import { errorOf } from "./error-of.js";

interface Special extends BlockAllocator {
  readonly special: true;
}

const create = (): Special => ({ special: true }) as Special;

function messageFor(run: () => unknown): string {
  const error = errorOf(run);
  expect(error.code).toBe("ERR_BAD_PLUGIN");
  return error.message;
}

describe("defineAllocator", () => {
  it("fills in the kind, the version and the traits that were left out", () => {
    expect(defineAllocator({ name: "mine", traits: { reuses: true }, create })).toEqual({
      kind: "allocator",
      api: PLUGIN_API_VERSION,
      name: "mine",
      traits: {
        reuses: true,
        returns: false,
        resets: false,
        domains: false,
        arenas: false,
        pools: false,
        attaches: false,
        detects: [],
      },
      create: expect.any(Function) as unknown,
    });
  });

  it("keeps the summary", () => {
    expect(defineAllocator({ name: "mine", summary: "one line", create })).toHaveProperty(
      "summary",
      "one line",
    );
  });

  it("hands the options on, and calls create as a method of its definition", () => {
    const definition = {
      name: "mine",
      made: [] as unknown[],
      create(options?: unknown) {
        this.made.push(options);
        return create();
      },
    };
    const plugin = defineAllocator(definition);
    const { create: alone } = plugin;
    expect(alone({ maxBytes: 1 }).special).toBe(true);
    plugin.create();
    expect(definition.made).toEqual([{ maxBytes: 1 }, undefined]);
  });

  it("hands memory and options on to attach, as a method of its definition", () => {
    const definition = {
      name: "mine",
      traits: { attaches: true },
      attached: [] as unknown[],
      create,
      attach(...args: unknown[]) {
        this.attached.push(args);
        return create();
      },
    };
    const { attach: alone } = defineAllocator(definition);
    const memory = {} as Memory;
    expect(alone!(memory, { at: 4096 }).special).toBe(true);
    expect(definition.attached).toEqual([[memory, { at: 4096 }]]);
  });

  it("leaves attach out where it was left out", () => {
    expect("attach" in defineAllocator({ name: "mine", create })).toBe(false);
  });

  it("knows what its plugin creates", () => {
    expectTypeOf(defineAllocator({ name: "mine", create })).toEqualTypeOf<AllocatorPlugin<Special>>();
  });

  it.each([
    [undefined, "A plugin needs a definition with name and create; found undefined."],
    [{ name: "Mine", create }, `joined by hyphens or dots; found "Mine".`],
    [{ create }, "joined by hyphens or dots; found undefined."],
    [{ name: "mine" }, `A plugin needs a function create in "mine"; found undefined.`],
    [{ name: "mine", create: "later" }, `A plugin needs a function create in "mine"; found "later".`],
    ...[undefined, "later"].map((attach): [unknown, string] => [
      { name: "mine", create, attach, traits: { attaches: true } },
      `a function attach, which the trait attaches promises, in "mine"; found ${JSON.stringify(attach)}.`,
    ]),
    [
      { name: "mine", create, traits: { reuses: "yes" } },
      `A plugin needs the trait reuses (true or false) in "mine"; found "yes".`,
    ],
    [
      { name: "mine", create, traits: { detects: true } },
      `A plugin needs the trait detects (a list of texts) in "mine"; found true.`,
    ],
    [
      { name: "mine", create, traits: { detects: [1] } },
      `A plugin needs the trait detects (a list of texts) in "mine"; found [object Array].`,
    ],
    [
      { name: "mine", create, traits: { moves: true } },
      `A plugin needs only the traits reuses, returns, resets, domains, arenas, pools, attaches, detects in "mine"; found moves.`,
    ],
    [
      { name: "mine", create, traits: { detects: ["double-fre"] } },
      `A plugin needs detects to list only double-free, interior-address in "mine"; found "double-fre".`,
    ],
  ])("refuses %o", (definition, message) => {
    expect(messageFor(() => defineAllocator(definition as AllocatorDefinition))).toContain(message);
  });
});

describe("assertAllocatorPlugin", () => {
  const plugin = defineAllocator({ name: "mine", create });

  it("accepts a plugin that another copy of this module made", async () => {
    vi.resetModules();
    const copy = await import("../src/allocator-plugin.js");
    expect(copy.defineAllocator).not.toBe(defineAllocator);
    expect(() => assertAllocatorPlugin(copy.defineAllocator({ name: "theirs", create }))).not.toThrow();
  });

  it("accepts traits and detections of a newer version", () => {
    const newer = { ...plugin, traits: { ...plugin.traits, moves: true, detects: ["overrun"] } };
    expect(() => assertAllocatorPlugin(newer)).not.toThrow();
  });

  it("accepts an instance of a class", () => {
    class Plugin {
      readonly kind = "allocator";
      readonly name = "classy";
      readonly api = PLUGIN_API_VERSION;
      readonly traits = plugin.traits;
      create(): BlockAllocator {
        return create();
      }
    }
    expect(() => assertAllocatorPlugin(new Plugin())).not.toThrow();
  });

  it.each([
    [{ kind: "collector" }, 'kind: "allocator"'],
    [{ api: PLUGIN_API_VERSION + 1 }, `found api: ${PLUGIN_API_VERSION + 1}`],
    [{ create: undefined }, "a function create"],
    [{ traits: undefined }, 'traits in "mine"; found undefined'],
    [{ traits: {} }, "the trait reuses (true or false)"],
    [
      { traits: { ...plugin.traits, detects: "double-free" } },
      'a list of texts) in "mine"; found "double-free"',
    ],
  ])("refuses one with %o", (change, message) => {
    expect(messageFor(() => assertAllocatorPlugin({ ...plugin, ...change }))).toContain(message);
  });
});
