/**
 * The kit for collectors: every case of every rule, for one plugin, on each of the allocators given.
 */

import { HeapwrightError, type CollectorPlugin } from "@heapwright/core";

import type { ConformanceCase } from "../conformance-case.js";
import { agesCases } from "./ages-cases.js";
import { attachCases } from "./attach-cases.js";
import { contentsCases } from "./contents-cases.js";
import { controlCases } from "./control-cases.js";
import { countCases } from "./count-cases.js";
import { cycleCases } from "./cycle-cases.js";
import { finalizerCases } from "./finalizer-cases.js";
import { generationCases } from "./generation-cases.js";
import { independenceCases } from "./independence-cases.js";
import { keepCases } from "./keep-cases.js";
import { layoutCases } from "./layout-cases.js";
import { leafCases } from "./leaf-cases.js";
import { memoryCases } from "./memory-cases.js";
import { numberCases } from "./number-cases.js";
import type { CollectorConformanceOptions } from "./options.js";
import { pluginCases } from "./plugin-cases.js";
import { programCases } from "./program-cases.js";
import { resurrectionCases } from "./resurrection-cases.js";
import { rootCases } from "./root-cases.js";
import { COLLECTOR_RULES } from "./rules.js";
import { sizeCases } from "./size-cases.js";
import { subjectsOf, type CollectorDraft, type CollectorSubject } from "./subject.js";
import { untrackedCases } from "./untracked-cases.js";
import { weakCases } from "./weak-cases.js";

/**
 * The rules that every collector plugin keeps, ready for a test runner. Nothing runs until a case's `run` is called, and no
 * case needs another to have run before.
 *
 * @param plugin - what `defineCollector` returned
 * @param options - the allocators to run on, a counter for a collector that needs one, and how hard to look
 * @throws HeapwrightError `ERR_BAD_OPTION` when there is no allocator, or `maxBytes` is no size
 *
 * @example
 * ```ts
 * const cases = collectorConformance(myPlugin, { allocators: [pymalloc(), bump()], counter: refcount() });
 * for (const { title, skip, run } of cases) (skip ? it.skip : it)(title, run);
 * ```
 */
export function collectorConformance(
  plugin: CollectorPlugin,
  options: CollectorConformanceOptions,
): ConformanceCase[] {
  if (!hasAllocator(options)) {
    throw new HeapwrightError(
      "ERR_BAD_OPTION",
      "The kit for collectors needs at least one allocator: { allocators: [pymalloc()] }.",
    );
  }
  return subjectsOf(plugin, options).flatMap((subject) => casesFor(subject));
}

function hasAllocator(options: Partial<CollectorConformanceOptions> | undefined): boolean {
  return options?.allocators !== undefined && options.allocators.length > 0;
}

function casesFor(subject: CollectorSubject): ConformanceCase[] {
  return [
    ...pluginCases(subject),
    ...cycleCases(subject),
    ...keepCases(subject),
    ...layoutCases(subject),
    ...rootCases(subject),
    ...numberCases(subject),
    ...untrackedCases(subject),
    ...leafCases(subject),
    ...contentsCases(subject),
    ...countCases(subject),
    ...sizeCases(subject),
    ...finalizerCases(subject),
    ...resurrectionCases(subject),
    ...weakCases(subject),
    ...generationCases(subject),
    ...controlCases(subject),
    ...agesCases(subject),
    ...attachCases(subject),
    ...memoryCases(subject),
    ...independenceCases(subject),
    ...programCases(subject),
  ].map((draft) => finish(draft, subject.label));
}

/** Makes a case of a draft: a skipped one does nothing, and a failure ends with the rule it breaks. */
function finish({ skip, run, ...draft }: CollectorDraft, label: string): ConformanceCase {
  const id = `${draft.id}/${label}`;
  const title = `${draft.title} (on ${label})`;
  if (skip !== undefined) return { ...draft, id, title, skip, run: () => undefined };
  return {
    ...draft,
    id,
    title,
    run() {
      try {
        run();
      } catch (cause) {
        const found = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`${found}\n\nOn ${label}. Rule ${draft.rule}: ${COLLECTOR_RULES[draft.rule]}`, {
          cause,
        });
      }
    },
  };
}
