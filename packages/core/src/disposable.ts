/**
 * The key of the method that `using` calls: `Symbol.dispose` where the host has
 * it; elsewhere the symbol that esbuild and Babel put in its place when they
 * lower `using`, so that both sides agree.
 */
export const DISPOSE: typeof Symbol.dispose =
  (Symbol as { readonly dispose?: typeof Symbol.dispose }).dispose ??
  /* @__PURE__ */ (Symbol.for("Symbol.dispose") as typeof Symbol.dispose);
