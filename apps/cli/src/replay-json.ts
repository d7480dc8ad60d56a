/** The results for programs: one line of JSON, whose first fields are fixed by `schema`. */

import { asUnreadable, sortFailures } from "./recording-run.js";
import type { ReplayFailure, ReplayRow, ReplayRun } from "./replay-run.js";

/** Rises when a field goes or changes its meaning; new fields leave it alone. */
const SCHEMA = "heapwright.replay/1";

/** Writes a run down. What has no result is listed apart, when there is any. */
export function formatJson({ rows, failures }: ReplayRun): string {
  const { unreadable, failed } = sortFailures(failures);
  const document = {
    schema: SCHEMA,
    results: rows.map(asResult),
    ...(unreadable.length > 0 && { unreadable: unreadable.map(asUnreadable) }),
    ...(failed.length > 0 && { failed: failed.map(asFailed) }),
  };
  return `${JSON.stringify(document)}\n`;
}

function asResult({ file, outcome }: ReplayRow): object {
  const { trace, allocator, preset, events, smallOps, nsPerEvent, peakLiveBytes } = outcome;
  const { peakFootprintBytes, fragmentation, arenasPeak, errors, ...more } = outcome;
  return {
    ...{ trace, allocator, preset, events, smallOps, nsPerEvent, peakLiveBytes },
    ...{ peakFootprintBytes, fragmentation, arenasPeak, errors },
    file,
    ...more,
  };
}

function asFailed({ file, choice, error }: ReplayFailure): object {
  return { file, allocator: choice?.name ?? null, code: error.code ?? null, message: error.message };
}
