// The one place that may install a system package, and only when told to:
//
//   HEAPWRIGHT_INSTALL=1 npm test
import { execFileSync } from "node:child_process";

import { INSTALL_COMMAND, findChromium } from "./index.mjs";

/**
 * Path of a Chromium, installed first when HEAPWRIGHT_INSTALL=1 asks for it.
 * Without one, says what is skipped and what to type, and returns undefined.
 */
export function provideChromium() {
  const found = findChromium();
  if (found) return found;
  if (process.env.HEAPWRIGHT_INSTALL === "1") {
    console.log(`Installing Chromium: ${INSTALL_COMMAND}`);
    try {
      execFileSync("sh", ["-c", INSTALL_COMMAND], {
        stdio: ["ignore", "ignore", "inherit"],
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      });
    } catch (error) {
      console.log(`Installing Chromium failed: ${error.message}`);
    }
    const installed = findChromium();
    if (installed) return installed;
  }
  console.log(`Skipped: browser checks (no Chromium found). To run them, as root: ${INSTALL_COMMAND}`);
  return undefined;
}
