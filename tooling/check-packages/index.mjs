// Proves that every publishable package works for someone outside this repository:
//
//   npm run check:packages
//
// Packs each package (so "workspace:^" is rewritten and "files" is applied),
// lints the tarballs, installs them into an empty project with npm, then does
// what users do: load, run, compile, follow the README, bundle for a browser.
//
// One line a step. A failed step does not stop the next one.
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build, transform } from "esbuild";

import { cleanEnvironment } from "../bootstrap/environment.mjs";
import { problemsIn } from "../check-text/patterns.mjs";
import { INSTALL_COMMAND, loadPage } from "../chromium/index.mjs";
import { provideChromium } from "../chromium/install.mjs";
import { firstCode } from "./readme.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const outside = mkdtempSync(join(tmpdir(), "check-packages-"));
process.on("exit", () => rmSync(outside, { recursive: true, force: true }));

const packages = publishablePackages();
const entries = packages.flatMap(({ manifest }) => entriesOf(manifest));
const compilers = ["typescript", "typescript-5.4"].map((name) => ({
  path: join(root, "node_modules", name, "bin/tsc"),
  version: readJson(join(root, "node_modules", name, "package.json")).version,
}));
let failures = 0;

const packed = await each("pack", packages, pack);
await each("publint", packages, ({ tarball }) => {
  run("publint", ["run", tarball, "--strict"], root);
});
await each("attw", packages.filter(hasTypes), ({ tarball }) => {
  run("attw", [tarball, "--profile", "node16", "--format", "ascii", "--no-emoji"], root);
});

if (packed && (await step("install", "all tarballs, with npm, into an empty project", install))) {
  await each("contents", packages, checkContents);
  await step("import", `${entries.length} entries`, () =>
    load("load.mjs", (name) => `await import("${name}");`),
  );
  await step("require", `${entries.length} entries`, () => load("load.cjs", (name) => `require("${name}");`));
  await each(
    "bin --version",
    packages.filter(({ manifest }) => manifest.bin),
    runBins,
  );
  await checkTypes();
  await checkReadmes();
  await checkBrowser();
}

console.log(
  failures === 0
    ? `\ncheck:packages: ${packages.length} packages, ${entries.length} entries, all well.`
    : `\ncheck:packages: ${failures} steps failed.`,
);
process.exitCode = failures === 0 ? 0 : 1;

// ── What there is ────────────────────────────────────────────────────────────

function publishablePackages() {
  return ["packages", "apps"]
    .filter((parent) => existsSync(join(root, parent)))
    .flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(root, parent, name)))
    .filter((folder) => existsSync(join(folder, "package.json")))
    .map((folder) => ({ folder, manifest: readJson(join(folder, "package.json")) }))
    .filter(({ manifest }) => !manifest.private)
    .map((unit) => ({ ...unit, name: unit.manifest.name }));
}

// Every import path a package promises; "forNode" are those for Node alone.
function entriesOf(manifest) {
  return Object.entries(manifest.exports ?? {})
    .filter(([, target]) => typeof target !== "string" && target.require)
    .map(([subpath]) => ({
      name: manifest.name + subpath.slice(1),
      main: subpath === ".",
      forNode: /\/node$/.test(subpath),
    }));
}

function hasTypes({ manifest }) {
  return entriesOf(manifest).length > 0;
}

// ── Steps ────────────────────────────────────────────────────────────────────

function pack(unit) {
  const folder = join(outside, "tarballs", unit.name.replace("/", "-"));
  mkdirSync(folder, { recursive: true });
  run("pnpm", ["pack", "--pack-destination", folder], unit.folder);
  unit.tarball = join(folder, readdirSync(folder)[0]);
}

function install() {
  write("package.json", JSON.stringify({ name: "outside", private: true, type: "module" }));
  const tarballs = packages.map(({ tarball }) => tarball);
  run(
    "npm",
    ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", ...tarballs],
    outside,
  );
}

function checkContents({ name }) {
  const folder = join(outside, "node_modules", name);
  for (const file of ["LICENSE", "README.md"]) {
    if (!existsSync(join(folder, file))) throw new Error(`${file} is not in the tarball`);
  }
  const manifest = readFileSync(join(folder, "package.json"), "utf8");
  if (/"(workspace|catalog):/.test(manifest))
    throw new Error("package.json still says workspace: or catalog:");

  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const problems = files.flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    return path.includes(join(name, "node_modules"))
      ? []
      : problemsIn(entry.name, readFileSync(path, "latin1"));
  });
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

function load(file, statement) {
  write(file, entries.map(({ name }) => statement(name)).join("\n"));
  run("node", [file], outside);
}

function runBins({ name, manifest }) {
  const bins = typeof manifest.bin === "string" ? { [name.split("/").at(-1)]: manifest.bin } : manifest.bin;
  for (const path of Object.values(bins)) {
    const printed = run("node", [join("node_modules", name, path), "--version"], outside);
    if (!/\d+\.\d+\.\d+/.test(printed)) throw new Error(`--version printed ${JSON.stringify(printed)}`);
  }
}

async function checkTypes() {
  const importing = (list) =>
    list.map(({ name }, i) => `import * as e${i} from ${JSON.stringify(name)};\nvoid e${i};`).join("\n");
  const anywhere = importing(entries.filter((entry) => !entry.forNode));
  const node = importing(entries.filter((entry) => entry.forNode));

  for (const { path, version } of compilers) {
    for (const resolution of ["node16", "bundler"]) {
      const extensions = resolution === "node16" ? ["mts", "cts"] : ["mts"];
      await step("types", `TypeScript ${version}, ${resolution}, neither DOM nor Node types`, () =>
        compile(path, resolution, anywhere, extensions, []),
      );
      if (!node) continue;
      await step("types", `TypeScript ${version}, ${resolution}, entries for Node`, () =>
        compile(path, resolution, node, extensions, ["node"]),
      );
    }
  }
}

function compile(tsc, resolution, text, extensions, types) {
  const files = extensions.map((extension) => `check.${extension}`);
  for (const file of files) write(file, text);
  write("tsconfig.json", tsconfig(resolution, types, files));
  run("node", [tsc, "-p", "tsconfig.json"], outside);
}

function tsconfig(resolution, types, files) {
  const compilerOptions = {
    module: resolution === "bundler" ? "esnext" : resolution,
    moduleResolution: resolution,
    target: "es2022",
    lib: ["es2022"],
    types,
    typeRoots: [join(root, "node_modules/@types")],
    strict: true,
    skipLibCheck: false,
    noEmit: true,
  };
  return JSON.stringify({ compilerOptions, files });
}

async function checkReadmes() {
  const readmes = packages.map((unit) => ({
    ...unit,
    path: join(unit.folder, "README.md"),
    required: hasTypes(unit),
  }));
  readmes.push({ name: "the repository", path: join(root, "README.md"), required: false });

  await each("readme", readmes, async ({ name, path, required }) => {
    const found = existsSync(path) ? firstCode(readFileSync(path, "utf8")) : undefined;
    if (!found && required) throw new Error("there is no README.md with a block of js or ts");
    if (!found) return "no code";

    const stem = `readme-${name.replace(/\W+/g, "-")}`;
    if (found.language === "ts") {
      write(`${stem}.mts`, found.code);
      write("tsconfig.json", tsconfig("node16", ["node"], [`${stem}.mts`]));
      run("node", [compilers[0].path, "-p", "tsconfig.json"], outside);
    }
    const { code } = await transform(found.code, { loader: found.language, target: "node20" });
    write(`${stem}.mjs`, code);
    run("node", [`${stem}.mjs`], outside);
    return found.language === "ts" ? "compiles and runs" : "runs";
  });
}

async function checkBrowser() {
  const mains = entries.filter((entry) => entry.main);
  const files = {};
  await each("bundle", mains, async ({ name }) => {
    const { outputFiles } = await build({
      stdin: { contents: `export * from ${JSON.stringify(name)};`, resolveDir: outside },
      bundle: true,
      minify: true,
      write: false,
      format: "esm",
      platform: "browser",
      target: "es2022",
      logLevel: "silent",
    });
    const [{ contents }] = outputFiles;
    files[`/${name}.js`] = contents;
    return `for the browser, ${(gzipSync(contents).length / 1000).toFixed(1)} kB gzipped`;
  });

  const chromium = provideChromium();
  if (!chromium) {
    line("skip", "browser", `loading the bundles needs Chromium: ${INSTALL_COMMAND}`);
    return;
  }
  const paths = Object.keys(files);
  files["/"] = `<!doctype html><script type="module">
    import { report } from "/report.js";
    const counts = {};
    for (const path of ${JSON.stringify(paths)}) counts[path] = Object.keys(await import(path)).length;
    report(counts);
  </script>`;
  await step("browser", `${paths.length} bundles load in Chromium`, async () => {
    const counts = await loadPage({ files, chromium, timeoutMs: 60_000 });
    const empty = Object.keys(counts).filter((path) => counts[path] === 0);
    if (empty.length > 0) throw new Error(`nothing is exported by ${empty.join(", ")}`);
  });
}

// ── Running and saying so ────────────────────────────────────────────────────

async function each(name, units, action) {
  let ok = true;
  for (const unit of units) ok = (await step(name, unit.name, () => action(unit))) && ok;
  return ok;
}

// `action` throws to fail; what it returns, if text, is added to the line.
async function step(name, subject, action) {
  try {
    const more = await action();
    line("ok", name, more ? `${subject}: ${more}` : subject);
    return true;
  } catch (error) {
    failures++;
    line("FAIL", name, subject);
    const words = error.stdout === undefined ? error.message : `${error.stdout}${error.stderr}`;
    console.log(words.trimEnd().replace(/^/gm, "       "));
    return false;
  }
}

function line(verdict, name, subject) {
  console.log(`${verdict.padEnd(5)} ${name.padEnd(14)} ${subject}`);
}

function run(command, args, cwd) {
  return execFileSync(command, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
    timeout: 300_000,
    env: cleanEnvironment(),
  });
}

function write(name, text) {
  writeFileSync(join(outside, name), `${text}\n`);
}

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}
