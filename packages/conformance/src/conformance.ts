import { allocatorConformance } from "./allocator/kit.js";
import { collectorConformance } from "./collector/kit.js";

/**
 * The kits by the kind of plugin they check.
 *
 * @example
 * ```ts
 * for (const { title, skip, run } of conformance.allocator(myPlugin)) (skip ? it.skip : it)(title, run);
 * ```
 */
export const conformance: {
  /** The kit for allocators; the same function as {@link allocatorConformance}. */
  readonly allocator: typeof allocatorConformance;
  /** The kit for collectors; the same function as {@link collectorConformance}. */
  readonly collector: typeof collectorConformance;
} = { allocator: allocatorConformance, collector: collectorConformance };
