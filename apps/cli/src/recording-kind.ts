/** The two kinds of recordings: the calls of an allocator, and the objects that a cycle collector sees. */
export type RecordingKind = "trace" | "graph";

/** What a command line has to know of a kind. */
interface KindFacts {
  /** How the names of its files end. */
  readonly suffix: RegExp;
  /** The same in words. */
  readonly suffixes: string;
  /** Where files of the kind are in a folder of both. */
  readonly folder: string;
  /** The command that takes it. */
  readonly command: string;
}

/** All that there is. */
export const RECORDING_KINDS: Readonly<Record<RecordingKind, KindFacts>> = {
  trace: {
    suffix: /\.pymt(\.br|\.gz)?$/,
    suffixes: ".pymt, .pymt.gz, .pymt.br",
    folder: "traces",
    command: "replay",
  },
  graph: {
    suffix: /\.pymg(\.br|\.gz)?$/,
    suffixes: ".pymg, .pymg.gz, .pymg.br",
    folder: "graphs",
    command: "collect",
  },
};
