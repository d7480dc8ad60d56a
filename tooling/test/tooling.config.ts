// Tests of the tools themselves: tooling/<tool>/*.test.mjs. A tool that is a
// workspace package (it has a package.json with a "test" script) runs its own.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tooling/*/*.test.mjs"],
    exclude: ["**/node_modules/**"],
    testTimeout: 60_000,
    reporters: ["default", "json"],
    outputFile: { json: "temp/tests.json" },
  },
});
