/**
 * What goes wrong in a replay does so a million times: all of it is counted, and
 * the first few are described.
 */

/** What went wrong in a replay: all of it counted, the first few described. */
export interface ProblemLog {
  /** Counts a problem, and describes it if there is room. */
  add(describe: () => string): void;
  /** How many there were. */
  count(): number;
  /** Sentences on the first few. */
  readonly texts: readonly string[];
}

const MAX_TEXTS = 10;

/** Begins a log. */
export function createProblemLog(): ProblemLog {
  const texts: string[] = [];
  let count = 0;
  return {
    add(describe) {
      if (texts.length < MAX_TEXTS) texts.push(describe());
      count++;
    },
    count: () => count,
    texts,
  };
}
