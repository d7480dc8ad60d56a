/**
 * How far a replay is, on standard error: a bar on a terminal, and elsewhere a
 * line for each tenth of what takes long.
 */

/** Shows how far something is. */
export interface Progress {
  /** `done` of `total` is finished. */
  update(done: number, total: number): void;
  /** It is over: the bar goes away. */
  end(): void;
}

/** Where progress is shown, and when. Injected by tests. */
export interface ProgressOptions {
  readonly stream?: { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };
  /** Milliseconds. */
  readonly now?: () => number;
}

const DRAW_EVERY_MS = 100;
/** What is done by then needs no lines in a log. */
const QUIET_MS = 5000;
const BAR_CELLS = 24;
const CLEAR_LINE = "\r\x1b[K";

/**
 * Begins to show progress.
 *
 * @param label - what is under way
 */
export function createProgress(label: string, options: ProgressOptions = {}): Progress {
  const { stream = process.stderr, now = () => performance.now() } = options;
  const onTerminal = stream.isTTY === true && process.env["TERM"] !== "dumb";
  return onTerminal ? bar(label, stream, now) : lines(label, stream, now);
}

type Stream = NonNullable<ProgressOptions["stream"]>;

function bar(label: string, stream: Stream, now: () => number): Progress {
  let drawnAt = -Infinity;
  let visible = false;

  function end(): void {
    if (visible) stream.write(CLEAR_LINE);
    visible = false;
    process.removeListener("exit", end);
  }
  // Ctrl-C leaves a clean line, too.
  process.on("exit", end);

  return {
    update(done, total) {
      if (now() - drawnAt < DRAW_EVERY_MS) return;
      drawnAt = now();
      visible = true;
      const share = total > 0 ? done / total : 1;
      const filled = Math.floor(share * BAR_CELLS);
      const drawn = `[${"#".repeat(filled)}${"-".repeat(BAR_CELLS - filled)}] ${percent(share)}`;
      // A line that wraps could not be cleared.
      const room = (stream.columns ?? 80) - drawn.length - 3;
      stream.write(`${CLEAR_LINE}${label.slice(0, Math.max(0, room))}  ${drawn}`);
    },
    end,
  };
}

function lines(label: string, stream: Stream, now: () => number): Progress {
  const start = now();
  let tenths = 0;
  return {
    update(done, total) {
      const reached = total > 0 ? Math.floor((10 * done) / total) : 10;
      if (reached <= tenths) return;
      tenths = reached;
      if (now() - start >= QUIET_MS) stream.write(`${label}: ${reached}0 %\n`);
    },
    end: () => undefined,
  };
}

function percent(share: number): string {
  return `${String(Math.floor(share * 100)).padStart(3)} %`;
}
