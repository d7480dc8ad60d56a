// What a file that speaks only of its project cannot hold.
const PATTERNS = [
  ["a path on somebody's machine", /(?<![\w./~-])\/(?:home|Users|root|work|workspace|mnt|srv)\/\w/],
  ["a path on somebody's machine", /\b[A-Z]:\\Users\\\w/],
  ["the host of a registry", /\bregistry\.(?:npmjs|yarnpkg|npmmirror)\.\w/],
  ["the address of a registry", /https?:\/\/[^\s"'`)>]*(?:registry|verdaccio|artifactory|nexus)[^\s"'`)>]*/i],
  ["a private address", /\bhttps?:\/\/(?:10\.\d+|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d+/],
];

// A lockfile names packages and hashes, and no place at all.
const LOCKFILE_PATTERNS = [
  ["an address", /https?:\/\/\S+/],
  ["a tarball's address", /\btarball:/],
];

/** One problem a line at most: `path:line: why (what)`. */
export function problemsIn(path, text) {
  const patterns = path === "pnpm-lock.yaml" ? [...PATTERNS, ...LOCKFILE_PATTERNS] : PATTERNS;
  // Most files match nothing, and need no splitting into lines.
  const suspects = patterns.filter(([, pattern]) => pattern.test(text));
  if (suspects.length === 0) return [];
  return text.split("\n").flatMap((line, index) =>
    suspects
      .flatMap(([why, pattern]) => {
        const match = pattern.exec(line);
        return match ? [`${path}:${index + 1}: ${why} (${match[0]})`] : [];
      })
      .slice(0, 1),
  );
}
