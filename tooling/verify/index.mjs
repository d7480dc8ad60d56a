// Everything that must hold before a change goes in, and the sum at the end.
//
//   pnpm verify          build, type-check, API reports, lint, fast tests
//   pnpm verify --all    long tests too, then check:packages and one round of the benchmarks
//
// A stage that fails does not stop the next one (a failed build does: all else
// stands on it). The last line is "N passed, N failed": tests of all packages,
// plus one failure for each other stage that failed.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { provideChromium } from "../chromium/install.mjs";
import { NOTHING, add, closingLine, countFile } from "./count.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const all = process.argv.includes("--all");
const env = {
  ...process.env,
  HEAPWRIGHT_TIER: all ? "all" : "fast",
  // Turbo turns its tasks' colours on whatever the log goes to.
  ...(!process.stdout.isTTY && { NO_COLOR: "1", FORCE_COLOR: "0" }),
};

const failedStages = [];
let tests = NOTHING;

if (stage("build", () => turbo(["build"], "errors-only"))) {
  stage("typecheck", () => turbo(["typecheck", "//#typecheck:platform", "//#typecheck:root"], "errors-only"));
  stage("api", () => turbo(["api"], "errors-only"));
  stage("lint", () =>
    turbo(
      ["code", "format", "unused", "arrows", "text"].map((name) => `//#lint:${name}`),
      "errors-only",
    ),
  );
  stage("test", runTests);
  if (all) {
    stage("check:packages", () => run("node", ["tooling/check-packages/index.mjs"]));
    if (existsSync(join(root, "tooling/bench"))) stage("bench, one round", runBenchmarks);
  }
}

const line = closingLine(add(tests, { passed: 0, failed: failedStages.length, skipped: 0 }));
if (failedStages.length > 0) console.log(`\nFailed: ${failedStages.join(", ")}`);
mkdirSync(join(root, "temp"), { recursive: true });
if (process.env.HEAPWRIGHT_SUMMARY) writeFileSync(process.env.HEAPWRIGHT_SUMMARY, `${line}\n`);
else console.log(`\n${line}`);
process.exitCode = failedStages.length + tests.failed === 0 ? 0 : 1;

function stage(name, action) {
  const start = performance.now();
  console.log(`\n── ${name} ${"─".repeat(Math.max(0, 60 - name.length))}`);
  const ok = action();
  console.log(`   ${name}: ${ok ? "ok" : "FAILED"} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  // Failed tests are counted one by one.
  if (!ok && !(name === "test" && tests.failed > 0)) failedStages.push(name);
  return ok;
}

function runTests() {
  const chromium = provideChromium();
  if (chromium) env.CHROMIUM_PATH = chromium;

  // Turbo puts back the reports of runs that it takes from its cache.
  const folders = [root, ...testedFolders()];
  const reports = folders.map((folder) => join(folder, "temp/tests.json"));
  for (const report of reports) rmSync(report, { force: true });

  // Long tests want the machine's memory to themselves.
  const ok = turbo(["test", "//#test:tooling"], "new-only", all ? "1" : undefined);
  tests = reports.map((report) => countFile(report)).reduce(add, NOTHING);
  for (const report of reports)
    if (!existsSync(report)) console.error(`No report: ${report.slice(root.length)}`);
  return ok && tests.failed === 0;
}

function testedFolders() {
  return ["packages", "apps", "tooling"]
    .filter((parent) => existsSync(join(root, parent)))
    .flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(root, parent, name)))
    .filter((folder) => existsSync(join(folder, "package.json")))
    .filter((folder) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).scripts?.test);
}

// Shows that they still run; a time never fails a change.
function runBenchmarks() {
  return run("node", ["tooling/bench/index.mjs", "--rounds", "1", "--warmups", "0"]);
}

function turbo(tasks, outputLogs, concurrency = "100%") {
  return run("turbo", [
    "run",
    ...tasks,
    "--continue=dependencies-successful",
    `--output-logs=${outputLogs}`,
    `--concurrency=${concurrency}`,
  ]);
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
    env,
  });
  if (error) console.error(error.message);
  return status === 0;
}
