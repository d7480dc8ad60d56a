import { afterEach, expect, it, vi } from "vitest";

import { DISPOSE } from "../src/disposable.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

it("is the host's own symbol where it has one", () => {
  expect(DISPOSE).toBe(Symbol.dispose);
});

it("is the symbol of esbuild and Babel where the host has none", async () => {
  vi.resetModules();
  vi.stubGlobal("Symbol", olderSymbol());
  const older = await import("../src/disposable.js");
  vi.unstubAllGlobals();
  expect(older.DISPOSE).toBe(Symbol.for("Symbol.dispose"));
});

/** A host's `Symbol` as it was before `using`. */
function olderSymbol(): unknown {
  const host = Symbol;
  const { dispose: _, asyncDispose: __, ...older } = Object.getOwnPropertyDescriptors(host);
  return Object.defineProperties((text?: string) => host(text), older);
}
