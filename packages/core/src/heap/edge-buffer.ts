/**
 * Buffers for references, outside the heap's memory: scratch, which a collection can always have.
 */

import type { EdgeBuffer } from "./heap-image.js";

/** Makes an empty buffer. */
export function createEdgeBuffer(capacity = 64): EdgeBuffer {
  let refs = new Int32Array(capacity);
  let length = 0;
  return {
    get refs() {
      return refs;
    },
    get length() {
      return length;
    },
    add(ref) {
      if (!(ref > 0)) return;
      if (length === refs.length) {
        const larger = new Int32Array(2 * length);
        larger.set(refs);
        refs = larger;
      }
      refs[length++] = ref;
    },
    clear() {
      length = 0;
    },
  };
}
