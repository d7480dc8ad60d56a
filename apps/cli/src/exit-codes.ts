/** What the command tells the program that started it. */
export const EXIT = {
  ok: 0,
  /** Something failed that is neither the user's mistake nor the input's. */
  failure: 1,
  /** The command line cannot be followed: an unknown command, option or name, or a broken plugin. */
  usage: 2,
  /** A replay found mistakes of the allocator, or a collection found other objects than CPython did. */
  checkFailed: 3,
  /** A recording is missing, damaged, of the other kind or of a newer version. */
  unreadable: 4,
  /** Ctrl-C: 128 and the number of SIGINT. */
  interrupted: 130,
} as const;

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** From the worst to the best: when several things happened, the first of these that did is the answer. */
const BY_WEIGHT: readonly ExitCode[] = [EXIT.usage, EXIT.failure, EXIT.unreadable, EXIT.checkFailed];

/** The code that stands for all that happened. */
export function worstOf(codes: readonly ExitCode[]): ExitCode {
  return BY_WEIGHT.find((code) => codes.includes(code)) ?? EXIT.ok;
}
