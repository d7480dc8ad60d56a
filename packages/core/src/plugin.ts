/**
 * What every plugin has: a kind, a name and the version of the contract it was
 * written for. A plugin is a plain value, registered by handing it over.
 */

import { HeapwrightError } from "./errors.js";
import { showValue } from "./show-value.js";

/**
 * Version of the plugin contracts in this package. It rises only when an
 * existing plugin could break; a new optional member leaves it alone.
 */
export const PLUGIN_API_VERSION = 1;

/** The part that all kinds of plugins share. */
export interface Plugin {
  /** Which contract it keeps. */
  readonly kind: string;
  /** Lower-case words joined by hyphens or dots, such as `bump` or `buddy-16`. */
  readonly name: string;
  /** The contract version; see {@link PLUGIN_API_VERSION}. */
  readonly api: number;
  /** One line for lists. */
  readonly summary?: string;
}

const NAME = /^[a-z][a-z0-9]*([-.][a-z0-9]+)*$/;

/**
 * Checks the part that all plugins share, so that a mistake shows where the plugin is written or loaded. A plugin is
 * known by its shape: one that was made with another copy of this package is as good.
 *
 * @param plugin - anything
 * @param kind - the kind that is expected
 * @throws HeapwrightError `ERR_BAD_PLUGIN` saying what was expected and what was found
 */
export function assertPlugin(plugin: unknown, kind: string): asserts plugin is Plugin {
  if (typeof plugin !== "object" || plugin === null) {
    const factory = typeof plugin === "function" ? "; if it makes plugins, call it" : "";
    throw badPlugin(`an object with kind: "${kind}"`, showValue(plugin) + factory);
  }
  const found = plugin as Partial<Plugin>;
  if (found.kind !== kind) throw badPlugin(`kind: "${kind}"`, `kind: ${showValue(found.kind)}`);
  if (typeof found.name !== "string" || !NAME.test(found.name)) {
    throw badPlugin("a name of lower-case words joined by hyphens or dots", showValue(found.name));
  }
  if (found.api === PLUGIN_API_VERSION) return;
  throw badPlugin(
    `api: ${PLUGIN_API_VERSION} in "${found.name}"`,
    `api: ${showValue(found.api)}${remedyFor(found.api)}`,
  );
}

/** Which side has to catch up. */
function remedyFor(api: unknown): string {
  if (typeof api !== "number") return "";
  return `; install a newer version of ${api < PLUGIN_API_VERSION ? "the plugin" : "@heapwright/core"}`;
}

/**
 * The error for a malformed plugin.
 *
 * @param expected - what the contract asks for
 * @param found - what is there
 */
export function badPlugin(expected: string, found: string): HeapwrightError {
  return new HeapwrightError("ERR_BAD_PLUGIN", `A plugin needs ${expected}; found ${found}.`);
}
