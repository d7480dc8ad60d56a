// Loads one local page in headless Chromium and returns what the page reports.
// No driver, no protocol: the page is served on 127.0.0.1 and posts its result
// back to the same server.
import { spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, extname, join, normalize } from "node:path";

export const INSTALL_COMMAND = "apt-get update && apt-get install -y --no-install-recommends chromium";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--enable-logging=stderr",
];

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
};

const REPORT_MODULE = `
export function report(value) {
  return fetch("/report", { method: "POST", body: JSON.stringify({ value: value ?? null }) });
}
`;
// Stands in every page before its own scripts, so that no error goes unseen.
const ERROR_SCRIPT = `<script>
{
  const fail = (error) =>
    fetch("/report", { method: "POST", body: JSON.stringify({ error: String(error?.stack ?? error) }) });
  addEventListener("error", (event) => fail(event.error ?? event.message), true);
  addEventListener("unhandledrejection", (event) => fail(event.reason));
}
</script>
`;

export function findChromium() {
  const named = process.env.CHROMIUM_PATH;
  if (named) return isProgram(named) ? named : undefined;
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  const candidates = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...candidates, MAC].find(isProgram);
}

export async function loadPage(options) {
  const { path = "/", timeoutMs = 30_000, chromium = findChromium() } = options;
  if (!chromium) throw new Error(`No Chromium found. Set CHROMIUM_PATH, or: ${INSTALL_COMMAND}`);

  const profile = mkdtempSync(join(tmpdir(), "heapwright-chromium-"));
  let server, browser, timer;
  try {
    return await new Promise((resolve, reject) => {
      server = createServer((request, response) => serve(request, response, options, { resolve, reject }));
      server.on("error", reject);
      server.listen(0, "127.0.0.1", () => {
        const url = `http://127.0.0.1:${server.address().port}${path}`;
        browser = start(chromium, profile, url);
        const log = collect(browser.stderr);
        const fail = (reason) => reject(new Error(`${reason} ${url}\n${log()}`));
        browser.on("error", (error) => fail(`Chromium did not start (${error.message}):`));
        browser.on("exit", (code, signal) => fail(`Chromium ended early (${code ?? signal}):`));
        timer = setTimeout(() => fail(`No report within ${timeoutMs} ms:`), timeoutMs);
      });
    });
  } finally {
    clearTimeout(timer);
    await stop(browser);
    server?.closeAllConnections();
    server?.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

function start(chromium, profile, url) {
  return spawn(chromium, [...FLAGS, `--user-data-dir=${profile}`, url], {
    stdio: ["ignore", "ignore", "pipe"],
    // A group of its own, so that its renderers can be ended with it; a home of
    // its own, so that it leaves nothing behind.
    detached: process.platform !== "win32",
    env: {
      ...process.env,
      HOME: profile,
      TMPDIR: profile,
      XDG_CONFIG_HOME: profile,
      XDG_CACHE_HOME: profile,
    },
  });
}

async function stop(browser) {
  if (!browser?.pid) return;
  const running = browser.exitCode === null && browser.signalCode === null;
  const ended = running ? new Promise((resolve) => browser.once("exit", resolve)) : undefined;
  try {
    // The whole group: renderers outlive a killed parent for a moment.
    process.kill(process.platform === "win32" ? browser.pid : -browser.pid, "SIGKILL");
  } catch {
    // Nobody left to end.
  }
  await ended;
}

function serve(request, response, options, { resolve, reject }) {
  const path = decodeURIComponent(new URL(request.url, "http://page").pathname);
  if (path === "/report" && request.method === "POST") {
    const text = collect(request);
    request.on("end", () => {
      response.end();
      const { value, error } = JSON.parse(text());
      if (error === undefined) resolve(value);
      else reject(new Error(`The page failed: ${error}`));
    });
    return;
  }

  const body = path === "/report.js" ? REPORT_MODULE : find(path, options);
  if (options.crossOriginIsolated ?? true) {
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
  }
  if (body === undefined) {
    response.statusCode = 404;
    response.end();
    return;
  }
  const type = TYPES[extname(path) || ".html"] ?? "application/octet-stream";
  response.setHeader("Content-Type", type);
  response.end(type === TYPES[".html"] ? withErrorScript(String(body)) : body);
}

function find(path, { files = {}, folder }) {
  const named = files[path] ?? (path === "/" ? files["/index.html"] : undefined);
  if (named !== undefined || !folder) return named;
  // normalize() of an absolute path cannot climb above it.
  const file = join(folder, normalize(path.endsWith("/") ? `${path}index.html` : path));
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

// After the doctype: text in front of it would put the page in quirks mode.
function withErrorScript(html) {
  return html.replace(/^(\s*<!doctype[^>]*>)?/i, (doctype) => doctype + ERROR_SCRIPT);
}

function collect(stream) {
  const chunks = [];
  stream.on("data", (chunk) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString("utf8");
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
