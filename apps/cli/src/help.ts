/** What `heapwright --help` prints. */
export const HELP = `Heapwright replays real CPython programs through memory allocators, and collects their
objects with garbage collectors.

Usage: heapwright <command> [options]

Commands:
  replay <trace...>   replay recordings, and compare with what CPython did
  collect <graph...>  collect object graphs, and compare with what CPython found
  plugins [path...]   list allocators and collectors, and what they can do
  demo                replay and collect recordings that come with this package

Options:
  -h, --help          this text; heapwright <command> --help for a command's
  -v, --version       the version

Results go to standard output, everything else to standard error.
Exit codes: 0 ok, 1 failure, 2 usage (also an unknown name or a broken plugin),
3 a check failed, 4 unreadable input.
`;
