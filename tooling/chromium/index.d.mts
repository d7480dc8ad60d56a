/** The command that puts Chromium on a Debian or Ubuntu machine; needs root. */
export const INSTALL_COMMAND: string;

/** Path of a Chromium or Chrome: `CHROMIUM_PATH`, else the first known name on `PATH`. */
export function findChromium(): string | undefined;

export interface PageOptions {
  /**
   * What the page may load, by URL path; `/` (or `/index.html`) is the page itself.
   * A string is text, bytes are sent as they are. A path's ending tells its type.
   */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** A folder served for paths that `files` does not have. Default: none. */
  readonly folder?: string;
  /** Path to open. Default: `/`. */
  readonly path?: string;
  /** Sends the headers without which pages get no `SharedArrayBuffer`. Default: true. */
  readonly crossOriginIsolated?: boolean;
  /** Milliseconds until the page must have reported. Default: 30 000. */
  readonly timeoutMs?: number;
  /** The browser. Default: `findChromium()`. */
  readonly chromium?: string;
}

/**
 * Opens a page in a new headless Chromium and resolves to what it reports. The
 * page reports once, with a value that survives JSON:
 *
 * ```js
 * import { report } from "/report.js";
 * report({ answer: 42 });
 * ```
 *
 * Rejects when the page throws, when it does not report in time, when Chromium
 * ends early, or when there is none. The browser, its profile and the server
 * are gone by the time the promise settles.
 */
export function loadPage(options: PageOptions): Promise<unknown>;
