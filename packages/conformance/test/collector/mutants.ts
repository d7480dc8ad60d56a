/**
 * Collectors that differ from a reference collector by a few lines and break one rule each. The kit must catch each of them, by
 * that rule and by no other.
 *
 * A mutant is a list of changes to the text of a reference collector, so what is shown here is all the difference there is.
 */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { CollectorPlugin } from "@heapwright/core";

import type { CollectorRule } from "../../src/index.js";
import { GENERATIONAL_MUTANTS } from "./mutants-generational.js";
import { TRACING_MUTANTS } from "./mutants-tracing.js";

/** Text that is in the reference collector exactly once, and what stands there instead. */
export type Change = readonly [from: string, to: string];

/** A collector that breaks one rule. */
export interface Mutant {
  /** A sentence that reads well after "a collector that". */
  readonly name: string;
  readonly breaks: CollectorRule;
  readonly changes: readonly Change[];
  /** Declarations that the changes use. */
  readonly also?: string;
}

/** A mutant, and the file that it changes. */
export interface LoadableMutant extends Mutant {
  readonly of: "reference-generational" | "reference-tracing";
}

/** All of them. */
export const MUTANTS: readonly LoadableMutant[] = [
  ...GENERATIONAL_MUTANTS.map((mutant) => ({ ...mutant, of: "reference-generational" as const })),
  ...TRACING_MUTANTS.map((mutant) => ({ ...mutant, of: "reference-tracing" as const })),
];

const folder = new URL("../../temp/collector-mutants/", import.meta.url);

/** Writes a mutant's source into `temp/` and loads it. */
export async function loadMutant({ name, of, changes, also = "" }: LoadableMutant): Promise<CollectorPlugin> {
  let text = readFileSync(new URL(`${of}.ts`, import.meta.url), "utf8");
  for (const [from, to] of changes) {
    if (text.split(from).length !== 2) throw new Error(`${JSON.stringify(from)} must be in ${of}.ts once.`);
    text = text.replace(from, () => to);
  }
  const file = new URL(`${of}-${name.replaceAll(/\W+/g, "-")}.ts`, folder);
  writeAtOnce(file, `${text}\n${also}\n`);
  const { reference } = (await import(fileURLToPath(file))) as { readonly reference: CollectorPlugin };
  return reference;
}

/** Several test files load the same mutant at the same time: none may find half of it. */
function writeAtOnce(file: URL, text: string): void {
  mkdirSync(folder, { recursive: true });
  const draft = new URL(`${file.href}.${process.pid}`);
  writeFileSync(draft, text);
  renameSync(draft, file);
}
