// Every package's tests in one process, for watch mode and coverage:
//
//   pnpm vitest            watch
//   pnpm coverage          with thresholds
//
// `npm test` runs each package by itself instead, with tooling/test/vitest.config.ts.
//
// A package covers itself: of its workspace dependencies only dist/ is loaded.
import { existsSync, readdirSync } from "node:fs";

import { configDefaults, defineConfig } from "vitest/config";

const folders = ["packages", "apps"].flatMap((parent) =>
  existsSync(parent) ? readdirSync(parent).map((name) => `${parent}/${name}`) : [],
);

export default defineConfig({
  test: {
    projects: folders
      .filter((folder) => existsSync(`${folder}/package.json`))
      .map((folder) => ({
        test: {
          name: folder,
          root: folder,
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, "**/*.long.test.ts"],
          testTimeout: 60_000,
        },
      })),
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**"],
      // Files of types, and files that only re-export, have nothing to cover.
      exclude: ["**/index.ts"],
      reporter: ["text-summary", "html"],
      thresholds: { lines: 90, branches: 85 },
    },
  },
});
