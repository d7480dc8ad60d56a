import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { PLUGIN_API_VERSION, assertPlugin } from "../src/plugin.js";
import { errorOf } from "./error-of.js";

const sound = { kind: "allocator", name: "bump", api: PLUGIN_API_VERSION };

function messageFor(plugin: unknown): string {
  const error = errorOf(() => assertPlugin(plugin, "allocator"));
  expect(error.code).toBe("ERR_BAD_PLUGIN");
  return error.message;
}

describe("assertPlugin", () => {
  it.each(["a", "bump", "buddy-16", "cpython-3.11", "gc.mark-sweep"])("accepts the name %s", (name) => {
    expect(() => assertPlugin({ ...sound, name }, "allocator")).not.toThrow();
  });

  it("accepts what it does not know", () => {
    expect(() => assertPlugin(Object.freeze({ ...sound, since: 2030 }), "allocator")).not.toThrow();
  });

  it.each([
    [undefined, "undefined"],
    [null, "null"],
    ["bump", '"bump"'],
    [() => sound, "a function; if it makes plugins, call it"],
  ])("asks for an object and tells of %o", (plugin, found) => {
    expect(messageFor(plugin)).toBe(`A plugin needs an object with kind: "allocator"; found ${found}.`);
  });

  it.each([
    [{ kind: "collector" }, `A plugin needs kind: "allocator"; found kind: "collector".`],
    [{ kind: undefined }, `A plugin needs kind: "allocator"; found kind: undefined.`],
    [
      { name: "My Plugin" },
      `A plugin needs a name of lower-case words joined by hyphens or dots; found "My Plugin".`,
    ],
    [{ name: 7n }, `A plugin needs a name of lower-case words joined by hyphens or dots; found 7.`],
    [
      { api: 2 },
      `A plugin needs api: 1 in "bump"; found api: 2; install a newer version of @heapwright/core.`,
    ],
    [{ api: 0 }, `A plugin needs api: 1 in "bump"; found api: 0; install a newer version of the plugin.`],
    [{ api: "1" }, `A plugin needs api: 1 in "bump"; found api: "1".`],
  ])("tells what was expected and what was found: %o", (change, message) => {
    expect(messageFor({ ...sound, ...change })).toBe(message);
  });

  it("accepts a name exactly when it is lower-case words joined by hyphens or dots", () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,4}$/);
    const names = fc
      .tuple(
        fc.stringMatching(/^[a-z]$/),
        fc.array(word, { minLength: 1, maxLength: 4 }),
        fc.constantFrom("-", "."),
      )
      .map(([first, words, joint]) => first + words.join(joint));
    fc.assert(
      fc.property(names, (name) => {
        expect(() => assertPlugin({ ...sound, name }, "allocator")).not.toThrow();
        for (const bad of [
          `-${name}`,
          `${name}-`,
          `${name}--x`,
          `${name} x`,
          name.toUpperCase(),
          `${name}\n`,
        ]) {
          expect(() => assertPlugin({ ...sound, name: bad }, "allocator")).toThrow("joined by hyphens");
        }
      }),
    );
  });
});
