/**
 * CPython's cycle collector as a plugin: three generations, trial deletion from exact reference counts, by address.
 *
 * @packageDocumentation
 */

export { generational, type GenerationalOptions } from "./generational.js";
