import { sep } from "node:path";

import { expect, it } from "vitest";

import { howToCall } from "../src/how-to-call.js";

const path = (posix: string): string => posix.replaceAll("/", sep);

it.each([
  ["/repo/apps/cli/bin/heapwright.mjs", "/repo", "node apps/cli/bin/heapwright.mjs"],
  ["/my repo/bin/heapwright.mjs", "/", 'node "my repo/bin/heapwright.mjs"'],
  ["/app/node_modules/.bin/heapwright", "/app", "npx heapwright"],
  ["/cache/_npx/1a2b/node_modules/.bin/heapwright", "/app", "npx @heapwright/cli"],
  ["/usr/local/bin/heapwright", "/app", "heapwright"],
])("a user of %s in %s calls %s", (script, folder, call) => {
  expect(howToCall(path(script), path(folder))).toBe(path(call));
});
