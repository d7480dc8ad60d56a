// Finds the code that a README promises will run.

/**
 * The first fenced block of JavaScript or TypeScript.
 *
 * @returns its language ("js" or "ts") and its text, or undefined when there is none
 */
export function firstCode(markdown) {
  const fence = /^(`{3,})(js|javascript|mjs|ts|typescript|mts)\b[^\n]*\n(.*?)^\1\s*$/ms;
  const match = fence.exec(markdown);
  if (!match) return undefined;
  return { language: /^(js|javascript|mjs)$/.test(match[2]) ? "js" : "ts", code: match[3] };
}
