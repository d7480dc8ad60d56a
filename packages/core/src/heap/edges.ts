/**
 * Edges: the references in one object, whatever its layout. For everyone but the kernels, which switch on the scan code
 * themselves.
 */

import { createEdgeBuffer } from "./edge-buffer.js";
import type { EdgeBuffer, HeapImage } from "./heap-image.js";
import type { HeapTables } from "./heap-tables.js";
import type { LayoutEntry } from "./layouts.js";
import { LAYOUT_MASK } from "./object-word.js";
import { STRIDE_MASK } from "./pool-word.js";
import type { Ptr } from "./reference.js";
import { ALL, BUFFER_COUNT, BUFFER_FIRST, ITEMS } from "./scan.js";

/** Finds and drops the references of objects. */
export interface Edges {
  /** The references of an object, in the order of the layout; always the same buffer. */
  of(object: number): EdgeBuffer;
}

/** Makes the finder of a heap. `image` is filled in by the caller before the first custom layout is asked for. */
export function createEdges(
  tables: HeapTables,
  entries: readonly (LayoutEntry | undefined)[],
  image: () => HeapImage,
): Edges {
  const { words, scan, pools, poolShift } = tables;
  const found = createEdgeBuffer();

  function addRange(first: number, end: number): void {
    for (let word = first; word < end; word++) found.add(words[word]!);
  }

  return {
    of(object) {
      found.clear();
      const number = words[object]! & LAYOUT_MASK;
      const code = scan[number]!;
      if (code >= 0) {
        addRange(object + 1, object + 1 + code);
      } else if (code === ITEMS) {
        const first = words[object + BUFFER_FIRST]!;
        addRange(first, first + words[object + BUFFER_COUNT]!);
      } else if (code === ALL) {
        addRange(object + 1, object + (pools[object >> poolShift]! & STRIDE_MASK));
      } else {
        const { references, edges } = entries[number]!;
        for (const word of references) found.add(words[object + word]!);
        edges?.(image(), object as Ptr, found);
      }
      return found;
    },
  };
}
