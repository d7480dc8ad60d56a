// Settings for one package's tests:
//
//   "test": "vitest run --config ../../tooling/test/vitest.config.ts --root ."
//
// Two tiers. The fast one is test/**/*.test.ts; test/**/*.long.test.ts joins it
// when HEAPWRIGHT_TIER=all (`npm run test:all` sets it).
//
// Every run leaves temp/tests.json, from which tooling/verify counts.
import { configDefaults, defineConfig } from "vitest/config";

const all = process.env["HEAPWRIGHT_TIER"] === "all";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [...configDefaults.exclude, ...(all ? [] : ["**/*.long.test.ts"])],
    testTimeout: all ? 600_000 : 30_000,
    hookTimeout: all ? 600_000 : 30_000,
    passWithNoTests: true,
    reporters: ["default", "json"],
    outputFile: { json: "temp/tests.json" },
    benchmark: { include: ["bench/**/*.bench.ts"] },
  },
});
