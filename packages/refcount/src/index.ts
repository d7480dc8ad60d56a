/**
 * Exact reference counts, as CPython keeps them: an object dies at the moment its last reference goes, and everything
 * that only it kept alive dies with it, however deep.
 *
 * @packageDocumentation
 */

export { refcount } from "./refcount.js";
export { none } from "./none.js";
