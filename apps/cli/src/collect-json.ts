/** The results of `collect` for programs: one line of JSON, whose first fields are fixed by `schema`. */

import type { CollectFailure, CollectRow, CollectRun } from "./collect-run.js";
import { asUnreadable, sortFailures } from "./recording-run.js";

/** Rises when a field goes or changes its meaning; new fields leave it alone. */
const SCHEMA = "heapwright.collect/1";

/** Writes a run down. What has no result is listed apart, when there is any. */
export function formatCollectJson({ rows, failures }: CollectRun): string {
  const { unreadable, failed } = sortFailures(failures);
  const document = {
    schema: SCHEMA,
    results: rows.map(asResult),
    ...(unreadable.length > 0 && { unreadable: unreadable.map(asUnreadable) }),
    ...(failed.length > 0 && { failed: failed.map(asFailed) }),
  };
  return `${JSON.stringify(document)}\n`;
}

function asResult({ file, outcome }: CollectRow): object {
  const { graph, collector, allocator, generation, tracked, unreachable, freed, ...rest } = outcome;
  const { pauseMs, nsPerObject, bytes, ...more } = rest;
  return {
    ...{ graph, collector, allocator, generation, tracked, unreachable, freed, pauseMs, nsPerObject, bytes },
    file,
    ...more,
  };
}

function asFailed({ file, choice, error }: CollectFailure): object {
  return {
    file,
    collector: choice?.collector.name ?? null,
    allocator: choice?.allocator.name ?? null,
    code: error.code ?? null,
    message: error.message,
  };
}
