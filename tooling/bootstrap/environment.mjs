/**
 * The environment for a package manager that another one started.
 *
 * npm and pnpm export their settings as npm_config_* to the scripts they run,
 * and each reads the other's as its own. Only the ones that say where things
 * come from are passed on.
 */
export function cleanEnvironment(more = {}) {
  const keep = /^npm_config_(registry|.*proxy|cafile|userconfig|cache)$/i;
  const inherited = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) || keep.test(name));
  return { ...Object.fromEntries(inherited), npm_config_update_notifier: "false", ...more };
}
