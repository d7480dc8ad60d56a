/**
 * The kit for allocators: every case of every rule, for one plugin.
 */

import type { AllocatorPlugin } from "@heapwright/core";

import type { ConformanceCase, ConformanceOptions } from "../conformance-case.js";
import { addressCases } from "./address-cases.js";
import { attachCases } from "./attach-cases.js";
import { blockCases } from "./block-cases.js";
import { bufferCases } from "./buffer-cases.js";
import { callocCases } from "./calloc-cases.js";
import { disposeCases } from "./dispose-cases.js";
import { figureCases } from "./figure-cases.js";
import { freeingCases } from "./freeing-cases.js";
import { growthCases } from "./growth-cases.js";
import { optionalCases } from "./optional-cases.js";
import { poolCases } from "./pool-cases.js";
import { pluginCases } from "./plugin-cases.js";
import { reallocCases } from "./realloc-cases.js";
import { ALLOCATOR_RULES } from "./rules.js";
import { sharingCases } from "./sharing-cases.js";
import { sizeCases } from "./size-cases.js";
import { subjectOf, type Draft } from "./subject.js";
import { verifyCases } from "./verify-cases.js";
import { walkCases } from "./walk-cases.js";

/**
 * The rules that every allocator plugin keeps, ready for a test runner. Nothing runs until a case's `run` is called, and
 * no case needs another to have run before.
 *
 * @param plugin - what `defineAllocator` returned
 * @param options - how hard to look, and where
 * @throws HeapwrightError `ERR_BAD_OPTION` when `maxBytes` is no size
 *
 * @example
 * ```ts
 * for (const { title, skip, run } of allocatorConformance(myPlugin)) (skip ? it.skip : it)(title, run);
 * ```
 */
export function allocatorConformance(
  plugin: AllocatorPlugin,
  options: ConformanceOptions = {},
): ConformanceCase[] {
  const subject = subjectOf(plugin, options);
  return [
    ...pluginCases(subject),
    ...blockCases(subject),
    ...callocCases(subject),
    ...reallocCases(subject),
    ...freeingCases(subject),
    ...figureCases(subject),
    ...walkCases(subject),
    ...verifyCases(subject),
    ...sizeCases(subject),
    ...growthCases(subject),
    ...addressCases(subject),
    ...disposeCases(subject),
    ...bufferCases(subject),
    ...sharingCases(subject),
    ...optionalCases(subject),
    ...poolCases(subject),
    ...attachCases(subject),
  ].map(finish);
}

/** Makes a case of a draft: a skipped one does nothing, and a failure ends with the rule it breaks. */
function finish({ skip, run, ...draft }: Draft): ConformanceCase {
  if (skip !== undefined) return { ...draft, skip, run: () => undefined };
  return {
    ...draft,
    run() {
      try {
        run();
      } catch (cause) {
        const found = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`${found}\n\nRule ${draft.rule}: ${ALLOCATOR_RULES[draft.rule]}`, { cause });
      }
    },
  };
}
